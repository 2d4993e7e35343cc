/** What a sweep found, drawn: all settings side by side, and the loss over each of them. */
import { at } from "../core/at.ts";
import { log } from "../core/elementary/scalar.ts";
import { lineStyle, powersIn, roundSteps } from "./curves.ts";
import { escapeText } from "./escape.ts";
import { type SweepView, settingNumbers, spansPowers } from "./sweep-view.ts";
import { num } from "./words.ts";

interface Tick {
  readonly text: string;
  /** From 0 to 1. */
  readonly share: number;
}

/** From values to a share of an axis. */
interface Scale {
  readonly share: (value: number) => number;
  readonly ticks: readonly Tick[];
}

export function scaleOf(values: readonly number[], byPowers: boolean): Scale {
  let [low, high] = [Math.min(...values), Math.max(...values)];
  if (low === high)
    [low, high] = low === 0 ? [-1, 1] : [low - Math.abs(low) / 2, low + Math.abs(low) / 2];
  const f = byPowers ? log : (x: number) => x;
  const share = (v: number) => (f(v) - f(low)) / (f(high) - f(low));
  const found = byPowers ? powersIn(low, high) : roundSteps(low, high, 4);
  return { share, ticks: found.map((v) => ({ text: num(v, 3), share: share(v) })) };
}

/** Each different value of a list has its place; numbers stand in order. */
function placesOf(values: readonly string[]): { places: number[]; ticks: Tick[] } {
  const all = [...new Set(values)];
  if (all.every((v) => Number.isFinite(Number(v)))) all.sort((a, b) => Number(a) - Number(b));
  const share = (v: string) => (all.length < 2 ? 0.5 : all.indexOf(v) / (all.length - 1));
  const shown = (v: string) => (v.length > 14 ? `${v.slice(0, 13)}…` : v);
  return {
    places: values.map(share),
    ticks: all.map((v) => ({ text: shown(v), share: share(v) })),
  };
}

interface Column {
  readonly name: string;
  readonly places: readonly (number | undefined)[];
  readonly ticks: readonly Tick[];
}

function columnsOf(view: SweepView): Column[] {
  const settings = view.settings.map(({ name, byPowers }, k): Column => {
    const numbers = byPowers === undefined ? undefined : settingNumbers(view, k);
    if (numbers === undefined || numbers.length === 0) {
      return { name, ...placesOf(view.rows.map(({ values }) => at(values, k))) };
    }
    const scale = scaleOf(numbers, byPowers === true);
    return { name, places: numbers.map(scale.share), ticks: scale.ticks };
  });
  return [...settings, lossColumn(view)];
}

const lossesOf = ({ rows }: SweepView): number[] =>
  rows.flatMap(({ loss }) => (loss === undefined || !Number.isFinite(loss) ? [] : [loss]));

function lossColumn(view: SweepView): Column {
  const losses = lossesOf(view);
  if (losses.length === 0) return { name: view.measure, places: [], ticks: [] };
  const scale = scaleOf(losses, spansPowers(losses));
  const place = (loss: number | undefined) =>
    loss === undefined || !Number.isFinite(loss) ? undefined : scale.share(loss);
  return {
    name: view.measure,
    places: view.rows.map(({ loss }) => place(loss)),
    ticks: scale.ticks,
  };
}

const px = (v: number): string => String(Math.round(10 * v) / 10);

/** How much a run stands out: the best most. */
const weightOf = (rank: number, runs: number): string =>
  px(Math.max(0.2, 0.9 - (0.8 * rank) / Math.max(1, runs - 1)));

const open = (width: number, height: number, label: string, y?: number): string =>
  `<svg xmlns="http://www.w3.org/2000/svg" class="plot sweep"${y === undefined ? "" : ` x="0" y="${y}"`} ` +
  `viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${escapeText(label)}">`;

const parallelHeight = 330;

