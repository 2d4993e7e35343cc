/** One line on the terminal that says how far the work is; nothing where nobody watches. */
import { count, duration } from "./numbers.ts";
import { faint, visible, watched, width } from "./terminal.ts";

/** How often it is to be updated: enough to look alive, seldom enough to cost nothing. */
export const interval = 100;
/** What takes less than this many seconds is over before a line could be read. */
const patience = 0.3;

export class ProgressLine {
  readonly #on: boolean;
  readonly #start = performance.now();
  readonly #first: number;
  readonly #total: number;
  #shown = false;

  /** `done` of `total` steps are behind us at the start. */
  constructor(total: number, done: number, on: boolean) {
    this.#on = on && watched();
    this.#total = total;
    this.#first = done;
  }

  /** Seconds since the start. */
  get elapsed(): number {
    return (performance.now() - this.#start) / 1000;
  }

  update(done: number, label: string, detail: string): void {
    if (!this.#on || this.elapsed < patience) return;
    const rate = (done - this.#first) / Math.max(this.elapsed, 1e-9);
    const left = (this.#total - done) / rate;
    const share = Math.min(1, done / Math.max(1, this.#total));
    const text = `${label}  ${count(rate)} steps/s  ${duration(left)} left  ${detail}`;
    const room = width(process.stderr) - visible(text) - 4;
    const bar = room >= 8 ? `${barOf(share, Math.min(room, 24))}  ` : "";
    this.#write(bar + text);
  }

  #write(text: string): void {
    // A line as wide as the terminal would wrap and could no longer be taken back.
    const line = text.slice(0, Math.max(0, width(process.stderr) - 1));
    process.stderr.write(`\r\x1b[K${faint(line)}`);
    this.#shown = true;
  }

  /** Takes the line away, so that something else can be printed. */
  clear(): void {
    if (this.#shown) process.stderr.write("\r\x1b[K");
    this.#shown = false;
  }
}

function barOf(share: number, columns: number): string {
  const full = Math.round(share * columns);
  return "━".repeat(full) + "┄".repeat(columns - full);
}
