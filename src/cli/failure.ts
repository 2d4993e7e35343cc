/** How errors leave the program: a message and an exit code, never a stack trace. */
import { ChainruleError, type ErrorCode } from "../core/errors.ts";
import { explainRefusal, variable } from "../core/permission.ts";
import { NetworkFileError } from "../network-file/source.ts";
import { alarming, print, printJson, remark, width, wrapWords } from "./terminal.ts";

/** 0 ok, 1 the answer is no, 2 the input is wrong, 70 a fault of ours (sysexits.h). */
export const exit = { ok: 0, no: 1, wrongInput: 2, fault: 70, interrupted: 130 } as const;

/** Errors that are an answer, not a wrong input. */
const answers: readonly ErrorCode[] = ["not-finite", "gradient-mismatch"];

/** Errors as data; the stack only where somebody looks for a fault of ours. */
function failureJson(error: unknown): unknown {
  if (!(error instanceof ChainruleError)) {
    return { error: { code: "internal", message: String((error as Error)?.message ?? error) } };
  }
  const { code, expected, found, where, why, fix } = error;
  const message = error.message.split("\n", 1)[0];
  const problems = error instanceof NetworkFileError ? error.problems : undefined;
  return { error: { code, message, expected, found, where, why, fix, problems } };
}

/** As wide as the terminal; excerpts of files and places stay as they are. */
function linesOf(text: string): string[] {
  const columns = width(process.stderr);
  return text.split("\n").flatMap((line) => {
    const [, label, words] = /^(error | {2}(?:expected|found|fix) +)(.*)$/.exec(line) ?? [];
    if (label === undefined || words === undefined) return line;
    const [first = "", ...more] = wrapWords(words, " ".repeat(label.length), columns);
    return [label.replace("error", alarming("error")) + first.trimStart(), ...more];
  });
}

/** Prints an error and gives the exit code that belongs to it. */
export function report(error: unknown, json: false | "document" | "line"): number {
  const known = error instanceof ChainruleError;
  if (json === "line") print(JSON.stringify(failureJson(error)));
  else if (json) printJson(failureJson(error));
  else if (known) for (const line of linesOf(`error ${error.message}`)) remark(line);
  else {
    remark(`${alarming("fault")} ${String((error as Error)?.message ?? error)}`);
    remark("  This is a fault of chainrule itself, not of your input. Please report it;");
    remark("  with CHAINRULE_DEBUG=1 the trace is printed, which helps to find it.");
  }
  if (variable("CHAINRULE_DEBUG")) remark((error as Error)?.stack ?? "");
  if (!known) return exit.fault;
  return answers.includes(error.code) ? exit.no : exit.wrongInput;
}

/** What was to be read has not arrived. */
export const outputLost = (cause: NodeJS.ErrnoException): ChainruleError =>
  new ChainruleError("file-unwritable", {
    message: "What was printed could not be written.",
    found: cause.code === "ENOSPC" ? "a full disk" : (cause.code ?? cause.message),
    where: "the output",
    cause,
  });

/** What the engine refuses, or cannot give, is not a fault, but a limit. */
export function explained(error: unknown): unknown {
  try {
    explainRefusal(error, { message: "The engine does not permit what this command does." });
  } catch (refused) {
    return refused;
  }
  const { name, message } = (error ?? {}) as { name?: unknown; message?: unknown };
  if (name !== "RangeError" || !/alloc|array (buffer )?length|out of memory/i.test(String(message)))
    return error;
  return new ChainruleError("out-of-memory", {
    message: "The runtime cannot give so much memory.",
    found: String(message),
    cause: error,
  });
}
