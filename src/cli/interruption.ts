/** Ctrl-C and its relatives: the first asks to stop after the step, the second stops at once. */

/** Exit codes by signal: 128 + its number, as shells report it. */
const codes = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;
type Signal = keyof typeof codes;

export class Interruption {
  readonly #controller = new AbortController();
  readonly #listeners = new Map<Signal, () => void>();
  #caught: { readonly exitCode: number } | undefined;

  constructor() {
    for (const signal of Object.keys(codes) as Signal[]) {
      const listener = () => this.#catch(signal);
      this.#listeners.set(signal, listener);
      process.on(signal, listener);
    }
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** The signal that came, if one did. */
  get caught(): { readonly exitCode: number } | undefined {
    return this.#caught;
  }

  /** Stops as a signal would, where more was asked for than is to be done now. */
  pause(): void {
    this.#caught = { exitCode: 0 };
    this.#controller.abort();
  }

  #catch(signal: Signal): void {
    if (this.#caught) {
      // Nothing to clean up: files are replaced as a whole, and the cursor was never hidden.
      if (process.stderr.isTTY) process.stderr.write("\r\x1b[K");
      process.exit(codes[signal]);
    }
    this.#caught = { exitCode: codes[signal] };
    this.#controller.abort();
  }

  /** Signals do again what they usually do. */
  end(): void {
    for (const [signal, listener] of this.#listeners) process.off(signal, listener);
  }
}

/** Stops as a signal would once what holds our standard input is gone, however it went. */
export function endWithParent(): void {
  const { stdin } = process;
  stdin.on("end", () => {
    if (!process.emit("SIGTERM", "SIGTERM")) process.exit(codes.SIGTERM);
  });
  stdin.on("error", () => {});
  stdin.resume();
  // It is not what keeps us alive.
  (stdin as { unref?: () => void }).unref?.();
}
