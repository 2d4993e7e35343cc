/** Long computations on one thread: timers, events and rendering get their turn in between. */

/** Time after which the event loop gets its turn, in ms. */
const patience = 20;

const immediate = (globalThis as { setImmediate?: (f: () => void) => void }).setImmediate;

export class Turns {
  #since = performance.now();

  /** Whether the others have waited long enough. */
  get due(): boolean {
    return performance.now() - this.#since > patience;
  }

  async give(): Promise<void> {
    await new Promise<void>((resolve) => {
      if (immediate) immediate(resolve);
      else if (typeof MessageChannel === "function") {
        // Browsers slow timers down: nested ones to 4 ms, those of hidden tabs to a second.
        const { port1, port2 } = new MessageChannel();
        port1.onmessage = () => {
          port1.close();
          resolve();
        };
        port2.postMessage(null);
      } else setTimeout(resolve);
    });
    this.#since = performance.now();
  }
}