/** A line for each run through its settings to its loss; the best is the strong one. */
export function parallelSvg(view: SweepView, y?: number): string {
  const columns = columnsOf(view);
  const [left, right, top, bottom] = [70, 70, 46, 34];
  const step = Math.max(140, 700 / Math.max(1, columns.length - 1));
  const width = left + right + step * (columns.length - 1);
  const x = (k: number) => left + k * step;
  const h = (share: number) => parallelHeight - bottom - share * (parallelHeight - top - bottom);
  const axes = columns.map(({ name, ticks }, k) => {
    const marks = ticks.map(
      ({ text, share }) =>
        `<text x="${px(x(k) + 6)}" y="${px(h(share))}" dominant-baseline="central">${escapeText(text)}</text>`,
    );
    return (
      `<line class="axis" x1="${px(x(k))}" x2="${px(x(k))}" y1="${top}" y2="${parallelHeight - bottom}"/>` +
      `<text class="name" x="${px(x(k))}" y="22" text-anchor="middle">${escapeText(name)}</text>${marks.join("")}`
    );
  });
  const lines = view.rows.map(({ run, remark, loss }, rank) => {
    const known = columns.flatMap(({ places }, k) => {
      const share = places[rank];
      return share === undefined ? [] : [`${px(x(k))},${px(h(share))}`];
    });
    const whole = loss !== undefined && Number.isFinite(loss);
    const style = !whole ? "gone" : rank === 0 ? "two" : "one";
    const faded = style === "one" ? ` stroke-opacity="${weightOf(rank, view.rows.length)}"` : "";
    const says = `${run}: ${whole ? num(loss) : remark}`;
    return `<polyline class="${style}"${faded} points="${known.join(" ")}"><title>${escapeText(says)}</title></polyline>`;
  });
  const best = view.rows[0];
  const label = `${view.rows.length} runs; the best is ${best?.run ?? "none"}`;
  // The best goes over the others.
  return `${open(width, parallelHeight, label, y)}${[...lines].reverse().join("")}${axes.join("")}</svg>`;
}

const [wide, high] = [420, 270];

/** The loss of each run over one setting. */
export function settingSvg(view: SweepView, k: number, y?: number): string {
  const column = at(columnsOf(view), k);
  const loss = lossColumn(view);
  const [left, right, top, bottom] = [58, 24, 34, 40];
  const x = (share: number) => left + (0.04 + 0.92 * share) * (wide - left - right);
  const h = (share: number) => high - bottom - (0.03 + 0.94 * share) * (high - top - bottom);
  const rules = loss.ticks.map(
    ({ text, share }) =>
      `<line class="rule" x1="${left}" x2="${wide - right}" y1="${px(h(share))}" y2="${px(h(share))}"/>` +
      `<text x="${left - 7}" y="${px(h(share))}" text-anchor="end" dominant-baseline="central">${escapeText(text)}</text>`,
  );
  const marks = column.ticks.map(
    ({ text, share }) =>
      `<text x="${px(x(share))}" y="${high - bottom + 17}" text-anchor="middle">${escapeText(text)}</text>`,
  );
  const dots = view.rows.map(({ run, loss: value, remark }, rank) => {
    const [a, b] = [column.places[rank], loss.places[rank]];
    if (a === undefined) return "";
    if (b === undefined) {
      return `<text class="gone" x="${px(x(a))}" y="${top + 4}" text-anchor="middle">×<title>${escapeText(`${run}: ${remark}`)}</title></text>`;
    }
    const style = rank === 0 ? "two" : "one";
    return `<circle class="${style}" cx="${px(x(a))}" cy="${px(h(b))}" r="${rank === 0 ? 5.5 : 4}"><title>${escapeText(`${run}: ${num(value ?? 0)}`)}</title></circle>`;
  });
  const label = `${view.measure} by ${column.name}`;
  return (
    `${open(wide, high, label, y)}<text class="name" x="6" y="15" dominant-baseline="central">${escapeText(view.measure)}</text>` +
    `${rules.join("")}${marks.join("")}${[...dots].reverse().join("")}` +
    `<text x="${(left + wide - right) / 2}" y="${high - 6}" text-anchor="middle">${escapeText(column.name)}</text></svg>`
  );
}

