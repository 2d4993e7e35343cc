/** A loop over a graph: its body is a plan, run once for each step. */
import { at, zip } from "../../core/at.ts";
import { type Body, type BodyOutput, placeholdersOf } from "../../core/body.ts";
import type { TypedArray } from "../../core/dtype.ts";
import type { Graph } from "../../core/graph.ts";
import { buffer } from "./loops.ts";

/** Runs a body's graph once; what it gives is overwritten by the next run. */
type RunStep = (values: readonly TypedArray[], row: number) => readonly TypedArray[];

/** Fills the buffers of the outputs from those of the loop's inputs. */
export type LoopRun = (inputs: readonly TypedArray[], outputs: readonly TypedArray[]) => void;

/** `planned` gives what runs a step's graph. */
export function repeatLoop(
  body: Body,
  outputs: readonly BodyOutput[],
  planned: (graph: Graph) => RunStep,
): LoopRun {
  const { length, reverse, constants, carries, slices, index, next, when } = body;
  const placeholders = placeholdersOf(body);
  const stacked = outputs.filter((y) => typeof y !== "number");
  const graph = { inputs: [...placeholders, index], outputs: [...next, ...stacked] };
  let run: RunStep | undefined;
  const first = constants.length;
  const afterCarries = first + carries.length;
  const flag = when ? placeholders.indexOf(when) : -1;
  return (inputs, ys) => {
    run ??= planned(graph);
    // What a step gives may be what it was given: the old carries stay whole until all is copied.
    const states = [0, 1].map(() => carries.map(buffer));
    let [now, then] = [at(states, 0), at(states, 1)];
    for (const [k, state] of now.entries()) state.set(at(inputs, first + k));
    const row = Int32Array.of(0);
    const values = [...inputs.slice(0, first), ...now, ...inputs.slice(afterCarries), row];
    const stacks = ys.filter((_, i) => typeof outputs[i] !== "number");
    if (when) for (const y of stacks) y.fill(0);
    for (let step = 0; step < length; step++) {
      const t = reverse ? length - 1 - step : step;
      row[0] = t;
      for (const [k, state] of now.entries()) values[first + k] = state;
      for (const [k, { size }] of slices.entries()) {
        const from = at(inputs, afterCarries + k);
        values[afterCarries + k] = from.subarray(t * size, (t + 1) * size);
      }
      if (flag >= 0 && at(at(values, flag), 0) === 0) {
        // A condition that is handed on stays false once it is.
        if (flag >= first && flag < afterCarries) break;
        continue;
      }
      const results = run(values, t);
      for (const [k, state] of then.entries()) state.set(at(results, k));
      for (const [y, made] of zip(stacks, results.slice(next.length))) y.set(made, t * made.length);
      [now, then] = [then, now];
    }
    for (const [i, y] of ys.entries()) {
      const output = outputs[i];
      if (typeof output === "number") y.set(at(now, output));
    }
  };
}
