/** The loss by learning rate, as a drawing that needs nothing else. */
import { log } from "../core/elementary/scalar.ts";
import type { RateCurve } from "../train/rate-finder.ts";
import { lineStyle } from "./curves.ts";
import { escapeText } from "./escape.ts";
import { scaleOf } from "./sweep-picture.ts";
import { spansPowers } from "./sweep-view.ts";
import { num } from "./words.ts";

const [width, height] = [520, 320];
const [left, right, top, bottom] = [62, 24, 34, 44];
const px = (v: number): string => String(Math.round(10 * v) / 10);

/** Dots: the batches' losses; the line: smoothed; upright: the rate that is suggested. */
export function rateSvg({ curve, suggestion }: RateCurve): string {
  const rates = curve.map(({ learningRate }) => learningRate);
  const smoothed = curve.map((point) => point.smoothed);
  const [low, high] = [Math.min(...smoothed), Math.max(...smoothed)];
  // The last losses may be many times the others, and say nothing.
  const most = low > 0 ? Math.max(high, low) : high;
  const inside = curve.filter(({ loss }) => loss <= most && loss >= Math.min(low, most));
  const scale = scaleOf(smoothed, spansPowers(smoothed));
  const across = scaleOf(rates, true);
  const x = (rate: number) => left + across.share(rate) * (width - left - right);
  const place = (share: number) => height - bottom - share * (height - top - bottom);
  const rules = scale.ticks.map(
    ({ text, share }) =>
      `<line class="rule" x1="${left}" x2="${width - right}" y1="${px(place(share))}" y2="${px(place(share))}"/>` +
      `<text x="${left - 7}" y="${px(place(share))}" text-anchor="end" dominant-baseline="central">${escapeText(text)}</text>`,
  );
  const decades = rates.length > 1 ? log((rates.at(-1) ?? 1) / (rates[0] ?? 1)) / Math.LN10 : 0;
  const every = Math.max(1, Math.ceil(decades / 8));
  const marks = across.ticks
    .filter((_, i) => i % every === 0)
    .map(
      ({ text, share }) =>
        `<text x="${px(left + share * (width - left - right))}" y="${height - bottom + 17}" text-anchor="middle">${escapeText(text)}</text>`,
    );
  const dots = inside.map(
    ({ learningRate, loss }) =>
      `<circle class="one" cx="${px(x(learningRate))}" cy="${px(place(scale.share(loss)))}" r="2"/>`,
  );
  const path = curve.map((p) => `${px(x(p.learningRate))},${px(place(scale.share(p.smoothed)))}`);
  const chosen =
    suggestion === undefined
      ? ""
      : `<line class="key two" x1="${px(x(suggestion))}" x2="${px(x(suggestion))}" y1="${top}" y2="${height - bottom}"/>` +
        `<text class="name" x="${px(x(suggestion))}" y="${top - 6}" text-anchor="middle">${num(suggestion, 2)}</text>`;
  const label = `loss by learning rate${suggestion === undefined ? "" : `; ${num(suggestion, 2)} is suggested`}`;
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" class="plot" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${escapeText(label)}">` +
    `<style>${lineStyle}svg.plot{background:#fff}@media (prefers-color-scheme:dark){svg.plot{background:#0d1117}}</style>` +
    `<text class="name" x="6" y="15" dominant-baseline="central">loss</text>${rules.join("")}${marks.join("")}${chosen}` +
    `${dots.join("")}<polyline class="one" points="${path.join(" ")}"/>` +
    `<text x="${(left + width - right) / 2}" y="${height - 8}" text-anchor="middle">learning rate</text></svg>\n`
  );
}
