/** chainrule doctor: what this machine and engine can do, and what chainrule makes of it. */
import "../backends/c/install.ts";
import { processors } from "../backends/c/node-library.ts";
import { automatic, type BackendEntry, backendEntries } from "../backends/registry.ts";
import { usualThreads } from "../backends/threads.ts";
import { features } from "../backends/wasm/assembler/index.ts";
import { threadsHere } from "../backends/wasm/workers.ts";
import { engine, engineName } from "../core/engine.ts";
import { ChainruleError } from "../core/errors.ts";
import { numerics } from "../core/numerics.ts";
import { variable } from "../core/permission.ts";
import { linear, meanSquaredError, sequential, tanh } from "../nn/index.ts";
import { adam } from "../optim/index.ts";
import { mpiHere } from "../parallel/node-here.ts";
import { trainer } from "../train/trainer.ts";
import { exit } from "./failure.ts";
import { plural } from "./numbers.ts";
import { permissions } from "./permissions.ts";
import { cores, processor } from "./processor.ts";
import { bold, columns, dim, green, print, printJson, red, wrapWords } from "./terminal.ts";

/** Put here by the build. */
declare const CHAINRULE_VERSION: string;

interface Health {
  readonly name: string;
  readonly needs: string;
  readonly runs: boolean;
  /** Why it does not, as a sentence without its full stop. */
  readonly why?: string;
}

/** The losses of a few small steps. */
async function trained(backend: ReturnType<BackendEntry["make"]>): Promise<number[]> {
  const t = trainer(sequential(linear(2, 3), tanh(), linear(3, 1)), {
    loss: meanSquaredError,
    optimizer: adam(),
    backend,
  });
  const rows = Array.from({ length: 8 }, (_, i) => [i & 1, (i >> 1) & 1]);
  const data = { inputs: rows, targets: rows.map(([a, b]) => [Number(a !== b)]) };
  const { epochs } = await t.fit(data, { epochs: 4, batchSize: 4 });
  return epochs.map(({ loss }) => loss);
}

/** Rounding in f32 stays far below this. */
const tolerance = 1e-4;

/** Whether a backend runs: it is asked first, and then it has to train. */
async function examined(entry: BackendEntry, expected: readonly number[]): Promise<Health> {
  const { name, needs } = entry;
  const excuse = entry.canRun();
  if (excuse !== true) return { name, needs, runs: false, why: excuse };
  try {
    const losses = await trained(entry.make({ deterministic: false }));
    const off = losses.some((loss, i) => !(Math.abs(loss - Number(expected[i])) < tolerance));
    if (!off) return { name, needs, runs: true };
    return { name, needs, runs: false, why: "It trains to other numbers than the interpreter" };
  } catch (error) {
    const [message = ""] = String((error as Error)?.message ?? error).split("\n", 1);
    const kind = error instanceof ChainruleError ? "" : "It fails: ";
    return { name, needs, runs: false, why: kind + message.replace(/\.$/, "") };
  }
}

/** How many threads the backend `c` gives to networks that are worth it. */
function nativeThreads(backends: readonly Health[]): { count: number; why?: string } {
  const native = backends.find(({ name }) => name === "c");
  if (native?.runs) return { count: usualThreads(processors()) };
  return { count: 0, why: native?.why ?? "There is no such backend" };
}

/** Everything that doctor says. */
async function findings() {
  const last = backendEntries.at(-1);
  const expected = last === undefined ? [] : await trained(last.make({ deterministic: false }));
  const backends: Health[] = [];
  for (const entry of backendEntries) backends.push(await examined(entry, expected));
  const { entry, passedOver } = automatic();
  const { simd, relaxedSimd, threads: sharedMemory, bulkMemory } = features();
  const webAssembly = typeof WebAssembly !== "undefined";
  const works = backends.some(({ name, runs }) => runs && name === entry.name);
  return {
    chainrule: { version: CHAINRULE_VERSION, numerics },
    engine: engine(),
    machine: {
      platform: process.platform,
      architecture: process.arch,
      processor: processor(),
      cores: cores(),
    },
    features: { webAssembly, simd, relaxedSimd, sharedMemory, bulkMemory },
    threads: threadsHere(),
    nativeThreads: nativeThreads(backends),
    mpi: mpiHere(),
    permissions: permissions(),
    backends,
    auto: { takes: entry.name, passedOver, substitute: entry.asSubstitute },
    native: goesOver(entry.name, backends),
    ok: works && entry.asSubstitute === undefined,
  };
}

