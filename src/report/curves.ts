/** Curves over epochs as a drawing that needs nothing else. */
import { at } from "../core/at.ts";
import { log } from "../core/elementary/scalar.ts";
import { powerOfTen } from "../core/powers.ts";
import type { EpochReport } from "../train/fit.ts";
import { escapeText } from "./escape.ts";
import { num } from "./words.ts";

/** What is measured, in training and on the data held out, epoch by epoch. */
interface Curve {
  /** "loss", "accuracy", "R²" … */
  readonly name: string;
  readonly lines: readonly {
    readonly part: "training" | "held out";
    readonly points: readonly (readonly [epoch: number, value: number])[];
  }[];
}

type Measure = (report: EpochReport) => number | undefined;

/** All that is measured in these epochs, the loss first. */
export function curvesOf(epochs: readonly EpochReport[]): Curve[] {
  const counts = new Set(
    epochs.flatMap(({ counts = {}, validation }) =>
      Object.keys({ ...counts, ...validation?.counts }),
    ),
  );
  counts.delete("correct");
  counts.delete("labelled");
  const metrics = new Set(epochs.flatMap((r) => Object.keys(r.validation?.metrics ?? {})));
  const all: [name: string, training: Measure, heldOut: Measure][] = [
    ["loss", (r) => r.loss, (r) => r.validation?.loss],
    ["accuracy", (r) => r.accuracy, (r) => r.validation?.accuracy],
    ["gradient norm", (r) => r.gradientNorm, () => undefined],
    ["R²", () => undefined, (r) => r.validation?.r2],
    ...Array.from(metrics, (name): [string, Measure, Measure] => [
      name,
      () => undefined,
      (r) => r.validation?.metrics?.[name],
    ]),
    ...Array.from(counts, (name): [string, Measure, Measure] => [
      name,
      (r) => r.counts?.[name],
      (r) => r.validation?.counts?.[name],
    ]),
  ];
  const line = (part: "training" | "held out", measure: Measure) => {
    const points = epochs.flatMap((r): (readonly [number, number])[] => {
      const value = measure(r);
      return value === undefined || !Number.isFinite(value) ? [] : [[r.epoch, value]];
    });
    return points.length > 0 ? [{ part, points }] : [];
  };
  return all
    .map(([name, training, heldOut]) => ({
      name,
      lines: [...line("training", training), ...line("held out", heldOut)],
    }))
    .filter(({ lines }) => lines.length > 0);
}

const [width, height] = [420, 270];
const [left, right, top, bottom] = [58, 24, 34, 40];
/** Points that are drawn of a line, at most. */
const mostPoints = 600;

/** Of many points, the least and the largest of each stretch: no peak is lost. */
function thinned<P extends readonly [number, number]>(points: readonly P[]): readonly P[] {
  if (points.length <= mostPoints) return points;
  const stretches = mostPoints / 2;
  return Array.from({ length: stretches }, (_, s) => {
    const from = Math.floor((s * points.length) / stretches);
    const part = points.slice(from, Math.floor(((s + 1) * points.length) / stretches));
    const low = part.reduce((a, b) => (b[1] < a[1] ? b : a));
    const high = part.reduce((a, b) => (b[1] > a[1] ? b : a));
    return low === high ? [low] : low[0] < high[0] ? [low, high] : [high, low];
  }).flat();
}

/** Round numbers in a range, about so many: 1, 2 or 5 times a power of ten apart. */
export function roundSteps(low: number, high: number, about = 5): number[] {
  if (!(high > low)) return [low];
  const rough = (high - low) / about;
  const power = powerOfTen(Math.floor(log(rough) / Math.LN10));
  const step = power * ([1, 2, 5, 10].find((n) => n * power >= rough) ?? 10);
  const first = Math.ceil(low / step - 1e-9);
  const count = Math.floor(high / step + 1e-9) - first + 1;
  // Rounded, so that 3 · 0.1 is 0.3.
  return Array.from({ length: count }, (_, i) => Number(((first + i) * step).toPrecision(12)));
}

/** Powers of ten in a range, or 1, 2 and 5 times them where they are few. */
export function powersIn(low: number, high: number): number[] {
  const [first, last] = [low, high].map((x) => Math.floor(log(x) / Math.LN10 + 1e-9));
  const from = first ?? 0;
  const decades = Array.from({ length: (last ?? 0) - from + 2 }, (_, i) => powerOfTen(from + i));
  const inside = (list: readonly number[]) => list.filter((x) => x >= low && x <= high);
  const tens = inside(decades);
  const every = Math.ceil(tens.length / 6);
  if (tens.length > 2) return tens.filter((_, i) => i % every === 0);
  return inside(decades.flatMap((d) => [d, 2 * d, 5 * d]));
}

interface Axis {
  readonly place: (value: number) => number;
  readonly ticks: readonly number[];
}

