/** Finding where a NaN or an infinity came from, and saying it. */
import { interpreter } from "../backends/interpreter/index.ts";
import { entry, zip } from "../core/at.ts";
import type { CallSite } from "../core/call-site.ts";
import type { TypedArray } from "../core/dtype.ts";
import { ChainruleError } from "../core/errors.ts";
import type { Graph } from "../core/graph.ts";
import { formatShape } from "../core/shape.ts";
import type { Tensor } from "../core/tensor.ts";

/** The first node that makes something not finite of finite inputs, and what it got. */
export interface NonFinite {
  readonly node: Tensor;
  readonly value: TypedArray;
  readonly inputs: readonly TypedArray[];
}

const finite = (data: TypedArray): boolean => data.every((v) => Number.isFinite(v));
const isInfinite = (v: number): boolean => Math.abs(v) === Number.POSITIVE_INFINITY;
const noNaN = (data: TypedArray): boolean => data.every((v) => !Number.isNaN(v));

/**
 * Runs the graph on the interpreter and looks at every node; undefined if all are finite. Where
 * none makes an infinity of finite numbers, it is an input that came so, or else the first node
 * that makes a NaN: infinities that are meant, such as a mask's, are constants.
 */
export function firstNonFinite(graph: Graph, values: readonly TypedArray[]): NonFinite | undefined {
  const seen = new Map<Tensor, TypedArray>();
  const given = new Set(graph.inputs);
  const found: Partial<Record<"made" | "given" | "spoilt", NonFinite>> = {};
  interpreter.compile(graph).run(values, (node, value) => {
    seen.set(node, value);
    if (finite(value)) return;
    const inputs = node.inputs.map((x) => entry(seen, x));
    const producer = () => ({ node, value: value.slice(), inputs: inputs.map((x) => x.slice()) });
    if (given.has(node)) found.given ??= producer();
    else if (node.op.derivative.kind === "leaf") return;
    else if (inputs.every(finite)) found.made ??= producer();
    else if (inputs.every(noNaN) && !noNaN(value)) found.spoilt ??= producer();
  });
  return found.made ?? found.given ?? found.spoilt;
}

/** The range of an array's elements, for messages. */
function range(data: TypedArray): string {
  let [low, high, bad] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0];
  for (const v of data) {
    if (Number.isNaN(v)) bad++;
    else {
      low = Math.min(low, v);
      high = Math.max(high, v);
    }
  }
  const spread = low > high ? "" : `${low.toPrecision(4)} … ${high.toPrecision(4)}`;
  return [spread, bad > 0 ? `${bad} of ${data.length} NaN` : ""].filter(Boolean).join(", ");
}

/** What a number that is not finite has put an end to. */
interface Incident {
  /** The beginning of a sentence: "Training stopped at step 3". */
  readonly what: string;
  /** What is not finite where no node of the definition is to blame: "the loss". */
  readonly result: string;
  /** The line to name where the node was not made by one of the user's. */
  readonly site: CallSite;
  /** What helps where an operator made it of finite numbers. */
  readonly fix: string;
  /** … or something that says more, and a word on it for the message. */
  readonly cause?: (
    found: NonFinite,
  ) => { readonly note: string; readonly fix: string } | undefined;
  /** What helps where this node was given so, if that is something of its own. */
  readonly given?: (node: Tensor) => { readonly fix: string } | undefined;
}

function givenFix(node: Tensor, value: TypedArray): string {
  // What was finite when it was given is none in a narrower type.
  return node.dtype === "f32" && value.some(isInfinite) && noNaN(value)
    ? "In f32 numbers end at 3.4e38: scale the data or parameters, or compute in f64."
    : "Correct the data or parameters.";
}

export function nonFiniteError(
  graph: Graph,
  values: readonly TypedArray[],
  { what, result, site, fix, given: fixOf, cause }: Incident,
): ChainruleError {
  const producer = firstNonFinite(graph, values);
  if (producer === undefined) {
    return new ChainruleError("not-finite", {
      message: `${what}: ${result} is not finite.`,
      where: site.toString() || undefined,
    });
  }
  const { node, value, inputs } = producer;
  const describe = (x: Tensor, data: TypedArray): string => {
    const name = x.attributes.name;
    const kind = typeof name === "string" ? `${x.op.name} "${name}"` : x.op.name;
    return `${kind} ${x.dtype}${formatShape(x.shape)}: ${range(data)}`;
  };
  const given = inputs.length === 0;
  const known = given ? undefined : cause?.(producer);
  return new ChainruleError("not-finite", {
    message: given
      ? `${what}: it was given a number that is not finite.`
      : `${what}: ${node.op.name} made a number that is not finite.${known ? ` ${known.note}` : ""}`,
    expected: "finite numbers",
    found: given
      ? describe(node, value)
      : [
          `${node.dtype}${formatShape(node.shape)}: ${range(value)}, from`,
          ...zip(node.inputs, inputs).map(([x, data]) => `             ${describe(x, data)}`),
        ].join("\n"),
    where: (given ? "" : node.site.toString()) || site.toString() || undefined,
    fix: given ? (fixOf?.(node)?.fix ?? givenFix(node, value)) : (known?.fix ?? fix),
  });
}
