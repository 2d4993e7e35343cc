/**
 * Reading values. A small graph is interpreted; a large one is compiled, and the program is kept by
 * the graph's structure, so that a loop that makes the same graph again runs compiled code. Which
 * of both it is follows from the structure alone: the same graph always has the same bits.
 */
import { simplifyGraph } from "../compile/1-simplify.ts";
import { graphOperations } from "../core/cost.ts";
import type { TypedArray } from "../core/dtype.ts";
import { ChainruleError, type ErrorCode, fail } from "../core/errors.ts";
import { nodesOf } from "../core/graph.ts";
import { noteOnce } from "../core/note.ts";
import type { Op } from "../core/op.ts";
import type { Evaluator } from "../core/runtime.ts";
import type { Tensor } from "../core/tensor.ts";
import { dataOf, keepAll, valueOf } from "../core/values.ts";
import { programOf, type QueuedProgram } from "./asynchronous.ts";
import type { Backend, Executable } from "./backend.ts";
import { interpret } from "./interpreter/evaluate.ts";

/** What is known of all graphs of one structure. */
interface Structure {
  /** Floating-point operations of one run. */
  readonly operations: number;
  /** The single numbers among the leaves of the first graph; undefined for arrays. */
  readonly scalars: readonly (number | undefined)[];
  /** Which of them were different in a later graph: these are inputs of the program. */
  readonly varying: Set<number>;
  program?: Executable | QueuedProgram | undefined;
}

/** A program that is about to run: what goes in is known. */
interface Ready {
  readonly program: Executable | QueuedProgram;
  readonly values: readonly TypedArray[];
}

/** Graphs with fewer elements cannot take long. */
const fewElements = 20_000;
/** From so many operations on compiling pays: interpreted they take about 40 ms. */
const manyOperations = 4e6;
/** Beyond this a graph is a program of its own that hardly comes again. */
const mostNodes = 10_000;
/** The most structures that are remembered, the latest ones. */
const mostStructures = 32;

/** The most bytes that kept programs may hold on to, but for the one just made. */
const mostBytes = 2 ** 29;

interface EvaluatorOptions {
  readonly backend: () => Backend;
  /** What is smaller is interpreted. */
  readonly least?: { readonly elements: number; readonly operations: number };
}

