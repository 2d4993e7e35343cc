/**
 * Reading values. A small graph is interpreted; a large one is compiled. Either way what was made
 * for it is kept by the graph's structure, so that a loop that makes the same graph again does not
 * pay again. Which of both it is follows from the structure alone: the same graph always has the
 * same bits.
 */
import { elementCount, graphOperations } from "../core/cost.ts";
import type { TypedArray } from "../core/dtype.ts";
import { ChainruleError, type ErrorCode, fail } from "../core/errors.ts";
import { type Graph, nodesOf } from "../core/graph.ts";
import { noteOnce } from "../core/note.ts";
import type { Evaluator } from "../core/runtime.ts";
import { over, type Tensor } from "../core/tensor.ts";
import { building } from "../core/tracing.ts";
import { isGiven, isRead, keepAll, letGo, valueOf } from "../core/values.ts";
import { programOf, type QueuedProgram } from "./asynchronous.ts";
import type { Backend, Executable } from "./backend.ts";
import { compilerHere } from "./compiler.ts";
import { interpret, planOf } from "./interpreter/evaluate.ts";
import { runInTurns } from "./long-step.ts";
import { type Signature, sameSignature, signatureOf } from "./structure.ts";
import { together } from "./together.ts";

/** What is known of all graphs of one structure. */
interface Structure {
  readonly signature: Signature;
  /** Floating-point operations of one run; 0 where there are too few elements to count them. */
  readonly operations: number;
  /** Bytes that a plan holds, about. */
  readonly planned: number;
  /** The single numbers among the leaves of the first graph; undefined for arrays. */
  readonly scalars: readonly (number | undefined)[];
  /** Which of them were different in a later graph: these are inputs of the program. */
  readonly varying: Set<number>;
  program?: Executable | QueuedProgram | undefined;
  /** What interprets it, from the second time on. */
  plan?: Executable | undefined;
}

/** A program that is about to run: what goes in is known. */
interface Ready {
  readonly program: Executable | QueuedProgram;
  readonly values: readonly TypedArray[];
}

/** Graphs with fewer elements cannot take long. */
export const fewElements = 20_000;
/** From so many operations on compiling pays: interpreted they take as long as to compile them. */
const manyOperations = 4e5;
/** Beyond this a graph is a program of its own that hardly comes again. */
const mostNodes = 10_000;
/** The most structures that are remembered, the latest ones. */
const mostStructures = 256;
/** The most of them that have a program. */
const mostPrograms = 32;
/** The most bytes that kept programs may hold on to, but for the one just made. */
const mostBytes = 2 ** 29;
/** The same for plans. */
const mostPlanned = 2 ** 26;

interface EvaluatorOptions {
  readonly backend: () => Backend;
  /** What is smaller is interpreted. */
  readonly least?: { readonly elements: number; readonly operations: number };
}

