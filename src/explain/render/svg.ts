/** The network as a drawing: values on units and edges, readable in black and white. */
import type { Diagram } from "../derivation.ts";
import { rounded, type Style } from "../print.ts";
import { escapeXml } from "./mathml.ts";

const [height, radius, margin] = [120, 38, 56];

export function svg(d: Diagram, style: Style): string {
  const tallest = Math.max(...d.columns.map((c) => c.length));
  const digits = Math.min(4, style.digits);
  const value = (name: string) => {
    const v = style.symbols[name]?.value;
    return v === undefined ? "" : rounded(v, digits);
  };
  const label = (name: string) => `${name} = ${value(name)}`;
  const longest = Math.max(0, ...d.edges.map((e) => label(e.symbol).length * 5.8));
  const width = Math.max(230, 2.6 * longest + 2 * radius);
  const [w, h] = [(d.columns.length - 1) * width + 2 * margin, tallest * height];
  const x = (l: number) => margin + l * width;
  const y = (l: number, j: number) => ((2 * j + 1 + tallest - d.columns[l]!.length) * height) / 2;
  const text = (at: [number, number], lines: readonly string[], size: number): string =>
    lines
      .map((line, i) => {
        const dy = (i - (lines.length - 1) / 2) * (size + 1);
        return `<text x="${at[0]}" y="${at[1] + dy}" font-size="${size}">${escapeXml(line)}</text>`;
      })
      .join("");
  const edges = d.edges.map(({ from: [l, k], to, symbol, marked }) => {
    const [x1, y1, x2, y2] = [x(l) + radius, y(l, k), x(l + 1) - radius, y(l + 1, to)];
    // Every label of a layer lies at another distance, so that those of crossing edges stay apart.
    const [inputs, outputs] = [d.columns[l]!.length, d.columns[l + 1]!.length];
    const t =
      0.2 + (0.6 * (to * inputs + (to % 2 ? inputs - 1 - k : k) + 0.5)) / (inputs * outputs);
    const at: [number, number] = [x1 + t * (x2 - x1), y1 + t * (y2 - y1)];
    const words = label(symbol);
    const half = words.length * 2.9;
    const box = `<rect x="${at[0] - half}" y="${at[1] - 7}" width="${2 * half}" height="14" fill="#fff"/>`;
    const line = `<line x1="${x1}" y1="${y1}" x2="${x2}" y2="${y2}" stroke="#000" stroke-width="${marked ? 3 : 1}"/>`;
    return { line, label: box + text(at, [words], 10) };
  });
  const units = d.columns.flatMap((column, l) =>
    column.map((unit, j) => {
      const lines = unit.symbols.flatMap((s) => (l === 0 ? [s, value(s)] : [`${s} =`, value(s)]));
      const circle = `<circle cx="${x(l)}" cy="${y(l, j)}" r="${radius}" fill="#fff" stroke="#000"/>`;
      return circle + text([x(l), y(l, j)], lines, l === 0 ? 12 : 10);
    }),
  );
  const all = [...edges.map((e) => e.line), ...edges.map((e) => e.label), ...units].join("");
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${w} ${h}" width="${w}" height="${h}" role="img" font-family="sans-serif" text-anchor="middle" dominant-baseline="central">${all}</svg>`;
}