export function makeEvaluator({
  backend,
  least = { elements: fewElements, operations: manyOperations },
}: EvaluatorOptions): Evaluator & Required<Pick<Evaluator, "later">> {
  const structures = new Map<string, Structure>();
  let refused = false;

  /** What is known of a graph's structure, now the latest. */
  const recall = (key: string, tensors: readonly Tensor[], leaves: readonly Tensor[]) => {
    const found = structures.get(key) ?? {
      operations: graphOperations(tensors, leaves),
      scalars: leaves.map(scalarOf),
      varying: new Set(),
    };
    structures.delete(key);
    structures.set(key, found);
    return found;
  };

  /** Lets go of what was not used for longest. */
  const tidy = (): void => {
    let bytes = 0;
    for (const { program } of structures.values()) bytes += bytesOf(program);
    for (const [key, { program }] of structures) {
      if (structures.size === 1 || (structures.size <= mostStructures && bytes <= mostBytes))
        return;
      bytes -= bytesOf(program);
      structures.delete(key);
    }
  };

  /** The program of a graph; undefined where the graph is not worth it. */
  const compiled = (tensors: readonly Tensor[]): Ready | undefined => {
    const nodes = nodesOf(tensors, isGiven);
    const leaves = nodes.filter(isGiven);
    const structure = recall(structureOf(nodes, tensors), tensors, leaves);
    if (structure.operations < least.operations) return undefined;
    leaves.forEach((leaf, i) => {
      if (Object.is(scalarOf(leaf), structure.scalars[i]) || structure.varying.has(i)) return;
      structure.varying.add(i);
      structure.program = undefined;
    });
    const inputs = leaves.filter(
      (_, i) => structure.scalars[i] === undefined || structure.varying.has(i),
    );
    structure.program ??= programOf(backend(), { inputs, outputs: tensors });
    tidy();
    return { program: structure.program, values: inputs.map(valueOf) };
  };

  /** The same for any graph. */
  const ready = (tensors: readonly Tensor[]): Ready | undefined => {
    const nodes = nodesOf(tensors, isGiven);
    const elements = nodes.reduce((sum, n) => sum + n.size, 0);
    if (refused || elements < least.elements || nodes.length > mostNodes) return undefined;
    // What a user's operator is made of may be different at each call.
    const isOpaque = nodes.some((n) => n.op.isOpaque);
    return compiled(isOpaque ? simplifyGraph(tensors, new Set(nodes.filter(isGiven))) : tensors);
  };

  /** Whether the interpreter is to say what is wrong, or to do without compiled code; else throws. */
  const orInterpreted = (error: unknown): undefined => {
    if (!(error instanceof ChainruleError) || passesOn.includes(error.code)) throw error;
    if (error.code === "unsupported") {
      refused = true;
      noteOnce(`${error.message} Values are interpreted, which is slow.`);
    }
    // The interpreter names the line of this graph, not of the first of its structure.
    return undefined;
  };

  /** Values by compiled code; undefined where nothing can be compiled or the graph is at fault. */
  const attempted = (tensors: readonly Tensor[]): TypedArray[] | undefined => {
    try {
      const found = ready(tensors);
      if (found === undefined) return undefined;
      const { program, values } = found;
      return "queued" in program ? comesLater() : program.run(values);
    } catch (error) {
      return orInterpreted(error);
    }
  };

  const attemptedLater = async (tensors: readonly Tensor[]): Promise<TypedArray[] | undefined> => {
    try {
      const found = ready(tensors);
      return await found?.program.run(found.values);
    } catch (error) {
      return orInterpreted(error);
    }
  };

  const finished = (
    tensors: readonly Tensor[],
    values: readonly TypedArray[] | undefined,
  ): void => {
    // The program's arrays are overwritten by its next run.
    if (values) keepAll(tensors, values.map(copyOf));
    else interpret(tensors);
  };

  const now: Evaluator = (tensors) => {
    const missing = tensors.filter((t) => !isGiven(t));
    if (missing.length > 0) finished(missing, attempted(missing));
    return tensors.map((t) => valueOf(t).slice());
  };
  const later = async (tensors: readonly Tensor[]): Promise<TypedArray[]> => {
    const missing = tensors.filter((t) => !isGiven(t));
    if (missing.length > 0) finished(missing, await attemptedLater(missing));
    return tensors.map((t) => valueOf(t).slice());
  };
  return Object.assign(now, { later });
}

/** A fault of the compiler or of a backend is not to pass unseen. */
const passesOn: readonly ErrorCode[] = ["invalid-graph", "asynchronous", "backend-failed"];

const comesLater = (): never =>
  fail("asynchronous", {
    message: "A value is read at once that an asynchronous backend computes.",
  });

const bytesOf = (program: Structure["program"]): number =>
  program === undefined || "queued" in program ? 0 : (program.bytes ?? 0);

const copyOf = (data: TypedArray): TypedArray => data.slice();

const isGiven = (node: Tensor): boolean => dataOf(node) !== undefined;

/** A single number of the program's text, such as a learning rate. */
const scalarOf = (node: Tensor): number | undefined =>
  node.size === 1 && node.op.derivative.kind === "leaf" ? Number(valueOf(node)[0]) : undefined;

const identities = new WeakMap<Op, number>();
let operators = 0;

function identityOf(op: Op): number {
  let id = identities.get(op);
  if (id === undefined) identities.set(op, (id = operators++));
  return id;
}

/** Equal for graphs that are the same but for the values of what is given. */
function structureOf(nodes: readonly Tensor[], outputs: readonly Tensor[]): string {
  const place = new Map(nodes.map((node, i) => [node, i]));
  let text = "";
  for (const node of nodes) {
    text += `${node.dtype}[${node.shape}]`;
    if (!isGiven(node)) {
      text += `${identityOf(node.op)}(${node.inputs.map((x) => place.get(x))})`;
      text += JSON.stringify(node.attributes, exact);
    } else if (node.op.derivative.kind !== "leaf") text += "read";
    text += "\n";
  }
  return text + outputs.map((y) => place.get(y));
}

/** JSON has neither infinities nor NaN nor −0. */
const exact = (_: string, value: unknown): unknown =>
  typeof value === "number" ? (Object.is(value, -0) ? "-0" : String(value)) : value;
