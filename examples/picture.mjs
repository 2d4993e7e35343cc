/** Small pictures for the examples: curves, points and grey images as SVG, in light and in dark. */
import { writeFileSync } from "node:fs";

const colours = ["#2563b0", "#d9822b", "#3f8f4f", "#a23b72"];
const style = `<style>text{font:12px sans-serif;fill:#222}.frame{fill:none;stroke:#999}
@media (prefers-color-scheme:dark){text{fill:#ddd}.frame{stroke:#777}}</style>`;
const svg = (width, height, parts) =>
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}">
${[style, ...parts].join("\n")}
</svg>
`;
const short = (x) => String(Number(x.toPrecision(3)));

/** Where values fall between two ends, of which the second is right or up. */
function scale(values, from, to, logarithmic) {
  const on = (v) => (logarithmic ? Math.log10(v) : v);
  const all = values.filter(Number.isFinite).map(on);
  const [low, high] = [Math.min(...all), Math.max(...all)];
  const at = (v) => from + ((on(v) - low) / (high - low || 1)) * (to - from);
  return Object.assign(at, { ends: [Math.min(...values), Math.max(...values)] });
}

/**
 * Curves and points over one pair of axes: `series` is a list of { name, points: [x, y][], dots }.
 */
export function chart({ title, series, logarithmic = false, width = 520, height = 300 }) {
  const all = series.flatMap(({ points }) => points);
  const x = scale(
    all.map(([at]) => at),
    50,
    width - 15,
  );
  const y = scale(
    all.map(([, at]) => at),
    height - 35,
    30,
    logarithmic,
  );
  const place = ([a, b]) => `${x(a).toFixed(1)},${y(b).toFixed(1)}`;
  const drawn = series.flatMap(({ name, points, dots }, i) => {
    const colour = colours[i % colours.length];
    const marks = dots
      ? points.map(
          ([a, b]) =>
            `<circle cx="${x(a).toFixed(1)}" cy="${y(b).toFixed(1)}" r="2" fill="${colour}"/>`,
        )
      : [
          `<polyline fill="none" stroke="${colour}" stroke-width="1.5" points="${points.map(place).join(" ")}"/>`,
        ];
    return [
      ...marks,
      `<text x="${60 + 140 * i}" y="${height - 4}" style="fill:${colour}">${name}</text>`,
    ];
  });
  return svg(width, height, [
    `<text x="50" y="18">${title}</text>`,
    `<rect class="frame" x="50" y="30" width="${width - 65}" height="${height - 65}"/>`,
    `<text x="45" y="40" text-anchor="end">${short(y.ends[1])}</text>`,
    `<text x="45" y="${height - 35}" text-anchor="end">${short(y.ends[0])}</text>`,
    `<text x="50" y="${height - 20}">${short(x.ends[0])}</text>`,
    `<text x="${width - 15}" y="${height - 20}" text-anchor="end">${short(x.ends[1])}</text>`,
    ...drawn,
  ]);
}

/** Rows of grey images, each a list of `size`² numbers from 0 (white) to 1 (black), with a name a row. */
export function images({ rows, size, pixel = 4 }) {
  const step = size * pixel + 6;
  const width = 90 + step * Math.max(...rows.map(({ list }) => list.length));
  const parts = rows.flatMap(({ name, list }, row) => [
    `<text x="4" y="${row * step + step / 2}">${name}</text>`,
    ...list.map((image, column) => {
      const [left, top] = [90 + column * step, row * step];
      const dark = Array.from(image, (v, i) => {
        const grey = Math.round(255 * (1 - Math.min(1, Math.max(0, v))));
        if (grey > 250) return "";
        const [x, y] = [(i % size) * pixel, Math.floor(i / size) * pixel];
        return `<path d="M${x} ${y}h${pixel}v${pixel}h-${pixel}z" fill="rgb(${grey},${grey},${grey})"/>`;
      });
      const side = size * pixel;
      return `<g transform="translate(${left} ${top})"><path d="M0 0h${side}v${side}h-${side}z" fill="#fff"/>${dark.join("")}</g>`;
    }),
  ]);
  return svg(width, rows.length * step, parts);
}

/** `--quick`, and numbers and paths that may be given: `node index.mjs --steps 100 --picture a.svg`. */
export function options(defaults) {
  const given = { ...defaults, quick: false, picture: undefined };
  const words = process.argv.slice(2);
  for (let i = 0; i < words.length; i++) {
    const name = words[i].replace(/^--/, "");
    if (!(name in given) || words[i] === name) {
      console.error(`There is no ${words[i]}; there are --${Object.keys(given).join(", --")}.`);
      process.exit(2);
    }
    if (name === "quick") given.quick = true;
    else given[name] = typeof defaults[name] === "number" ? Number(words[++i]) : words[++i];
  }
  return given;
}

/** Writes a picture where one was asked for. */
export const draw = (path, picture) => path !== undefined && writeFileSync(path, picture);