/** From a range to pixels; by powers where all is positive and differs much. */
function axisOf(values: readonly number[], byPowers: boolean): Axis {
  let [low, high] = [Math.min(...values), Math.max(...values)];
  if (low === high)
    [low, high] = low === 0 ? [0, 1] : [low - Math.abs(low) / 2, low + Math.abs(low) / 2];
  const [from, to] = [height - bottom, top];
  if (byPowers) {
    const [a, b] = [log(low), log(high)];
    const place = (v: number) => from + ((log(v) - a) / (b - a)) * (to - from);
    return { place, ticks: powersIn(low, high) };
  }
  const place = (v: number) => from + ((v - low) / (high - low)) * (to - from);
  return { place, ticks: roundSteps(low, high) };
}

const px = (v: number): string => String(Math.round(10 * v) / 10);

/** The colours of a drawing that stands alone; in a report the page has them. */
export const lineStyle =
  "svg.plot{--ink:#1b1f24;--soft:#59636e;--rule:#d1d9e0;--one:#0550ae;--two:#bc4c00}" +
  "@media (prefers-color-scheme:dark){svg.plot{--ink:#f0f6fc;--soft:#a3adb8;--rule:#3d444d;" +
  "--one:#79c0ff;--two:#ffa657}}" +
  "@media print{svg.plot{--ink:#000;--soft:#333;--rule:#bbb;--one:#0550ae;--two:#a04100}}" +
  ".plot text{font:12.5px system-ui,sans-serif;fill:var(--soft)}.plot .name{font-weight:600;fill:var(--ink)}" +
  ".plot .rule{stroke:var(--rule);stroke-width:1}.plot polyline,.plot .key{fill:none;stroke-width:2;" +
  "stroke-linejoin:round}.plot .one{stroke:var(--one)}.plot .two{stroke:var(--two);stroke-dasharray:7 3}" +
  ".plot circle.one{fill:var(--one)}.plot circle.two{fill:var(--two)}";

/** One curve as SVG of 420 × 270; `y` moves it down in a drawing of several. */
export function curveSvg({ name, lines }: Curve, y?: number): string {
  const values = lines.flatMap(({ points }) => points.map(([, v]) => v));
  const epochs = lines.flatMap(({ points }) => points.map(([e]) => e));
  const [low, high] = [
    values.reduce((a, b) => Math.min(a, b)),
    values.reduce((a, b) => Math.max(a, b)),
  ];
  const byPowers = low > 0 && high / low > 20;
  const axis = axisOf([low, high], byPowers);
  const first = epochs.reduce((a, b) => Math.min(a, b));
  const last = epochs.reduce((a, b) => Math.max(a, b));
  const x = (epoch: number) =>
    first === last
      ? (left + width - right) / 2
      : left + ((epoch - first) / (last - first)) * (width - left - right);
  const rules = axis.ticks.map((tick) => {
    const at = px(axis.place(tick));
    return (
      `<line class="rule" x1="${left}" x2="${width - right}" y1="${at}" y2="${at}"/>` +
      `<text x="${left - 7}" y="${at}" text-anchor="end" dominant-baseline="central">${num(tick, 3)}</text>`
    );
  });
  const whole = roundSteps(first, last, 5).filter(Number.isInteger);
  const marks = whole.map((tick) => {
    const place = px(x(tick));
    return `<text x="${place}" y="${height - bottom + 17}" text-anchor="middle">${num(tick)}</text>`;
  });
  const drawn = lines.map(({ part, points }, i) => {
    const style = part === "training" ? "one" : "two";
    const path = thinned(points).map(([e, v]) => `${px(x(e))},${px(axis.place(v))}`);
    const dot = points.length === 1 ? path[0]?.split(",") : undefined;
    const shape = dot
      ? `<circle class="${style}" cx="${dot[0]}" cy="${dot[1]}" r="4"/>`
      : `<polyline class="${style}" points="${path.join(" ")}"/>`;
    const from = left + 118 + i * 108;
    return (
      `${shape}<line class="key ${style}" x1="${from}" x2="${from + 26}" y1="15" y2="15"/>` +
      `<text x="${from + 32}" y="15" dominant-baseline="central">${part}</text>`
    );
  });
  const said = lines.map(({ part, points }) => {
    const end = at(points, points.length - 1);
    return `${part}: ${num(at(points, 0)[1])} in epoch ${at(points, 0)[0]}, ${num(end[1])} in epoch ${end[0]}`;
  });
  const place = y === undefined ? "" : ` x="0" y="${y}"`;
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" class="plot"${place} viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${escapeText(`${name} by epoch; ${said.join("; ")}`)}">` +
    `<text class="name" x="6" y="15" dominant-baseline="central">${escapeText(name)}</text>` +
    `${rules.join("")}${marks.join("")}` +
    `<text x="${(left + width - right) / 2}" y="${height - 6}" text-anchor="middle">epoch</text>` +
    `${drawn.join("")}</svg>`
  );
}

/** All curves below each other as one file. */
export function curvesFile(curves: readonly Curve[]): string {
  const all = curves.map((curve, i) => curveSvg(curve, i * height)).join("");
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" class="plot" viewBox="0 0 ${width} ${height * curves.length}" width="${width}" height="${height * curves.length}">` +
    `<style>${lineStyle}svg.plot{background:#fff}@media (prefers-color-scheme:dark){svg.plot{background:#0d1117}}</style>${all}</svg>\n`
  );
}
