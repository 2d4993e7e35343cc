/** Long computations on one thread: timers, events and rendering get their turn in between. */

/** Time after which the event loop gets its turn, in ms. */
const patience = 20;

const immediate = (globalThis as { setImmediate?: (f: () => void) => void }).setImmediate;

/** Reading the clock takes as long as a step of a small network: so many ms may pass unread. */
const unread = 1;
/** … and so often it may be asked, since the next time may take longer than those before. */
const mostUnread = 64;

export class Turns {
  #since = performance.now();
  /** When the clock was read, how often it was asked since then, and when it is read next. */
  #read = this.#since;
  #asked = 0;
  #next = 1;

  /** Whether the others have waited long enough. */
  get due(): boolean {
    this.#asked++;
    if (this.#asked < this.#next) return false;
    const now = performance.now();
    const each = (now - this.#read) / this.#asked;
    // At most twice as many as the last time: what has been quick once may be slow.
    this.#next = Math.max(1, Math.min(mostUnread, 2 * this.#next, Math.floor(unread / each)));
    this.#read = now;
    this.#asked = 0;
    return now - this.#since > patience;
  }

  /** The same where what lies between two questions takes far longer than to read the clock. */
  get late(): boolean {
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
