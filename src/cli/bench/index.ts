/** chainrule bench: how long a training step takes, next to others, after the losses agree. */
import { type ChildProcess, spawn } from "node:child_process";
import { cpus } from "node:os";
import { createInterface } from "node:readline";
import { ChainruleError } from "../../core/errors.ts";
import type { BackendName } from "../../train/backend.ts";
import { exit } from "../failure.ts";
import { columns, dim, print, printJson, remark } from "../terminal.ts";
import { machineFor } from "./machine.ts";
import { plainPeer } from "./plain.ts";
import { chainrulePeer, checkedSteps, serve } from "./worker.ts";
import { names, type WorkloadName, workload } from "./workloads.ts";

export interface BenchOptions {
  readonly workloads?: string;
  readonly peer?: readonly string[];
  readonly repetitions?: number;
  readonly seconds?: number;
  readonly threads?: number;
  readonly backend?: BackendName;
  readonly json?: boolean;
  /** Be one of the processes that are timed. */
  readonly worker?: "chainrule" | "plain";
}

/** A process that answers requests. */
class Contestant {
  readonly name: string;
  readonly #process: ChildProcess;
  readonly #replies: AsyncIterator<string>;

  constructor(name: string, command: readonly string[]) {
    this.name = name;
    const [file, ...args] = command;
    this.#process = spawn(file!, args, { stdio: ["pipe", "pipe", "ignore"] });
    this.#process.on("error", () => {});
    this.#replies = createInterface({ input: this.#process.stdout! })[Symbol.asyncIterator]();
  }

