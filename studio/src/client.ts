/** The page's side of the engine: calls that are answered, and pictures that come by themselves. */
import type { Api, EngineEvent, Method } from "./engine/api.ts";
import type { Failure, Frame } from "./protocol.ts";

/** What the engine could not do, in its own words. */
export class EngineError extends Error {
  readonly failure: Failure;
  constructor(failure: Failure) {
    super(failure.message);
    this.failure = failure;
  }
}

/** Opening a file may take so long, in ms; what takes longer is given up. */
const patience = 15_000;

/** Requests that go on beside the pictures: their answers say nothing about the state. */
const aside: readonly Method[] = ["acknowledge", "canvas", "forms", "late", "paint"];

interface Waiting {
  readonly method: Method;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

export class Client {
  #worker: Worker | undefined;
  #waiting = new Map<number, Waiting>();
  #id = 0;
  onframe: (frame: Frame) => void = () => {};
  /** Called before an answer is taken: pictures that were sent before it belong before it. */
  onanswer: () => void = () => {};
  /** Called after a worker had to be given up. */
  onrestart: () => void = () => {};

  #start(): Worker {
    const worker = new Worker(new URL("./engine/worker.ts", import.meta.url), { type: "module" });
    // Requests answer for their own errors: this one is the engine's script.
    worker.onerror = (event) => {
      event.preventDefault();
      this.#giveUp({
        code: "internal",
        message: "The engine of this page could not be loaded.",
        fix: "Load the page again.",
      });
    };
    worker.onmessage = ({ data }: MessageEvent<EngineEvent>) => {
      if ("frame" in data) return this.onframe(data.frame);
      const waiting = this.#waiting.get(data.id);
      this.#waiting.delete(data.id);
      if (waiting && !aside.includes(waiting.method)) this.onanswer();
      if ("failure" in data) waiting?.reject(new EngineError(data.failure));
      else waiting?.resolve(data.result);
    };
    return worker;
  }

  /** Loads the engine before it is asked for anything. */
  warm(): void {
    this.#worker ??= this.#start();
  }

  call<M extends Method>(
    method: M,
    args: Parameters<Api[M]>,
    transfer: Transferable[] = [],
  ): Promise<ReturnType<Api[M]>> {
    this.#worker ??= this.#start();
    const id = ++this.#id;
    this.#worker.postMessage({ id, method, args }, transfer);
    const answer = new Promise<ReturnType<Api[M]>>((resolve, reject) => {
      // The engine answers a method with what its type says.
      const answered = (value: unknown) => resolve(value as ReturnType<Api[M]>);
      this.#waiting.set(id, { method, resolve: answered, reject });
    });
    // Nobody waits for the answer to an acknowledgement.
    answer.catch(() => {});
    return answer;
  }

  /** The same, but with an end: the worker is given up if it does not answer. */
  async guarded<M extends Method>(method: M, args: Parameters<Api[M]>) {
    const timer = setTimeout(() => {
      this.#giveUp({
        code: "too-large",
        message: "This network takes too long for the page.",
        fix: "Use the command line for it: chainrule explain FILE.",
      });
      this.onrestart();
    }, patience);
    try {
      return await this.call(method, args);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Ends every call that waits for an answer: there will be none. */
  #giveUp(failure: Failure): void {
    this.#worker?.terminate();
    this.#worker = undefined;
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const { reject } of waiting) reject(new EngineError(failure));
  }
}
