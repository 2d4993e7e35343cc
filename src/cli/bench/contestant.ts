/** A library that is timed: a process that answers requests, as worker.ts describes them. */
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { createInterface } from "node:readline";

/** Seconds after which no answer is expected any more. `info` is asked first, while it starts. */
export const patience = { info: 30, init: 120, run: 120, fit: 120 } as const;

interface Question {
  readonly cmd: keyof typeof patience;
  readonly id?: string;
  readonly steps?: number;
  readonly budget?: number;
}

/** Why a contestant is left out, of one workload or, where it is gone, of all. */
export class LeftOut extends Error {
  readonly kind: "gone" | "wrong" | "refused";

  constructor(reason: string, kind: LeftOut["kind"], cause?: unknown) {
    super(reason, { cause });
    this.kind = kind;
  }
}

type Reply = Readonly<Record<string, unknown>>;

/** More of a message of somebody else's program is not shown, nor what would move the cursor. */
const shown = (text: string): string =>
  text
    .replace(/\p{Cc}+/gu, " ")
    .trim()
    .slice(0, 200);

/** A program and what it is given. */
export type Command = readonly [file: string, ...args: string[]];

export class Contestant {
  readonly name: string;
  readonly #process: ChildProcessWithoutNullStreams;
  /** The last line that it wrote to its error stream. */
  #lastWords = "";
  #gone: LeftOut | undefined;
  /** What waits for an answer; a process is asked one thing at a time. */
  #waiting: { answer(line: string): void; fail(why: LeftOut): void } | undefined;

  constructor(name: string, [file, ...args]: Command) {
    this.name = name;
    const child = spawn(file, args, { stdio: ["pipe", "pipe", "pipe"] });
    this.#process = child;
    child.on("error", (error: NodeJS.ErrnoException) => {
      const why = error.code === "ENOENT" ? "there is no such command" : error.message;
      this.#end(`could not start ${shown(file)}: ${shown(why)}`, error);
    });
    child.on("close", (code, signal) => {
      const how = signal ? `was ended by ${signal}` : `ended with exit code ${code}`;
      this.#end(this.#lastWords ? `${how}: ${this.#lastWords}` : how);
    });
    // What is written to a process that has ended is lost; its end is reported above.
    child.stdin.on("error", () => {});
    createInterface({ input: child.stderr }).on("line", (line) => {
      this.#lastWords = shown(line) || this.#lastWords;
    });
    createInterface({ input: child.stdout }).on("line", (line) => {
      if (line.startsWith("@")) this.#waiting?.answer(line.slice(1));
    });
  }

  /** @throws LeftOut where there is no answer to be had. */
  async ask(question: Question, seconds: number = patience[question.cmd]): Promise<Reply> {
    if (this.#gone) throw this.#gone;
    const text = await new Promise<string>((resolve, reject) => {
      const limit = setTimeout(
        () => this.#end(`gave no answer to “${question.cmd}” within ${seconds} s`),
        1000 * seconds,
      );
      const settle = () => {
        clearTimeout(limit);
        this.#waiting = undefined;
      };
      this.#waiting = {
        answer: (line) => {
          settle();
          resolve(line);
        },
        fail: (why) => {
          settle();
          reject(why);
        },
      };
      this.#process.stdin.write(`${JSON.stringify(question)}\n`);
    });
    const reply = parsed(text);
    if (!reply) throw this.#end(`answered “${question.cmd}” with something else than JSON`);
    if (!reply.ok) throw new LeftOut(`refuses: ${shown(String(reply.error))}`, "refused");
    return reply;
  }

  /** Ends the process; it has nothing to save, and could be stuck. */
  close(): void {
    this.#process.kill("SIGKILL");
    for (const stream of this.#process.stdio) stream?.destroy();
  }

  #end(reason: string, cause?: unknown): LeftOut {
    this.#gone ??= new LeftOut(reason, "gone", cause);
    this.#waiting?.fail(this.#gone);
    this.close();
    return this.#gone;
  }
}

function parsed(text: string): Reply | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Reply) : undefined;
  } catch {
    return undefined;
  }
}