  /** The reply, or undefined if this peer cannot do it. */
  async ask(request: object): Promise<Record<string, unknown> | undefined> {
    if (!this.#process.stdin!.writable) return undefined;
    this.#process.stdin!.write(`${JSON.stringify(request)}\n`);
    for (;;) {
      const { value, done } = await this.#replies.next();
      if (done) return undefined;
      if (!value.startsWith("@")) continue;
      const reply = JSON.parse(value.slice(1)) as Record<string, unknown>;
      return reply.ok ? reply : undefined;
    }
  }

  close(): void {
    this.#process.stdin!.end();
    this.#process.kill();
  }
}

export interface BenchRow {
  readonly workload: WorkloadName;
  readonly peer: string;
  /** Microseconds per step: median, least and most. */
  readonly median: number;
  readonly least: number;
  readonly most: number;
  /** Median as a multiple of chainrule's. */
  readonly ratio: number;
  /** Largest relative difference of the checked losses from f64. */
  readonly error: number;
}

/** Losses of the first steps in f64, by a program that does the same in double precision. */
function reference(name: WorkloadName): number[] {
  const machine = machineFor(workload(name), { threads: 1, dtype: "f64" });
  const steps = name === "W3" ? 3 : checkedSteps;
  return Array.from({ length: steps }, () => machine.run(1));
}

export async function bench(options: BenchOptions): Promise<number> {
  if (options.worker) {
    const threads = options.threads ?? (Number(process.env.OMP_NUM_THREADS) || undefined);
    const { worker, backend } = options;
    await serve(worker === "plain" ? plainPeer : chainrulePeer({ threads, backend }));
    return exit.ok;
  }
  const wanted = (options.workloads ?? names.join(",")).split(",").map((w) => w.trim());
  for (const w of wanted) if (!names.includes(w as WorkloadName)) unknown(w);
  const self = [process.execPath, ...process.execArgv, process.argv[1]!, "bench", "--worker"];
  const own = [
    ...(options.threads ? ["--threads", String(options.threads)] : []),
    ...(options.backend ? ["--backend", options.backend] : []),
  ];
  const contestants = [
    new Contestant("chainrule", [...self, "chainrule", ...own]),
    new Contestant("hand-written JavaScript", [...self, "plain"]),
    ...(options.peer ?? []).map(peerOf),
  ];
  const rows: BenchRow[] = [];
  try {
    for (const name of wanted as WorkloadName[]) {
      if (process.stderr.isTTY) remark(dim(`${name}: ${workload(name).title}`));
      rows.push(...(await race(name, contestants, options)));
    }
  } finally {
    for (const c of contestants) c.close();
  }
  const machine = {
    cpu: cpus()[0]?.model ?? "unknown",
    cores: cpus().length,
    node: process.version,
  };
  if (options.json) printJson({ machine, rows });
  else report(rows, machine);
  return exit.ok;
}

function unknown(w: string): never {
  throw new ChainruleError("usage", {
    message: "There is no such workload.",
    expected: names.join(", "),
    found: w,
  });
}

function peerOf(text: string): Contestant {
  const [name, command] = text.split(/=(.*)/s);
  if (!name || !command) {
    throw new ChainruleError("usage", {
      message: "A peer has a name and a command that starts it.",
      expected: '--peer "NAME=COMMAND"',
      found: text,
    });
  }
  return new Contestant(name, command.split(" "));
}

/** All that can do a workload, in turns: correctness first, then time. */
async function race(
  name: WorkloadName,
  contestants: readonly Contestant[],
  { repetitions = 5, seconds = 0.25 }: BenchOptions,
): Promise<BenchRow[]> {
  const expected = reference(name);
  const { checksum } = workload(name);
  const ready: { c: Contestant; steps: number; error: number; times: number[] }[] = [];
  for (const c of contestants) {
    const first = await c.ask({ cmd: "init", id: name, budget: 20 });
    if (first === undefined) continue;
    const losses = first.losses as number[];
    if (Math.abs((first.checksum as number) / checksum - 1) > 1e-9) {
      remark(`${c.name} does not train on the same data; left out.`);
      continue;
    }
    const error = Math.max(
      ...expected.slice(0, losses.length).map((e, i) => Math.abs(losses[i]! / e - 1)),
    );
    const steps = Math.max(1, Math.round(seconds / Math.max(first.stepSec as number, 1e-7)));
    // A first run of that length says better how many steps fill the time.
    const trial = await c.ask({ cmd: "run", id: name, steps: Math.min(steps, 2000) });
    const each = (trial!.sec as number) / Math.min(steps, 2000);
    ready.push({ c, steps: Math.max(1, Math.round(seconds / each)), error, times: [] });
  }
  for (let turn = 0; turn < repetitions; turn++) {
    for (let i = 0; i < ready.length; i++) {
      const one = ready[(i + turn) % ready.length]!;
      const reply = await one.c.ask({ cmd: "run", id: name, steps: one.steps });
      if (reply) one.times.push(((reply.sec as number) / one.steps) * 1e6);
    }
  }
  const medianOf = (times: readonly number[]) =>
    [...times].sort((a, b) => a - b)[Math.floor(times.length / 2)] ?? Number.NaN;
  const own = medianOf(ready[0]?.times ?? []);
  return ready.map(({ c, error, times }) => ({
    workload: name,
    peer: c.name,
    median: medianOf(times),
    least: Math.min(...times),
    most: Math.max(...times),
    ratio: medianOf(times) / own,
    error,
  }));
}

const microseconds = (us: number): string =>
  us < 1000 ? `${us.toPrecision(3)} µs` : `${(us / 1000).toPrecision(3)} ms`;

function report(rows: readonly BenchRow[], machine: { cpu: string; cores: number; node: string }) {
  print(`${machine.cpu}, ${machine.cores} cores, Node ${machine.node}`);
  print();
  const head = ["workload", "peer", "per step", "least … most", "ratio", "loss error"];
  const lines = rows.map((r) => [
    r.workload,
    r.peer,
    microseconds(r.median),
    `${microseconds(r.least)} … ${microseconds(r.most)}`,
    `${r.ratio.toFixed(2)} ×`,
    r.error.toExponential(1),
  ]);
  for (const line of columns([head, ...lines], "<<>>>>")) print(line);
}
