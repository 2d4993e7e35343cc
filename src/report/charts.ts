/** Which classes were taken for which, and predictions beside targets. */
import { at } from "../core/at.ts";
import { roundSteps } from "./curves.ts";
import { escapeText } from "./escape.ts";
import type { PredictedTrue } from "./examples.ts";
import { counted, num, percentage, tableHtml } from "./words.ts";

type Matrix = readonly (readonly number[])[];

/** What is counted of one class. */
interface ClassScores {
  /** Examples of the class. */
  readonly examples: number;
  /** Of those taken for it, the share that is. */
  readonly precision: number | undefined;
  /** Of those that are, the share taken for it. */
  readonly recall: number | undefined;
  /** 2·precision·recall/(precision + recall). */
  readonly f1: number | undefined;
}

/**
 * precision = right/(taken for it), recall = right/(of the class), F₁ = 2·right/(both together), for
 * each class of confusion[actual][predicted]; undefined where nothing is divided by.
 */
export function classScores(matrix: Matrix): ClassScores[] {
  return matrix.map((row, label) => {
    const right = at(row, label);
    const examples = row.reduce((a, b) => a + b, 0);
    const taken = matrix.reduce((sum, other) => sum + at(other, label), 0);
    const share = (part: number, whole: number) => (whole === 0 ? undefined : part / whole);
    return {
      examples,
      precision: share(right, taken),
      recall: share(right, examples),
      f1: share(2 * right, taken + examples),
    };
  });
}

/** Classes up to which a matrix can be read. */
const mostClasses = 20;
/** Of more, so many confusions are listed. */
const mostListed = 20;

const naming = (names: readonly string[] | undefined) => (label: number) =>
  names?.[label] ?? String(label);

/** How often each class was taken for each, as a table; of many classes the usual confusions. */
export function confusionHtml(matrix: Matrix, names: readonly string[] | undefined): string {
  const name = naming(names);
  if (matrix.length > mostClasses) {
    const wrong = matrix.flatMap((row, i) =>
      row.flatMap((n, j) => (i !== j && n > 0 ? [{ i, j, n }] : [])),
    );
    if (wrong.length === 0) return "<p>No example was taken for another class.</p>";
    const rows = wrong.sort((a, b) => b.n - a.n).slice(0, mostListed);
    return (
      `<p>There are ${matrix.length} classes; these were confused most often.</p>` +
      tableHtml(
        ["is", "was taken for", { number: "times" }],
        rows.map(({ i, j, n }) => [name(i), name(j), { number: counted(n) }]),
      )
    );
  }
  const rows = matrix.map((row, i) => {
    const whole = Math.max(
      1,
      row.reduce((a, b) => a + b, 0),
    );
    const cells = row.map((n, j) => {
      const share = Math.round((100 * n) / whole);
      const kind = n === 0 ? "zero" : i === j ? "right" : "wrong";
      return `<td class="n ${kind}" style="--s:${share}%">${n === 0 ? "·" : counted(n)}</td>`;
    });
    return `<tr><th scope="row">${escapeText(name(i))}</th>${cells.join("")}</tr>`;
  });
  const head = matrix.map((_, j) => `<th scope="col" class="n">${escapeText(name(j))}</th>`);
  return (
    `<div class="scroll"><table class="confusion"><thead><tr><th>is ↓ &nbsp; taken for →</th>` +
    `${head.join("")}</tr></thead><tbody>${rows.join("")}</tbody></table></div>`
  );
}

/** Precision, recall and F₁ of each class. */
export function scoresHtml(matrix: Matrix, names: readonly string[] | undefined): string {
  const name = naming(names);
  const share = (x: number | undefined) => ({ number: x === undefined ? "–" : percentage(x) });
  const scored = classScores(matrix).map((scores, i) => ({ ...scores, class: name(i) }));
  const shown =
    scored.length <= mostClasses
      ? scored
      : [...scored].sort((a, b) => (a.f1 ?? 0) - (b.f1 ?? 0)).slice(0, mostListed);
  const few = shown.length < scored.length ? "<p>The classes with the least F₁:</p>" : "";
  return (
    few +
    tableHtml(
      [
        "class",
        { number: "examples" },
        { number: "precision" },
        { number: "recall" },
        { number: "F₁" },
      ],
      shown.map((s) => [
        s.class,
        { number: counted(s.examples) },
        share(s.precision),
        share(s.recall),
        share(s.f1),
      ]),
    )
  );
}

const [size, left, bottom, free] = [380, 58, 44, 12];

/** Predictions over targets; on the line both are the same. */
export function scatterSvg(pairs: readonly PredictedTrue[], name: string): string {
  const all = pairs.flat();
  const [least, most] = [
    all.reduce((a, b) => Math.min(a, b)),
    all.reduce((a, b) => Math.max(a, b)),
  ];
  const [low, high] = least === most ? [least - 1, most + 1] : [least, most];
  const room = size - left - free;
  const part = (v: number) => (v - low) / (high - low);
  const px = (v: number) => String(Math.round(10 * v) / 10);
  const x = (v: number) => px(left + part(v) * room);
  const y = (v: number) => px(size - bottom - part(v) * (size - bottom - free));
  const ticks = roundSteps(low, high, 4);
  const rules = ticks.map(
    (t) =>
      `<line class="rule" x1="${left}" x2="${size - free}" y1="${y(t)}" y2="${y(t)}"/>` +
      `<text x="${left - 6}" y="${y(t)}" text-anchor="end" dominant-baseline="central">${num(t, 3)}</text>` +
      `<text x="${x(t)}" y="${size - bottom + 17}" text-anchor="middle">${num(t, 3)}</text>`,
  );
  const dots = pairs.map(([t, p]) => `<circle class="one" cx="${x(t)}" cy="${y(p)}" r="3"/>`);
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" class="plot scatter" viewBox="0 0 ${size} ${size}" width="${size}" height="${size}" role="img" aria-label="${escapeText(`predicted ${name} over true ${name}, ${pairs.length} examples`)}">` +
    `${rules.join("")}<line class="same" x1="${x(low)}" y1="${y(low)}" x2="${x(high)}" y2="${y(high)}"/>${dots.join("")}` +
    `<text x="${(left + size - free) / 2}" y="${size - 6}" text-anchor="middle">true ${escapeText(name)}</text>` +
    `<text x="14" y="${(size - bottom) / 2}" text-anchor="middle" transform="rotate(-90 14 ${(size - bottom) / 2})">predicted</text></svg>`
  );
}
