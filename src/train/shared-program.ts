/** Programs of a trainer for graphs of batches: one does for batches with fewer rows, too. */
import { programOf, type QueuedProgram } from "../backends/asynchronous.ts";
import type { Executable } from "../backends/backend.ts";
import type { ByName } from "../core/by-name.ts";
import type { Graph } from "../core/graph.ts";
import type { TensorType } from "../core/op.ts";
import type { Shared } from "./programs.ts";
import type { Trainer } from "./trainer.ts";

/** A type by itself: what is kept holds no data. */
export const bareType = ({ dtype, shape }: TensorType): TensorType => ({ dtype, shape });

interface Made extends Shared {
  readonly program: Executable | QueuedProgram;
}

/** The program, to be asked for before each run; `counted` is called before one is compiled. */
export function sharedProgram(
  { programs, backend }: Trainer,
  what: string,
  types: ByName<TensorType>,
  graph: Graph,
  counted: () => void,
): () => Executable | QueuedProgram {
  const made = programs.shared<Made>(what, types, {
    make() {
      counted();
      return { program: programOf(backend, graph), spare: 0 };
    },
    fewer({ program }) {
      const fewer = "queued" in program ? undefined : program.fewer?.(graph);
      return fewer && { program: fewer, spare: 0 };
    },
  });
  return () => made().program;
}
