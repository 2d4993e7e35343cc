/** One line on the terminal that says how far the work is; nothing where nobody watches. */
import type { ReadingProgress } from "../data/read-table.ts";
import { count, duration } from "./numbers.ts";
import { faint, visible, watched, width } from "./terminal.ts";

/** How often it is to be updated: enough to look alive, seldom enough to cost nothing. */
export const interval = 100;
/** What takes less than this many seconds is over before a line could be read. */
const patience = 0.3;

/** The line itself, written over and taken away. */
class Line {
  readonly #on: boolean;
  readonly #start = performance.now();
  #shown = false;

  constructor(on: boolean) {
    this.#on = on && watched();
  }

  /** Whether anybody would see it. */
  get visible(): boolean {
    return this.#on && this.elapsed >= patience;
  }

  /** Seconds since the start. */
  get elapsed(): number {
    return (performance.now() - this.#start) / 1000;
  }

  /** Shows how much is done, if it is known, as a bar before the text. */
  write(share: number | undefined, text: string): void {
    const room = width(process.stderr) - visible(text) - 4;
    const bar = share !== undefined && room >= 8 ? `${barOf(share, Math.min(room, 24))}  ` : "";
    // A line as wide as the terminal would wrap and could no longer be taken back.
    const line = (bar + text).slice(0, Math.max(0, width(process.stderr) - 1));
    process.stderr.write(`\r\x1b[K${faint(line)}`);
    this.#shown = true;
  }

  /** Takes the line away, so that something else can be printed. */
  clear(): void {
    if (this.#shown) process.stderr.write("\r\x1b[K");
    this.#shown = false;
  }
}

/** How far training is. */
export class ProgressLine {
  readonly #line: Line;
  readonly #first: number;
  readonly #total: number;

  /** `done` of `total` steps are behind us at the start. */
  constructor(total: number, done: number, on: boolean) {
    this.#line = new Line(on);
    this.#total = total;
    this.#first = done;
  }

  /** Seconds since the start. */
  get elapsed(): number {
    return this.#line.elapsed;
  }

  update(done: number, label: string, detail: string): void {
    if (!this.#line.visible) return;
    const rate = (done - this.#first) / Math.max(this.elapsed, 1e-9);
    const left = (this.#total - done) / rate;
    const share = Math.min(1, done / Math.max(1, this.#total));
    this.#line.write(share, `${label}  ${count(rate)} steps/s  ${duration(left)} left  ${detail}`);
  }

  clear(): void {
    this.#line.clear();
  }
}

/** How far a sweep is. */
export class SweepLine {
  readonly #line: Line;
  #last = 0;

  constructor(on: boolean) {
    this.#line = new Line(on);
  }

  /** Seconds since the start. */
  get elapsed(): number {
    return this.#line.elapsed;
  }

  /** `share` of the work is done, `first` of it was before. */
  update(share: number, first: number, text: string): void {
    if (!this.#line.visible || this.elapsed - this.#last < interval / 1000) return;
    this.#last = this.elapsed;
    const left = (this.elapsed * (1 - share)) / Math.max(share - first, 1e-9);
    this.#line.write(share, `${text}  ${duration(left)} left`);
  }

  clear(): void {
    this.#line.clear();
  }
}

/** How far a table is read. */
export class ReadingLine {
  readonly #line: Line;
  #last = 0;

  constructor(on: boolean) {
    this.#line = new Line(on);
  }

  update(file: string, { bytes, total, rows }: ReadingProgress): void {
    if (!this.#line.visible || this.#line.elapsed - this.#last < interval / 1000) return;
    this.#last = this.#line.elapsed;
    const share = total === undefined ? undefined : bytes / Math.max(1, total);
    this.#line.write(share, `reading ${file}  ${count(bytes / 1e6)} MB  ${count(rows)} rows`);
  }

  clear(): void {
    this.#line.clear();
  }
}

const blocks = "▁▂▃▄▅▆▇█";

/** The course of a measure in so many signs, the last ones where it is long; "" of fewer than two. */
export function sparkline(values: readonly number[], columns = 12): string {
  const finite = values.filter(Number.isFinite);
  if (finite.length < 2) return "";
  const count = Math.min(columns, finite.length);
  // Of each stretch its last value: so the end is where it is now.
  const shown = Array.from(
    { length: count },
    (_, i) => finite[Math.ceil(((i + 1) * finite.length) / count) - 1] ?? 0,
  );
  const [low, high] = [Math.min(...shown), Math.max(...shown)];
  const step = (v: number) => (high > low ? Math.round((7 * (v - low)) / (high - low)) : 0);
  return shown.map((v) => blocks[step(v)]).join("");
}

function barOf(share: number, columns: number): string {
  const full = Math.round(share * columns);
  return "━".repeat(full) + "┄".repeat(columns - full);
}
