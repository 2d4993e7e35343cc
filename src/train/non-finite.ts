/** Finding where a NaN or an infinity came from, and saying it. */
import { interpreter } from "../backends/interpreter/index.ts";
import { at, entry, zip } from "../core/at.ts";
import { placeholdersOf, repeatOf } from "../core/body.ts";
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

/** The same, looked for inside of loops, too. */
export interface NonFiniteInside extends NonFinite {
  /** The node of the graph itself: where the other is part of a loop, that loop. */
  readonly outer: Tensor;
  /** In which row of it, and of a loop in that, where there are several. */
  readonly rows: readonly number[];
}

const finite = (data: TypedArray): boolean => data.every((v) => Number.isFinite(v));
const isInfinite = (v: number): boolean => Math.abs(v) === Number.POSITIVE_INFINITY;
const noNaN = (data: TypedArray): boolean => data.every((v) => !Number.isNaN(v));

/**
 * Runs the graph on the interpreter and looks at every node; undefined if all are finite. Where
 * none makes an infinity of finite numbers, it is an input that came so, or else the first node
 * that makes a NaN: infinities that are meant, such as a mask's, are constants.
 */
export const firstNonFinite = (
  graph: Graph,
  values: readonly TypedArray[],
): NonFinite | undefined => watched(graph)(values).first;

function watched(graph: Graph) {
  const given = new Set(graph.inputs);
  const program = interpreter.compile(graph);
  return (values: readonly TypedArray[]) => {
    const seen = new Map<Tensor, TypedArray>();
    const found: Partial<Record<"made" | "given" | "spoilt", NonFinite>> = {};
    const results = program.run(values, (node, value) => {
      seen.set(node, value);
      if (finite(value)) return;
      const inputs = node.inputs.map((x) => entry(seen, x));
      const producer = () => ({ node, value: value.slice(), inputs: inputs.map((x) => x.slice()) });
      if (given.has(node)) found.given ??= producer();
      else if (node.op.derivative.kind === "leaf") return;
      else if (inputs.every(finite)) found.made ??= producer();
      else if (inputs.every(noNaN) && !noNaN(value)) found.spoilt ??= producer();
    });
    return { first: found.made ?? found.given ?? found.spoilt, results };
  };
}

/** Of a loop, the first node of the first step that is to blame: the steps are taken again. */
function inside(found: NonFinite): NonFiniteInside {
  const { node, inputs } = found;
  const itself = { ...found, outer: node, rows: [] };
  const loop = repeatOf(node);
  if (loop === undefined) return itself;
  const { body, output } = loop;
  const { constants, carries, slices, index, next, when, length, reverse } = body;
  const placeholders = placeholdersOf(body);
  const stacked = typeof output === "number" ? [] : [output];
  const step = watched({ inputs: [...placeholders, index], outputs: [...next, ...stacked] });
  const [first, last] = [constants.length, constants.length + carries.length];
  let state = inputs.slice(first, last);
  for (let t = 0; t < length; t++) {
    const row = reverse ? length - 1 - t : t;
    const rows = slices.map(({ size }, k) =>
      at(inputs, last + k).subarray(row * size, (row + 1) * size),
    );
    const values = [...inputs.slice(0, first), ...state, ...rows, Int32Array.of(row)];
    if (when && at(at(values, placeholders.indexOf(when)), 0) === 0) continue;
    const made = step(values);
    if (made.first && made.first.inputs.length > 0) {
      const deep = inside(made.first);
      return { ...deep, outer: node, rows: [...(length > 1 ? [row] : []), ...deep.rows] };
    }
    state = made.results.slice(0, next.length).map((x) => x.slice());
  }
  return itself;
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
    found: NonFiniteInside,
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
  const blamed = inside(producer);
  const { node, value, inputs, rows } = blamed;
  const describe = (x: Tensor, data: TypedArray): string => {
    const name = x.attributes.name;
    const kind = typeof name === "string" ? `${x.op.name} "${name}"` : x.op.name;
    return `${kind} ${x.dtype}${formatShape(x.shape)}: ${range(data)}`;
  };
  const given = inputs.length === 0;
  const known = given ? undefined : cause?.(blamed);
  const place = rows.length > 0 ? `, in row ${rows.join(" and there in row ")} of a loop` : "";
  return new ChainruleError("not-finite", {
    message: given
      ? `${what}: it was given a number that is not finite.`
      : `${what}: ${node.op.name} made a number that is not finite${place}.${known ? ` ${known.note}` : ""}`,
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
