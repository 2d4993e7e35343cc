/** The network as a drawing: values on units and edges, readable in black and white. */
import type { Diagram } from "../derivation.ts";
import { rounded, type Style } from "../print.ts";
import { placed } from "./labels.ts";
import { escapeXml } from "./mathml.ts";

const [height, radius, margin] = [120, 38, 56];
/** Coordinates to a tenth of a pixel. */
const round = (v: number): number => Math.round(10 * v) / 10;

export function svg(d: Diagram, style: Style): string {
  const tallest = Math.max(...d.columns.map((c) => c.length));
  const digits = Math.min(4, style.digits);
  const value = (name: string) => {
    const v = style.symbols[name]?.value;
    return v === undefined ? "" : rounded(v, digits);
  };
  const label = (name: string) => `${name} = ${value(name)}`;
  const longest = Math.max(0, ...d.edges.map((e) => label(e.symbol).length * 5.8));
  // So many labels find room beside each other on the way from column to column.
  const crowd = Math.max(...d.columns.slice(1).map((c, l) => c.length * d.columns[l]!.length));
  const abreast = Math.max(1.6, crowd / 6);
  const width = Math.round(Math.max(230, abreast * longest + 2 * radius));
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
  const lines = d.edges.map(({ from: [l, k], to, symbol }) => ({
    from: [x(l) + radius, y(l, k)] as const,
    to: [x(l + 1) - radius, y(l + 1, to)] as const,
    half: [label(symbol).length * 2.9, 7] as const,
  }));
  const places = placed(lines);
  const edges = d.edges.map(({ symbol, marked }, i) => {
    const { from, to, half } = lines[i]!;
    const at: [number, number] = [round(places[i]![0]), round(places[i]![1])];
    const box = `<rect x="${round(at[0] - half[0])}" y="${round(at[1] - half[1])}" width="${round(2 * half[0])}" height="${2 * half[1]}" fill="#fff"/>`;
    const line = `<line x1="${from[0]}" y1="${from[1]}" x2="${to[0]}" y2="${to[1]}" stroke="#000" stroke-width="${marked ? 3 : 1}"/>`;
    return { line, label: box + text(at, [label(symbol)], 10) };
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