export function makeEvaluator({
  backend,
  least = { elements: fewElements, operations: manyOperations },
}: EvaluatorOptions): Evaluator & Required<Pick<Evaluator, "later">> {
  const structures = new Map<number, Structure>();
  let refused = false;

  const isSmall = (nodes: readonly Tensor[]): boolean =>
    refused || elementCount(nodes) < least.elements || nodes.length > mostNodes;

  /** What is known of a graph's structure, now the latest; and whether that is new. */
  const recall = (nodes: readonly Tensor[], tensors: readonly Tensor[]) => {
    const signature = signatureOf(nodes, tensors);
    const known = structures.get(signature.hash);
    const isNew = known === undefined || !sameSignature(known.signature, signature);
    const structure = isNew ? studied(signature, nodes, tensors) : known;
    structures.delete(signature.hash);
    structures.set(signature.hash, structure);
    if (isNew) tidy();
    return { structure, isNew };
  };

  const studied = (
    signature: Signature,
    nodes: readonly Tensor[],
    tensors: readonly Tensor[],
  ): Structure => {
    const leaves = nodes.filter(isGiven);
    return {
      signature,
      operations: isSmall(nodes) ? -1 : graphOperations(tensors, leaves),
      planned: 16 * elementCount(nodes) + 2048 * nodes.length,
      scalars: leaves.map(scalarOf),
      varying: new Set(),
    };
  };

  /** Lets go of what was not used for longest. */
  const tidy = (): void => {
    let [bytes, programs, planned] = [0, 0, 0];
    for (const { program, plan, planned: own } of structures.values()) {
      bytes += bytesOf(program);
      if (program) programs++;
      if (plan) planned += own;
    }
    for (const [key, { program, plan, planned: own }] of structures) {
      const few = structures.size <= mostStructures && programs <= mostPrograms;
      if (structures.size === 1 || (few && bytes <= mostBytes && planned <= mostPlanned)) return;
      bytes -= bytesOf(program);
      if (program) programs--;
      if (plan) planned -= own;
      structures.delete(key);
    }
  };

  /** The program for this graph, its structure being known. */
  const compiled = (
    structure: Structure,
    leaves: readonly Tensor[],
    tensors: readonly Tensor[],
  ): Ready => {
    leaves.forEach((leaf, i) => {
      if (Object.is(scalarOf(leaf), structure.scalars[i]) || structure.varying.has(i)) return;
      structure.varying.add(i);
      structure.program = undefined;
    });
    const inputs = leaves.filter(
      (_, i) => structure.scalars[i] === undefined || structure.varying.has(i),
    );
    structure.program ??= programOf(backend(), copyOfGraph(inputs, tensors));
    tidy();
    return { program: structure.program, values: inputs.map(valueOf) };
  };

  /** What computes these tensors; undefined for a small graph that is seen for the first time. */
  const ready = (asked: readonly Tensor[], met: readonly Tensor[]): Ready | undefined => {
    // What a user's operator is made of may be different at each call.
    const isOpaque = met.some((n) => n.op.isOpaque);
    if (isOpaque && isSmall(met)) return undefined;
    const tensors = isOpaque
      ? compilerHere()?.simplifyGraph(asked, new Set(met.filter(isGiven)))
      : asked;
    if (tensors === undefined) return undefined;
    const nodes = isOpaque ? nodesOf(tensors, isGiven) : met;
    const { structure, isNew } = recall(nodes, tensors);
    const leaves = nodes.filter(isGiven);
    if (structure.operations >= least.operations && !refused)
      return compiled(structure, leaves, tensors);
    if (isNew || isOpaque || structure.planned > mostPlanned) return undefined;
    structure.plan ??= planOf(nodes, tensors);
    return { program: structure.plan, values: leaves.map(valueOf) };
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

  /** Values by what was kept; undefined where that is not to be had, or the graph is at fault. */
  const attempted = (found: () => Ready | undefined): TypedArray[] | undefined => {
    try {
      const { program, values } = found() ?? nothing;
      if (program === undefined) return undefined;
      return "queued" in program ? comesLater() : program.run(values).map(copyOf);
    } catch (error) {
      return orInterpreted(error);
    }
  };

  const attemptedLater = async (
    found: () => Ready | undefined,
  ): Promise<TypedArray[] | undefined> => {
    try {
      const known = found();
      return known && (await runInTurns(known.program, known.values));
    } catch (error) {
      return orInterpreted(error);
    }
  };

  const finished = (
    tensors: readonly Tensor[],
    values: readonly TypedArray[] | undefined,
  ): void => {
    if (values) keepAll(tensors, values);
    else interpret(tensors);
  };

  /** What has to be computed, and how. */
  const missingOf = (tensors: readonly Tensor[]) => {
    for (const t of tensors) letGo(t);
    const asked = tensors.filter((t) => !isGiven(t));
    if (asked.length === 0) return undefined;
    const { wanted, nodes } = together(asked);
    return { wanted, found: () => building(() => ready(wanted, nodes)) };
  };

  const now: Evaluator = (tensors) => {
    const missing = missingOf(tensors);
    if (missing) finished(missing.wanted, attempted(missing.found));
    return tensors.map((t) => valueOf(t).slice());
  };
  const later = async (tensors: readonly Tensor[]): Promise<TypedArray[]> => {
    const missing = missingOf(tensors);
    if (missing) finished(missing.wanted, await attemptedLater(missing.found));
    return tensors.map((t) => valueOf(t).slice());
  };
  return Object.assign(now, { later });
}

const nothing: Partial<Ready> & { readonly values: readonly TypedArray[] } = { values: [] };

/** A fault of the compiler or of a backend is not to pass unseen. */
const passesOn: readonly ErrorCode[] = ["invalid-graph", "asynchronous", "backend-failed"];

const comesLater = (): never =>
  fail("asynchronous", {
    message: "A value is read at once that an asynchronous backend computes.",
  });

const bytesOf = (program: Structure["program"]): number =>
  program === undefined || "queued" in program ? 0 : (program.bytes ?? 0);

/** The same graph of nodes of its own: those that were given lose their past when they are read. */
function copyOfGraph(inputs: readonly Tensor[], outputs: readonly Tensor[]): Graph {
  const copies = new Map<Tensor, Tensor>();
  const copied = (node: Tensor) => copies.get(node) ?? node;
  for (const node of nodesOf(outputs, isGiven))
    if (!isGiven(node)) copies.set(node, over(node, node.inputs.map(copied)));
  return { inputs, outputs: outputs.map(copied) };
}

const copyOf = (data: TypedArray): TypedArray => data.slice();

/** A single number of the program's text, such as a learning rate. */
const scalarOf = (node: Tensor): number | undefined =>
  node.size === 1 && node.op.derivative.kind === "leaf" && !isRead(node)
    ? Number(valueOf(node)[0])
    : undefined;