/** The loss by epoch of every run; the best is the strong one. */
export function coursesSvg(view: SweepView): string {
  const all = view.rows.map(({ course }) => course.filter(([, v]) => Number.isFinite(v)));
  const points = all.flat();
  if (points.length === 0) return "";
  const losses = points.map(([, v]) => v);
  const scale = scaleOf(losses, spansPowers(losses));
  const last = Math.max(...points.map(([e]) => e));
  const [left, right, top, bottom] = [58, 24, 34, 40];
  const x = (e: number) => left + (last === 1 ? 0.5 : (e - 1) / (last - 1)) * (wide - left - right);
  const h = (v: number) => high - bottom - scale.share(v) * (high - top - bottom);
  const rules = scale.ticks.map(({ text, share }) => {
    const place = px(high - bottom - share * (high - top - bottom));
    return (
      `<line class="rule" x1="${left}" x2="${wide - right}" y1="${place}" y2="${place}"/>` +
      `<text x="${left - 7}" y="${place}" text-anchor="end" dominant-baseline="central">${escapeText(text)}</text>`
    );
  });
  const marks = roundSteps(1, last, 5)
    .filter(Number.isInteger)
    .map(
      (e) =>
        `<text x="${px(x(e))}" y="${high - bottom + 17}" text-anchor="middle">${num(e)}</text>`,
    );
  const lines = all.map((course, rank) => {
    const style = rank === 0 ? "two" : "one";
    const faded = rank === 0 ? "" : ` stroke-opacity="${weightOf(rank, all.length)}"`;
    const path = course.map(([e, v]) => `${px(x(e))},${px(h(v))}`).join(" ");
    return `<polyline class="${style}"${faded} points="${path}"><title>${escapeText(view.rows[rank]?.run ?? "")}</title></polyline>`;
  });
  return (
    `${open(wide, high, `${view.measure} by epoch, ${all.length} runs`)}<text class="name" x="6" y="15" dominant-baseline="central">${escapeText(view.measure)}</text>` +
    `${rules.join("")}${marks.join("")}${lines.reverse().join("")}` +
    `<text x="${(left + wide - right) / 2}" y="${high - 6}" text-anchor="middle">epoch</text></svg>`
  );
}

export const sweepStyle =
  "svg.sweep{--halo:#fff}@media (prefers-color-scheme:dark){svg.sweep{--halo:#0d1117}}@media print{svg.sweep{--halo:#fff}}" +
  ".sweep text{paint-order:stroke;stroke:var(--halo);stroke-width:3px}.sweep .two{stroke-dasharray:none;stroke-width:3}.sweep polyline.gone{fill:none;stroke:var(--soft);stroke-width:1;" +
  "stroke-dasharray:2 4}.sweep text.gone{font-size:15px}.sweep .axis{stroke:var(--soft);stroke-width:1}.sweep circle{fill-opacity:.7}";

/** All of it as one file. */
export function sweepPicture(view: SweepView): string {
  const settings = view.settings.map((_, k) => k);
  const several = settings.length > 1;
  const from = several ? parallelHeight + 10 : 0;
  const width = several ? Math.max(wide, 140 + Math.max(140 * settings.length, 700)) : wide;
  const across = Math.max(1, Math.floor(width / wide));
  const placed = settings.map((k) => {
    const y = from + Math.floor(k / across) * high;
    return settingSvg(view, k, y).replace('x="0"', `x="${(k % across) * wide}"`);
  });
  const height = from + Math.ceil(settings.length / across) * high;
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" class="plot sweep" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}">` +
    `<style>${lineStyle}${sweepStyle}svg.plot{background:#fff}@media (prefers-color-scheme:dark){svg.plot{background:#0d1117}}</style>` +
    `${several ? parallelSvg(view, 0) : ""}${placed.join("")}</svg>\n`
  );
}
