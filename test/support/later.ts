/** A backend that answers later: the interpreter, after a tick. */
import type {
  AsynchronousBackend,
  Executable,
  Promised,
  Session,
  SynchronousBackend,
} from "../../src/backends/backend.ts";
import { interpreter } from "../../src/backends/interpreter/index.ts";
import { type BackendEntry, backendEntries } from "../../src/backends/registry.ts";

const tick = () => new Promise<void>((resolve) => setTimeout(resolve, 0));

/** What the backend is asked for, in its order. */
export interface Log {
  compiled: number;
  runs: number;
  /** Runs that were begun before the one before them had ended: none may be. */
  overlapping: number;
}

export interface LaterOptions {
  /** What a run throws in the place of an answer, if anything. */
  readonly fails?: (log: Log) => unknown;
  readonly refuses?: () => unknown;
  /** What it wraps, with its training loop if it has one; by default the interpreter. */
  readonly around?: SynchronousBackend;
}

export function laterBackend({ fails, refuses, around = interpreter }: LaterOptions = {}) {
  const log: Log = { compiled: 0, runs: 0, overlapping: 0 };
  const backend: AsynchronousBackend = {
    name: "later",
    asynchronous: true,
    async compile(graph) {
      await tick();
      log.compiled++;
      const refusal = refuses?.();
      if (refusal !== undefined) throw refusal;
      return promised(around.compile(graph));
    },
    ...(around.session && {
      async session(...given) {
        await tick();
        return sessionLater(around.session?.(...given) as Session);
      },
    }),
  };
  const promised = (program: Executable): Promised<Executable> => {
    let running = false;
    return {
      async run(values) {
        if (running) log.overlapping++;
        running = true;
        log.runs++;
        try {
          await tick();
          const failure = fails?.(log);
          if (failure !== undefined) throw failure;
          return program.run(values);
        } finally {
          running = false;
        }
      },
    };
  };
  /** Every method answers after a tick, or fails then. */
  const sessionLater = (session: Session): Promised<Session> => {
    let running = false;
    const methods = Object.entries(session).map(([name, method]) => [
      name,
      typeof method !== "function"
        ? method
        : async (...given: unknown[]) => {
            if (running) log.overlapping++;
            running = true;
            if (name !== "close") log.runs++;
            try {
              await tick();
              const failure = name === "close" ? undefined : fails?.(log);
              if (failure !== undefined) throw failure;
              return (method as (...all: unknown[]) => unknown)(...given);
            } finally {
              running = false;
            }
          },
    ]);
    return Object.fromEntries(methods) as Promised<Session>;
  };
  return { backend, log };
}

/** Does the work with another row in the table of backends, the first that auto looks at. */
export async function withEntry<T>(
  entry: Pick<BackendEntry, "name" | "make">,
  work: () => Promise<T>,
): Promise<T> {
  const table = backendEntries as BackendEntry[];
  table.unshift({ needs: "time", canRun: () => true, ...entry });
  try {
    return await work();
  } finally {
    table.shift();
  }
}
