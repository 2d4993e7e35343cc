import type { TypedArray } from "../core/dtype.ts";
import type { Graph } from "../core/graph.ts";

/** A machine that graphs can be compiled for. */
export interface Backend {
  readonly name: string;
  compile(graph: Graph): Executable;
}

/** A compiled graph. */
export interface Executable {
  /**
   * Values of the graph's outputs for the given values of its inputs, both in the graph's order.
   * The arrays that come back are overwritten by the next run.
   */
  run(values: readonly TypedArray[]): TypedArray[];
}
