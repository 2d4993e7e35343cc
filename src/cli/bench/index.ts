/** chainrule bench: how long a training step takes, next to others, after the losses agree. */
import type { BackendName } from "../../backends/registry.ts";
import { at } from "../../core/at.ts";
import { engineName } from "../../core/engine.ts";
import { ChainruleError } from "../../core/errors.ts";
import { explainRefusal, variable } from "../../core/permission.ts";
import { exit } from "../failure.ts";
import { bytes } from "../numbers.ts";
import { cores, processor } from "../processor.ts";
import { columns, dim, print, printJson, remark } from "../terminal.ts";
import { type Besides, besidesOf } from "./besides.ts";
import { type Command, Contestant, LeftOut } from "./contestant.ts";
import { benchFile } from "./from-file.ts";
import { timeable } from "./machine.ts";
import { plainPeer } from "./plain.ts";
import { type BenchRow, race, type StepTimes, unlessLeftOut } from "./race.ts";
import { leastToMost, time } from "./times.ts";
import { chainrulePeer, serve } from "./worker.ts";
import { type WorkloadName, workload, workloadNames } from "./workloads.ts";

interface BenchOptions {
  readonly workloads?: string;
  /** A network file to time in the place of the workloads. */
  readonly fromFile?: string;
  readonly peer?: readonly string[];
  readonly repetitions?: number;
  readonly seconds?: number;
  readonly threads?: number;
  readonly backend?: BackendName;
  readonly json?: boolean;
  /** Be one of the processes that are timed. */
  readonly worker?: "chainrule" | "plain";
}

export async function benchCommand(options: BenchOptions): Promise<number> {
  if (options.worker) {
    const threads = options.threads ?? (Number(variable("OMP_NUM_THREADS")) || undefined);
    const { worker, backend } = options;
    await serve(worker === "plain" ? plainPeer : chainrulePeer({ threads, backend }));
    return exit.ok;
  }
  const { repetitions = 5, seconds = 0.25, threads, backend, json } = options;
  if (options.fromFile !== undefined) {
    if (options.workloads !== undefined || options.peer !== undefined) {
      throw new ChainruleError("usage", {
        message: "A network of one's own is timed by itself.",
        expected: "--from-file alone",
        found: `--from-file with ${options.peer ? "--peer" : "--workloads"}`,
      });
    }
    timeable(backend ?? "auto");
    return benchFile(options.fromFile, { repetitions, seconds, threads, backend, json });
  }
  const wanted = (options.workloads ?? workloadNames.join(",")).split(",").map((w) => w.trim());
  for (const w of wanted) if (!workloadNames.includes(w as WorkloadName)) unknown(w);
  const script = at(process.argv, 1);
  const self = [process.execPath, ...process.execArgv, script, "bench", "--worker"] as const;
  const own = [
    ...(options.threads ? ["--threads", String(options.threads)] : []),
    ...(options.backend ? ["--backend", options.backend] : []),
  ];
  timeable(options.backend ?? "auto");
  const command: Command = [...self, "chainrule", ...own];
  const peers = (options.peer ?? []).map(peerOf);
  const ours = new Contestant("chainrule", command);
  const all = [ours, new Contestant("hand-written JavaScript", [...self, "plain"]), ...peers];
  const leftOut: Absence[] = [];
  const gone = new Set<Contestant>();
  const leave = (c: Contestant, why: LeftOut, name?: WorkloadName) => {
    if (c === ours) throw unusable(why);
    remark(`${name ? `${name}: ` : ""}${c.name} is left out: it ${why.message}.`);
    const failed = why.kind !== "refused";
    leftOut.push({
      peer: c.name,
      ...(name ? { workload: name } : {}),
      reason: why.message,
      failed,
    });
    if (why.kind === "gone") gone.add(c);
  };
  const rows: BenchRow[] = [];
  try {
    for (const c of all) await unlessLeftOut(c, leave, () => c.ask({ cmd: "info" }));
    for (const name of wanted as WorkloadName[]) {
      if (process.stderr.isTTY) remark(dim(`${name}: ${workload(name).title}`));
      const present = all.filter((c) => !gone.has(c));
      const told = (c: Contestant, why: LeftOut) => leave(c, why, name);
      rows.push(...(await race(name, present, { repetitions, seconds, leave: told })));
    }
  } finally {
    for (const c of all) c.close();
  }
  const besides = await besidesOf(wanted as WorkloadName[], command).catch((error) => {
    throw error instanceof LeftOut ? unusable(error) : error;
  });
  const machine = { cpu: processor(), cores: cores(), engine: engineName() };
  if (options.json) printJson({ machine, rows, leftOut, besides });
  else report(rows, besides, machine);
  const missing = leftOut.some(({ peer, failed }) => failed && peers.some((p) => p.name === peer));
  return missing ? exit.no : exit.ok;
}

/** Who is not in the table, of all workloads or of one, and why. */
interface Absence {
  readonly peer: string;
  readonly workload?: WorkloadName;
  readonly reason: string;
  /** Whether that is a fault, not merely a workload that it does not have. */
  readonly failed: boolean;
}

/** The run is worth nothing without chainrule itself. */
export function unusable({ message, cause }: Pick<LeftOut, "message" | "cause">): ChainruleError {
  explainRefusal(cause, { message: "chainrule itself could not be timed." });
  return new ChainruleError("unsupported", {
    message: "chainrule itself could not be timed.",
    expected: "an answer of its worker",
    found: `it ${message}`,
    fix: "Time less: --workloads W1, or --threads 1.",
  });
}

function unknown(w: string): never {
  throw new ChainruleError("usage", {
    message: "There is no such workload.",
    expected: workloadNames.join(", "),
    found: w,
  });
}

function peerOf(text: string): Contestant {
  const [name, command] = text.split(/=(.*)/s);
  const [file, ...args] = command?.trim().split(/ +/) ?? [];
  if (!name || !file) {
    throw new ChainruleError("usage", {
      message: "A peer has a name and a command that starts it.",
      expected: '--peer "NAME=COMMAND"',
      found: text,
    });
  }
  return new Contestant(name, [file, ...args]);
}

const byFit = (times: StepTimes | undefined): string =>
  times === undefined ? "" : `${time(times.median)} (${times.ratio.toFixed(2)} ×)`;

const milliseconds = (ms: number): string => time(1000 * ms);

function report(
  rows: readonly BenchRow[],
  besides: Besides,
  machine: { cpu: string; cores: number; engine: string },
) {
  print(`${machine.cpu}, ${machine.cores} cores, ${machine.engine}`);
  print();
  const head = ["workload", "peer", "per step", "least … most", "ratio", "loss error"];
  const lines = rows.map((r) => [
    r.workload,
    r.peer,
    time(r.median),
    leastToMost(r),
    `${r.ratio.toFixed(2)} ×`,
    r.error.toExponential(1),
  ]);
  for (const line of columns([head, ...lines], "<<>>>>")) print(line);
  print();
  const more = ["chainrule", "by fit", "trace, compile", "temporaries", "least possible"];
  const facts = besides.workloads.map((w) => [
    w.workload,
    byFit(rows.find((r) => r.workload === w.workload && r.fit)?.fit),
    milliseconds(w.compileMs),
    bytes(w.temporaryBytes),
    bytes(w.liveBytes),
  ]);
  for (const line of columns([more, ...facts], "<>>>>")) print(line);
  print(
    `the library: ${milliseconds(besides.importMs)} to import, ` +
      `${(besides.gzippedBytes / 1000).toPrecision(3)} kB of files, gzipped`,
  );
}
