/** The system's C compiler: which one, what it can do, and a library made with it. */
import { execFileSync, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { arch, cpus, platform } from "node:os";
import { fail } from "../../core/errors.ts";
import { missingFlag, variable } from "../../core/permission.ts";

/** A compiler that was asked who it is. */
export interface CCompiler {
  readonly command: string;
  /** What stands between the command and our own options, where CC says more than a name. */
  readonly first: readonly string[];
  readonly family: "gcc" | "clang";
  /** The first line that it says of itself. */
  readonly version: string;
}

/**
 * Strict IEEE 754, for this processor: a product and a sum are two operations unless the text says
 * otherwise, errno and traps are nobody's concern, and no loop's order is changed. `omp simd` on a loop
 * says that its turns may be done side by side, no more. GCC 12 takes an address that it has itself written
 * as 0 plus the rest for a null pointer's: what stands behind is then dead to it, a function that stores
 * something is pure, and the call is dropped, unless null pointers are nothing special.
 */
const options: readonly string[] = [
  ...["-std=c17", "-O2", arch() === "arm64" ? "-mcpu=native" : "-march=native"],
  ...["-fPIC", "-shared", "-w"],
  ...["-ffp-contract=off", "-fno-math-errno", "-fno-trapping-math"],
  ...[
    "-fno-strict-aliasing",
    "-fno-delete-null-pointer-checks",
    "-fopenmp-simd",
    "-fvisibility=hidden",
  ],
];

/** What older systems keep apart from C's own library. */
const libraries: readonly string[] = ["-lm", "-lpthread", "-ldl"];

/** The oldest versions that are known to do. */
const oldest = { gcc: 9, clang: 14 } as const;

/** Seconds for a question, and for a program: a compiler that hangs is stopped. */
const patience = { question: 10, program: () => Number(variable("CHAINRULE_CC_SECONDS")) || 120 };

const ask = (command: string, args: readonly string[]): string =>
  execFileSync(command, args, {
    encoding: "utf8",
    timeout: 1000 * patience.question,
    stdio: ["ignore", "pipe", "ignore"],
  });

/** A compiler, or the reason why there is none, as a sentence without its full stop. */
export function findCompiler(): CCompiler | string {
  if (platform() === "win32") return "Windows is not yet supported";
  const told = variable("CC")?.trim();
  const names = told ? [told] : ["cc", "gcc", "clang"];
  for (const name of names) {
    // Never through a shell: words are words.
    const [command = name, ...first] = name.split(/\s+/);
    let version: string;
    try {
      [version = ""] = ask(command, [...first, "--version"]).split("\n", 1);
    } catch (error) {
      const flag = missingFlag(error);
      if (flag !== undefined) return `Asking a compiler needs ${flag}`;
      continue;
    }
    const clang = /clang version (\d+)/i.exec(version);
    const number = Number((clang ?? /(\d+)\.\d+(\.\d+)?/.exec(version))?.[1]);
    const family = clang ? "clang" : "gcc";
    if (!(number >= oldest[family])) return `${command} is too old, or unknown: ${version}`;
    return { command, first, family, version };
  }
  const tried = names.join(", ");
  return told
    ? `The compiler that CC names does not answer: ${tried}`
    : `There is no C compiler here; looked for ${tried}`;
}

/** Bytes of a vector, as the compiler knows this processor. */
export function widest({ command, first }: CCompiler): number {
  let known = "";
  try {
    known = ask(command, [...first, ...options, "-dM", "-E", "-x", "c", "/dev/null"]);
  } catch {
    // Then those that every machine has.
  }
  return /__AVX512F__/.test(known) ? 64 : /__AVX2__/.test(known) ? 32 : 16;
}

/** What a library depends on beside its text. */
export function circumstances(compiler: CCompiler): string {
  const [first] = cpus();
  let features = "";
  try {
    features = /^(flags|Features)\s*:.*$/m.exec(readFileSync("/proc/cpuinfo", "utf8"))?.[0] ?? "";
  } catch {
    // Not Linux: the processor's name has to do.
  }
  const { command, first: more, version } = compiler;
  const all = [command, ...more, version, ...options, arch(), platform(), first?.model, features];
  return all.join("\n");
}

/** The name of a text's library. */
export const hashOf = (text: string, around: string): string =>
  createHash("sha256").update(around).update("\0").update(text).digest("hex").slice(0, 40);

const argumentsFor = (
  { first }: CCompiler,
  [source, library]: readonly [source: string, library: string],
  more: readonly string[] = [],
): string[] => [...first, ...options, ...more, "-o", library, source, ...libraries];

/** Makes a library of a file of C. @throws ChainruleError "backend-failed" */
export function compileFile(
  compiler: CCompiler,
  source: string,
  library: string,
  more: readonly string[],
): void {
  const { command } = compiler;
  try {
    execFileSync(command, argumentsFor(compiler, [source, library], more), {
      encoding: "utf8",
      timeout: 1000 * patience.program(),
      killSignal: "SIGKILL",
      stdio: ["ignore", "ignore", "pipe"],
      maxBuffer: 2 ** 26,
    });
  } catch (cause) {
    const { code, status, signal, stderr } = cause as Readonly<Record<string, unknown>>;
    failed(command, {
      hung: code === "ETIMEDOUT",
      said: String(stderr ?? ""),
      end: signal ?? `status ${status ?? code}`,
      cause,
    });
  }
}

/** Work in the background. */
export interface Making {
  /** @throws ChainruleError "backend-failed" */
  readonly done: Promise<void>;
  /** Ends it, if it still goes on. */
  stop(): void;
}

/** The same, while others go on: the program's end does not wait for it, and ends it. */
export function compileFileLater(compiler: CCompiler, source: string, library: string): Making {
  const { command } = compiler;
  // In a group of its own: what a compiler has started ends with it.
  const child = spawn(command, argumentsFor(compiler, [source, library]), {
    stdio: ["ignore", "ignore", "pipe"],
    detached: true,
  });
  const stop = (): void => {
    try {
      const runs = child.exitCode === null && child.signalCode === null;
      if (child.pid !== undefined && runs) process.kill(-child.pid, "SIGKILL");
    } catch {
      // It has just ended.
    }
  };
  let hung = false;
  const limit = setTimeout(() => {
    hung = true;
    stop();
  }, 1000 * patience.program());
  for (const waiting of [child, limit, child.stderr as { unref?(): void }]) waiting.unref?.();
  const said: string[] = [];
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    if (said.length < 64) said.push(text);
  });
  process.once("exit", stop);
  const done = new Promise<void>((resolve, reject) => {
    const ended = (work: () => void): void => {
      clearTimeout(limit);
      process.off("exit", stop);
      try {
        resolve(work());
      } catch (error) {
        reject(error);
      }
    };
    child.once("error", (cause) =>
      ended(() => failed(command, { hung, said: cause.message, end: "an error", cause })),
    );
    child.once("close", (status, signal) => {
      ended(() => {
        if (status === 0) return;
        failed(command, { hung, said: said.join(""), end: signal ?? `status ${status}` });
      });
    });
  });
  return { done, stop };
}

interface Failure {
  readonly hung: boolean;
  /** What the compiler has said. */
  readonly said: string;
  readonly end: unknown;
  readonly cause?: unknown;
}

function failed(command: string, { hung, said, end, cause }: Failure): never {
  const lines = said.trim().split("\n").slice(0, 8).join("\n");
  return fail("backend-failed", {
    message: `The C compiler ${hung ? "did not end" : "has failed"}: ${command}.`,
    found: hung
      ? `no library after ${patience.program()} seconds`
      : lines || `it ended with ${end}`,
    ...(cause === undefined ? {} : { cause }),
  });
}
