/** The network as a drawing: values on units and edges, readable in black and white. */
import type { Diagram } from "../derivation.ts";
import { brief, drawing, radius } from "./drawing.ts";
import type { Point } from "./labels.ts";
import { escapeXml } from "./mathml.ts";
import type { Style } from "./print.ts";

/** Coordinates to a tenth of a pixel. */
const round = (v: number): number => Math.round(10 * v) / 10;

export function svg(d: Diagram, style: Style): string {
  const { size, edges, units } = drawing(d, style, ({ symbols }, given) =>
    symbols.flatMap((s) => [given ? s : `${s} =`, brief(s, style)]),
  );
  const text = ([x, y]: Point, lines: readonly string[], size: number): string =>
    lines
      .map((line, i) => {
        const dy = (i - (lines.length - 1) / 2) * (size + 1);
        return `<text x="${x}" y="${y + dy}" font-size="${size}">${escapeXml(line)}</text>`;
      })
      .join("");
  const lines = edges.map(
    ({ from, to, marked }) =>
      `<line x1="${from[0]}" y1="${from[1]}" x2="${to[0]}" y2="${to[1]}" stroke="#000" stroke-width="${marked ? 3 : 1}"/>`,
  );
  const valued = (name: string) => `${name} = ${brief(name, style)}`;
  const labels = edges.map(({ half: [w, h], at: [x, y], symbol, local }) => {
    const box = `<rect x="${round(x - w)}" y="${round(y - h)}" width="${round(2 * w)}" height="${2 * h}" fill="#fff"/>`;
    const lines = [symbol, ...(local === undefined ? [] : [local])].map(valued);
    return box + text([round(x), round(y)], lines, 10);
  });
  const circles = units.map(({ at, lines, below }) => {
    const circle = `<circle cx="${at[0]}" cy="${at[1]}" r="${radius}" fill="#fff" stroke="#000"/>`;
    const first = at[1] + radius + 9;
    const under = below.map((name, i) => text([at[0], first + 11 * i], [valued(name)], 10));
    return circle + text(at, lines, 11) + under.join("");
  });
  const all = [...lines, ...labels, ...circles].join("");
  const [w, h] = size;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${w} ${h}" width="${w}" height="${h}" role="img" font-family="sans-serif" text-anchor="middle" dominant-baseline="central">${all}</svg>`;
}
