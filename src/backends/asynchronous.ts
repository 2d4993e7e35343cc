/** What answers later: its programs queue up, and its errors become errors of ours. */
import { promise } from "../core/awaited.ts";
import type { DType, TypedArray } from "../core/dtype.ts";
import { ChainruleError, fail } from "../core/errors.ts";
import type { Graph } from "../core/graph.ts";
import type { Shape } from "../core/shape.ts";
import type { Tensor } from "../core/tensor.ts";
import { keepValue } from "../core/values.ts";
import { input } from "../ops/leaf.ts";
import type { AsynchronousBackend, Backend, Executable, Later, Promised } from "./backend.ts";

/** A program whose runs wait for each other, so that any number may be asked for. */
export interface QueuedProgram {
  readonly queued: true;
  /** The values must stay as they are until it is done; the arrays that come back are the caller's. */
  run(values: readonly TypedArray[]): Promise<TypedArray[]>;
}

/** A graph as a program, whether its backend answers at once or later. */
export const programOf = (backend: Backend, graph: Graph): Executable | QueuedProgram =>
  backend.asynchronous ? queued(backend, graph) : backend.compile(graph);

function queued(backend: AsynchronousBackend, graph: Graph): QueuedProgram {
  let program: Promised<Executable> | undefined;
  let last: Promise<unknown> = Promise.resolve();
  const next = async (values: readonly TypedArray[]): Promise<TypedArray[]> => {
    // One that could not be compiled is tried again: memory may be free by then.
    program ??= await backend.compile(graph);
    const results = await program.run(values);
    return results.map((data) => data.slice());
  };
  return {
    queued: true,
    run(values) {
      const result = last.then(() => answer(backend, () => next(values)));
      last = result.catch(() => {});
      return result;
    },
  };
}

/** An answer that is there. @throws ChainruleError "asynchronous" for one that comes later. */
export function now<T>(answer: Later<T>): T {
  if (!(answer instanceof Promise)) return answer;
  // Its error is nobody's any more.
  answer.catch(() => {});
  return fail("asynchronous", { message: "An asynchronous backend is asked for a value at once." });
}

/** A tensor whose value comes later. */
export function laterTensor(data: Promise<TypedArray>, shape: Shape, dtype: DType): Tensor {
  const result = input("a result", shape, dtype);
  promise(result, data, keepValue);
  return result;
}

/**
 * What the backend answers.
 *
 * @throws ChainruleError its own, or "backend-failed" around another error.
 */
export async function answer<T>(
  { name }: Pick<Backend, "name">,
  ask: () => T | Promise<T>,
): Promise<T> {
  try {
    return await ask();
  } catch (cause) {
    if (cause instanceof ChainruleError) throw cause;
    return fail("backend-failed", {
      message: `The backend "${name}" has failed.`,
      found: String((cause as Error)?.message ?? cause),
      cause,
    });
  }
}