/** Whether `auto` may choose C or go over to it, and why not. */
function goesOver(takes: string, backends: readonly Health[]): { can: boolean; why?: string } {
  const c = backends.find(({ name }) => name === "c");
  if (!c?.runs) return { can: false, why: c?.why ?? "There is no such backend" };
  if (takes !== "wasm") return { can: false, why: `auto takes ${takes}` };
  if (variable("CHAINRULE_AUTO")?.trim() !== "wasm") return { can: true };
  return { can: false, why: "CHAINRULE_AUTO says wasm" };
}

type Findings = Awaited<ReturnType<typeof findings>>;

export async function doctorCommand(options: { readonly json?: boolean }): Promise<number> {
  const found = await findings();
  if (options.json) printJson(found);
  else report(found);
  return found.ok ? exit.ok : exit.no;
}

const yes = (is: boolean): string => (is ? green("yes") : red("no"));

const sentence = (text: string): string => `${text}.`;

function report(found: Findings): void {
  const { chainrule, machine, features: has, threads, nativeThreads: native, mpi } = found;
  print(bold(`chainrule ${chainrule.version}`) + dim(`, numerics ${chainrule.numerics}`));
  print();
  const facts: [string, string, string][] = [
    ["engine", engineName(), `${machine.platform} ${machine.architecture}`],
    ["processor", machine.processor, plural(machine.cores, "core")],
    ["WebAssembly", yes(has.webAssembly), ""],
    ["  SIMD", yes(has.simd), "needed: four numbers at once"],
    ["  relaxed SIMD", yes(has.relaxedSimd), "quicker products; --deterministic leaves it out"],
    ["  shared memory", yes(has.sharedMemory), "for several threads"],
    ["  bulk memory", yes(has.bulkMemory), "quicker copies"],
    ["threads", String(threads.count), threads.why ?? "for networks that are worth it"],
    ["  of c", String(native.count), native.why ?? "likewise, with --backend c"],
    ["MPI", yes("library" in mpi), "library" in mpi ? mpi.library : mpi.why],
  ];
  for (const line of columns(
    facts.map(([a, b, c]) => [a, b, dim(c)]),
    "<",
  ))
    print(line);
  if (found.permissions.length > 0) {
    print();
    print("permissions");
    const rows = found.permissions.map(({ flag, given, purpose }) => [
      `  ${flag}`,
      given ? green("given") : "not for everything",
      dim(`to ${purpose}`),
    ]);
    for (const line of columns(rows, "<")) print(line);
  }
  print();
  print("backends, the fastest first");
  const rows = found.backends.flatMap(({ name, runs, why, needs }) =>
    runs
      ? [[`  ${name}`, green("runs"), dim("has trained a small network")]]
      : [
          [`  ${name}`, red("does not run"), why ?? ""],
          ["", "", dim(`needs ${needs}`)],
        ],
  );
  for (const line of columns(rows, "<")) print(line);
  print();
  for (const line of verdict(found)) print(line);
}

/** What `auto` takes, why, and whether that is well. */
function verdict({ auto, native, backends, ok }: Findings): string[] {
  const ill = backends.find(({ name, runs }) => !runs && name === auto.takes);
  if (ill) {
    const why = `auto takes ${ill.name}, which says that it can run here, and does not: ${ill.why}.`;
    return wrapWords(`${why} Please report it; --backend interpreter does without it.`).map(red);
  }
  const before = auto.passedOver.map(({ name, why }) => `not ${name}: ${why}`);
  const reason = before.length === 0 ? "the fastest that it may choose" : before.join("; ");
  const over = native.can
    ? "It takes c where a network's library is kept, and goes over to c in the midst of a long training " +
      "with --deterministic or --no-reproducible"
    : `It does not go over to c: ${native.why}`;
  const lines = [
    ...wrapWords(sentence(`auto takes ${auto.takes}, ${reason}`)),
    ...wrapWords(sentence(over)),
  ];
  if (ok) return [...lines, green("Networks are trained by compiled code.")];
  return [...lines, red(sentence(`So ${auto.substitute ?? "training is not at its best"}`))];
}
