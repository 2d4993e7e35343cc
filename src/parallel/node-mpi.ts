/** Many processes over MPI, as `mpirun` starts them. */
import { createHash } from "node:crypto";
import { readlinkSync, writeSync } from "node:fs";
import { hostname } from "node:os";
import { fail } from "../core/errors.ts";
import { isNumber } from "../core/kinds.ts";
import { checkNames } from "../core/options.ts";
import { shown } from "../core/wording.ts";
import { Calls, type Request } from "./node-calls.ts";
import { checkConnection, launchOf } from "./node-launch.ts";
import { loadMpi } from "./node-library.ts";
import { type Mate, Waiting } from "./node-waiting.ts";
import type { Parallel } from "./parallel.ts";
import { timeToRead, timeToSpeak } from "./waits.ts";

/** How processes are found and waited for. */
export interface MpiOptions {
  /** The library's path or name. Default: `CHAINRULE_MPI`, or what the launcher belongs to. */
  readonly library?: string;
  /** Seconds for which a process is waited for that does not answer. Default 600. */
  readonly timeout?: number;
}

const tag = 70;

const pause = (time: number): void => {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, time);
};

let job: Parallel | undefined;

/** The job of this process, begun where it has not been. */
export function jobOf(options: MpiOptions, join: Parallel["join"]): Parallel {
  checkNames("mpi", options, ["library", "timeout"]);
  const { library = process.env.CHAINRULE_MPI, timeout = 600 } = options;
  if (!isNumber(timeout, (t) => t > 0)) {
    fail("bad-argument", {
      message: "mpi needs the seconds for which a process is waited for.",
      expected: "a number above 0",
      found: shown(timeout),
    });
  }
  job ??= begin(library || undefined, timeout, join);
  return job;
}

function begin(told: string | undefined, timeout: number, join: Parallel["join"]): Parallel {
  const launch = launchOf(process.env);
  if (launch === undefined) {
    return fail("unsupported", {
      message: "This process was not started by a launcher of MPI.",
      expected: "mpirun, mpiexec or srun",
      fix: "Start it with mpirun -n 4 node program.js, or mpirun -n 4 npx chainrule train FILE --mpi.",
    });
  }
  if (launch.library === "MPICH") checkConnection(process.env);
  const library = loadMpi(told, launch);
  const calls = new Calls(library);
  calls.init();
  const { rank, size } = calls;
  if (size === 1 && launch.size > 1) {
    fail("unsupported", {
      message:
        "The launcher belongs to another MPI than the library: name its own by CHAINRULE_MPI=/path.",
      expected: `${launch.size} processes`,
      found: `${calls.version} (${library.name}), which knows of one`,
    });
  }
  return new Job(calls, { rank, size, limit: timeout * 1000, join });
}

class Job implements Parallel {
  readonly rank: number;
  readonly size: number;
  readonly library: string;
  readonly join: Parallel["join"];
  readonly #calls: Calls;
  readonly #waiting: Waiting;
  #closed = false;

  constructor(
    calls: Calls,
    { rank, size, limit, join }: Pick<Parallel, "rank" | "size" | "join"> & { limit: number },
  ) {
    this.join = join;
    this.rank = rank;
    this.size = size;
    this.library = calls.version;
    this.#calls = calls;
    this.#waiting = new Waiting(calls, limit);
    process.on("exit", (code) => this.#end(code));
    process.on("uncaughtExceptionMonitor", (error) => this.#say(error));
    this.#waiting.know(this.#mates());
  }

  /** The other processes. */
  #mates(): Mate[] {
    const { rank, size } = this;
    const known = new Float64Array(2 * size);
    known.set([process.pid, here()], 2 * rank);
    this.allReduce(known);
    return Array.from({ length: size }, (_, r) => ({
      rank: r,
      pid: known[2 * r + 1] === known[2 * rank + 1] ? known[2 * r] : undefined,
    })).filter((mate) => mate.rank !== rank);
  }

  allReduce(data: Float32Array | Float64Array): void {
    this.#check();
    if (this.size > 1) this.#all(this.#calls.sum(data));
  }

  exchange(...[partner, sent, received]: Parameters<Parallel["exchange"]>): void {
    this.#check();
    this.#all([
      ...this.#calls.receive(received, partner, tag),
      ...this.#calls.send(sent, partner, tag),
    ]);
  }

  broadcast(...[data, root = 0]: Parameters<Parallel["broadcast"]>): void {
    this.#check();
    if (this.size > 1) this.#all(this.#calls.broadcast(data, root));
  }

  barrier(): void {
    this.#check();
    this.#all([this.#calls.barrier()]);
  }

  /** One after another: all processes have the same requests in the same order. */
  #all(requests: Iterable<Request>): void {
    for (const request of requests) this.#waiting.until(() => request.isDone);
  }

  #check(): void {
    if (!this.#closed) return;
    fail("bad-argument", {
      message: "The job of these processes has ended.",
      expected: "nothing to be sent after close",
    });
  }

  close(): void {
    if (this.#closed) return;
    this.barrier();
    this.#closed = true;
    this.#calls.finalize();
  }

  abort(code: number): void {
    if (this.#closed) return;
    this.#closed = true;
    // A launcher that ends may not read on.
    pause(timeToRead);
    this.#calls.abort(code);
  }

  /** The end comes before Node would print what nobody has caught. */
  #say(error: unknown): void {
    // What has happened to all of them the first process says.
    if (this.rank > 0) pause(timeToSpeak);
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    writeSync(2, `Process ${this.rank} of ${this.size}: ${text}\n`);
  }

  #end(code: number): void {
    if (this.#closed) return;
    if (code !== 0) {
      this.abort(code);
      return;
    }
    try {
      this.close();
    } catch (error) {
      this.#say(error);
      this.abort(1);
    }
  }
}

/** This machine as a number; processes that cannot see each other are on different ones. */
function here(): number {
  let place = hostname();
  try {
    place += readlinkSync("/proc/self/ns/pid");
  } catch {
    // Linux alone has that.
  }
  return createHash("sha256").update(place).digest().readUInt32LE();
}
