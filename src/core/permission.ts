/** What an engine refuses because its command line does not allow it, and the flag that does. */
import { engine, engineName } from "./engine.ts";
import { type ErrorFacts, fail } from "./errors.ts";

/** Node's flags by the permission that an error names; Deno's messages name the flag. */
const nodeFlags: Readonly<Record<string, string>> = {
  FileSystemRead: "--allow-fs-read",
  FileSystemWrite: "--allow-fs-write",
  ChildProcess: "--allow-child-process",
  WorkerThreads: "--allow-worker",
  Net: "--allow-net",
};

/** The flag that was missing, if that is what the error says. */
export function missingFlag(error: unknown): string | undefined {
  const { name, code, message, permission } = (error ?? {}) as Readonly<Record<string, unknown>>;
  if (name !== "NotCapable" && code !== "ERR_ACCESS_DENIED") return undefined;
  return nodeFlags[String(permission)] ?? /--allow-[a-z-]+/.exec(String(message))?.[0];
}

interface Refused extends Pick<ErrorFacts, "message" | "where"> {
  /** What to pass, where more is needed than the engine has noticed so far. */
  readonly flags?: () => readonly string[];
}

/**
 * Nothing, unless the error is a missing permission.
 *
 * @throws ChainruleError "not-permitted" that names the flag.
 */
export function explainRefusal(error: unknown, { flags, ...facts }: Refused): void {
  const flag = missingFlag(error);
  if (flag === undefined) return;
  const { name } = engine();
  fail("not-permitted", {
    ...facts,
    expected: `${name} started with ${flag}`,
    found: `${engineName()} without it`,
    fix: `Run ${name} again with ${(flags?.() ?? [flag]).join(" ")}.`,
    cause: error,
  });
}

/** What allows reading files in a folder, or also writing them; each engine has its own flags. */
export function fileFlags(folder: string, writing: boolean): readonly string[] {
  const prefix = engine().name === "Deno" ? "--allow" : "--allow-fs";
  const place = /[^\w./:=@%+\\-]/.test(folder) ? JSON.stringify(folder) : folder;
  return (writing ? ["read", "write"] : ["read"]).map((what) => `${prefix}-${what}=${place}`);
}

/** An environment variable, where reading it is allowed: none of ours is worth a permission. */
export function variable(name: string): string | undefined {
  const { process } = globalThis as { process?: { env?: Record<string, string | undefined> } };
  try {
    return process?.env?.[name];
  } catch (error) {
    if (missingFlag(error) === undefined) throw error;
    return undefined;
  }
}

/**
 * Does the work, and again with an empty environment if it may not read its own: libraries look for
 * debug variables. The work must not wait for anything, nor leave anything behind when it fails.
 */
export function withoutEnvironment<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (missingFlag(error) !== "--allow-env") throw error;
    const { process } = globalThis;
    const { env } = process;
    process.env = {};
    try {
      return work();
    } finally {
      process.env = env;
    }
  }
}
