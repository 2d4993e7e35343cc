/** The second half of a step of several processes: from the sums of all to a new state. */
import type { Executable } from "../backends/backend.ts";
import { at, only } from "../core/at.ts";
import { type ByName, entryOf } from "../core/by-name.ts";
import { allocate, type TypedArray } from "../core/dtype.ts";
import type { Graph } from "../core/graph.ts";
import type { Parallel, Summed } from "../parallel/parallel.ts";
import { treeReduce } from "../parallel/tree.ts";
import type { Objective } from "../step/objective.ts";
import { inputsByName, outputsByName } from "../step/ports.ts";
import { joinedStep, type SumsPlan } from "../step/share.ts";
import type { Trainer } from "./trainer.ts";

/** What a step does with the sums. */
export interface JointUpdate {
  /** Where what stands in the sums of a process's own pieces, which are put there. */
  readonly plan: SumsPlan;
  readonly sums: Summed;
  readonly parameters: ByName<TypedArray>;
  /** Those that this process keeps. */
  readonly slots: ByName<TypedArray>;
  /** The sums of all processes in the place of one's own. */
  join(parallel: Parallel, ordered: boolean): void;
  control(learningRate: number, step: number): void;
  /** Renews the state, unless it would not be finite. */
  run(): boolean;
  load(from: State): void;
  save(to: State): void;
}

interface State {
  readonly parameters: ByName<TypedArray>;
  readonly slots: ByName<TypedArray>;
}

/** The second half of a step, with the state in its memory. */
export class Update implements JointUpdate {
  readonly plan: SumsPlan;
  readonly sums: Summed;
  readonly parameters: ByName<TypedArray>;
  readonly slots: ByName<TypedArray>;
  readonly #rate: TypedArray;
  readonly #step: TypedArray;
  readonly #run: () => boolean;

  constructor(
    { optimizer, dtype, backend }: Trainer,
    objective: Objective,
    { adds, plan }: { readonly adds: boolean; readonly plan: SumsPlan },
  ) {
    const graph = joinedStep(objective, { optimizer, dtype, adds, plan });
    const memory = arraysForRuns(backend.compile(graph) as Executable, graph);
    const inputs = inputsByName(graph, memory.inputs);
    const places = outputsByName(graph, [...graph.outputs.keys()]);
    this.plan = plan;
    this.sums = inputs.sums as Summed;
    this.parameters = inputs.parameters;
    this.slots = inputs.slots;
    this.#rate = inputs.controls.learningRate;
    this.#step = inputs.controls.step;
    const renewed = (["parameters", "slots"] as const).flatMap((part) =>
      Object.entries(places[part]).map(
        ([name, place]) => [entryOf(inputs[part], name), place] as const,
      ),
    );
    this.#run = () => {
      const results = memory.run();
      if (Number.isNaN(only(at(results, places.health)))) return false;
      for (const [into, place] of renewed) into.set(at(results, place));
      return true;
    };
  }

  join(parallel: Parallel, ordered: boolean): void {
    if (ordered) treeReduce(parallel, this.sums);
    else parallel.allReduce(this.sums);
  }

  control(learningRate: number, step: number): void {
    this.#rate[0] = learningRate;
    this.#step[0] = step;
  }

  /** Renews the state, unless it would not be finite. */
  run(): boolean {
    return this.#run();
  }

  load(from: {
    readonly parameters: ByName<TypedArray>;
    readonly slots: ByName<TypedArray>;
  }): void {
    for (const part of ["parameters", "slots"] as const) {
      for (const [name, into] of Object.entries(this[part])) into.set(entryOf(from[part], name));
    }
  }

  save(to: { readonly parameters: ByName<TypedArray>; readonly slots: ByName<TypedArray> }): void {
    for (const part of ["parameters", "slots"] as const) {
      for (const [name, from] of Object.entries(this[part])) entryOf(to[part], name).set(from);
    }
  }
}

/** A program's memory, or arrays in its place where it has none at hand. */
export function arraysForRuns(
  program: Executable,
  graph: Graph,
): NonNullable<Executable["memory"]> {
  if (program.memory !== undefined) return program.memory;
  const inputs = graph.inputs.map(({ dtype, size }) => allocate(dtype, size));
  return { inputs, run: () => program.run(inputs) };
}
