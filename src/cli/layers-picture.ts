/** The layers of a network as a drawing that needs nothing else: from top to bottom, branches side by side. */
import { ChainruleError } from "../core/errors.ts";
import type { Shape } from "../core/shape.ts";
import { buildLayers } from "../network-file/build.ts";
import type { Chosen } from "../network-file/form.ts";
import {
  inputsOf,
  orderOf,
  sourcesOf,
  type WrittenGraph,
  type WrittenNode,
} from "../network-file/graph-plan.ts";
import { listsIn, passesOn, withoutValues } from "../network-file/layers.ts";
import { escapeText } from "../report/escape.ts";

/** A part with its size; `draw` puts it where its upper left corner shall be. */
interface Block {
  readonly width: number;
  readonly height: number;
  readonly draw: (x: number, y: number) => string;
}

const [boxHeight, gap, pad, letter] = [40, 26, 14, 7];
/** So much of a drawing is still looked at. */
const mostLayers = 5000;

const text = (x: number, y: number, kind: string, words: string): string =>
  `<text class="${kind}" x="${x}" y="${y}">${escapeText(words)}</text>`;
const line = (x1: number, y1: number, x2: number, y2: number): string =>
  `<line x1="${x1}" y1="${y1}" x2="${x2}" y2="${y2}"/>`;
const wide = (words: string): number => Math.ceil(letter * words.length) + 2 * pad;

/** What is said of a layer beside its name: numbers that are not as usual for all. */
function details({ options }: Chosen): string {
  if (Array.isArray(options)) return "";
  const shown = Object.entries(options).flatMap(([name, value]) => {
    const short = typeof value === "number" || (Array.isArray(value) && value.length <= 4);
    const counts = ["outputs", "outChannels", "kernelSize", "hidden", "heads", "features", "rate"];
    const sizes = ["sizes", "axes", "outputSize", "entries", "groups", "places"];
    if (!short || ![...counts, ...sizes].includes(name) || (name === "groups" && value === 1))
      return [];
    const words = Array.isArray(value) ? value.join(name === "axes" ? ", " : " × ") : value;
    return [`${name} ${words}`];
  });
  return shown.slice(0, 3).join(", ");
}

function box(title: string, below: string, kind = "layer"): Block {
  const width = Math.max(110, wide(title), wide(below));
  return {
    width,
    height: boxHeight,
    draw: (x, y) =>
      `<rect class="${kind}" x="${x}" y="${y}" width="${width}" height="${boxHeight}" rx="7"/>` +
      text(x + width / 2, y + (below === "" ? 25 : 17), "name", title) +
      (below === "" ? "" : text(x + width / 2, y + 32, "more", below)),
  };
}

/** What a shape is without its batch. */
const sizesOf = (shape: Shape | undefined): string =>
  shape === undefined ? "" : shape.slice(1).join(" × ") || "1";

/** Blocks one below the other, with what goes from one to the next beside each arrow. */
function stack(blocks: readonly Block[], between: readonly string[]): Block {
  const width = Math.max(40, ...blocks.map((b) => b.width), ...between.map((t) => 2 * wide(t)));
  const height = blocks.reduce((sum, b) => sum + b.height, 0) + gap * (blocks.length + 1);
  return {
    width,
    height,
    draw(x, y) {
      const middle = x + width / 2;
      let now = y;
      let drawn = "";
      const arrow = (label = "") => {
        drawn += line(middle, now, middle, now + gap) + text(middle + 8, now + 17, "flow", label);
        now += gap;
      };
      arrow(between[0]);
      blocks.forEach((block, i) => {
        drawn += block.draw(middle - block.width / 2, now);
        now += block.height;
        arrow(between[i + 1]);
      });
      return drawn;
    },
  };
}

/** A frame around something, with its name. */
const framed = (name: string, inside: Block): Block => ({
  width: Math.max(inside.width + 2 * pad, wide(name)),
  height: inside.height + 22,
  draw(x, y) {
    const width = Math.max(inside.width + 2 * pad, wide(name));
    return (
      `<rect class="frame" x="${x}" y="${y}" width="${width}" height="${inside.height + 22}" rx="9"/>` +
      text(x + 10, y + 15, "label", name) +
      inside.draw(x + (width - inside.width) / 2, y + 22)
    );
  },
});

/** The input beside what layers make of it, and their sum. */
function residual(inside: Block): Block {
  const width = inside.width + 40;
  const height = inside.height + 24;
  return {
    width,
    height,
    draw(x, y) {
      const middle = x + inside.width / 2;
      const end = y + inside.height + 10;
      return (
        `<polyline points="${middle},${y} ${x + width - 8},${y} ${x + width - 8},${end} ${middle + 10},${end}"/>` +
        inside.draw(x, y) +
        `<circle cx="${middle}" cy="${end}" r="10"/>${text(middle, end + 4, "name", "+")}`
      );
    },
  };
}

const beside = (blocks: readonly Block[]): Block => {
  const height = Math.max(0, ...blocks.map((b) => b.height));
  return {
    width: blocks.reduce((sum, b) => sum + b.width, 0) + pad * Math.max(0, blocks.length - 1),
    height,
    draw(x, y) {
      let now = x;
      return blocks
        .map((block) => {
          const drawn = block.draw(now, y);
          now += block.width + pad;
          return drawn;
        })
        .join("");
    },
  };
};

/** Nodes in rows, each below those that it reads. */
function graphBlock(graph: WrittenGraph, listBlock: (list: readonly Chosen[]) => Block): Block {
  const rows: { name: string; block: Block }[][] = [
    inputsOf(graph).map((name) => ({ name, block: box(name, "", "input") })),
  ];
  const depth = new Map(inputsOf(graph).map((name) => [name, 0]));
  for (const name of orderOf(graph) ?? []) {
    const node = graph.nodes[name] as WrittenNode;
    const row = 1 + Math.max(...sourcesOf(node).map(([, from]) => depth.get(from) ?? 0));
    depth.set(name, row);
    const list = node.layer === undefined ? undefined : graph.layers[node.layer];
    const block = list ? framed(name, listBlock(list)) : box(node.join ?? name, name, "join");
    rows[row] = [...(rows[row] ?? []), { name, block }];
  }
  const space = 34;
  const sized = rows.map((row) => beside(row.map(({ block }) => block)));
  const inner = Math.max(...sized.map((b) => b.width));
  // Lines past a row go round it, each in a lane of its own.
  const far = Object.entries(graph.nodes).flatMap(([name, node]) =>
    sourcesOf(node)
      .filter(([, from]) => (depth.get(name) ?? 0) - (depth.get(from) ?? 0) > 1)
      .map(([, from]) => `${from}\n${name}`),
  );
  const width = inner + 16 * far.length;
  const height = sized.reduce((sum, b) => sum + b.height + space, pad - space);
  return {
    width,
    height,
    draw(x, y) {
      const places = new Map<string, { top: [number, number]; bottom: [number, number] }>();
      let drawn = "";
      let now = y;
      rows.forEach((row, i) => {
        const own = sized[i] as Block;
        let left = x + (inner - own.width) / 2;
        for (const { name, block } of row) {
          const middle = left + block.width / 2;
          places.set(name, { top: [middle, now], bottom: [middle, now + block.height] });
          drawn += block.draw(left, now);
          left += block.width + pad;
        }
        now += own.height + space;
      });
      const edges = Object.entries(graph.nodes).flatMap(([name, node]) =>
        sourcesOf(node).map(([, from]) => {
          const [a, b] = [places.get(from)?.bottom, places.get(name)?.top];
          if (!a || !b) return "";
          const lane = far.indexOf(`${from}\n${name}`);
          if (lane < 0) return line(...a, ...b);
          const side = x + inner + 16 * lane + 8;
          const [above, below] = [a[1] + 12, b[1] - 12];
          return `<polyline points="${a} ${a[0]},${above} ${side},${above} ${side},${below} ${b[0]},${below} ${b}"/>`;
        }),
      );
      // Lines go behind what they pass.
      return edges.join("") + drawn;
    },
  };
}

/** What a layer makes of a shape; undefined where that is not known. */
function shapeAfter(layer: Chosen, shape: Shape | undefined): Shape | undefined {
  if (shape === undefined) return undefined;
  try {
    return buildLayers(undefined, withoutValues([layer]), shape).outputShape(shape);
  } catch (error) {
    if (error instanceof ChainruleError) return undefined;
    throw error;
  }
}

/** The options of a graph, which the parser has held to its form. */
const writtenGraph = (options: unknown): WrittenGraph => options as WrittenGraph;

function layerBlock(layer: Chosen, shape: Shape | undefined, count: { left: number }): Block {
  const { name, options } = layer;
  const inside = (list: readonly Chosen[], from?: Shape) => listBlock(list, from, count);
  if (!passesOn(layer))
    return framed(
      name,
      graphBlock(writtenGraph(options), (list) => inside(list)),
    );
  const lists = listsIn(layer);
  if (lists.length === 0) return box(name, details(layer));
  const blocks = lists.map(([path, list]) => {
    const block = inside(list, shape);
    return path.length > 1 || lists.length > 1 ? framed(String(path.at(-1) ?? ""), block) : block;
  });
  const [only] = blocks;
  return framed(name, name === "residual" && only ? residual(only) : beside(blocks));
}

function listBlock(
  list: readonly Chosen[],
  input: Shape | undefined,
  count: { left: number },
): Block {
  const between = [sizesOf(input)];
  let shape = input;
  const blocks: Block[] = [];
  for (const layer of list) {
    if (count.left-- <= 0) {
      blocks.push(box("…", ""));
      break;
    }
    blocks.push(layerBlock(layer, shape, count));
    shape = shapeAfter(layer, shape);
    between.push(sizesOf(shape));
  }
  return stack(blocks, between);
}

const style =
  "svg{--ink:#1b1f24;--soft:#59636e;--edge:#8c959f;--card:#f6f8fa;--paper:#fff;--one:#0550ae;background:#fff}" +
  "@media (prefers-color-scheme:dark){svg{--ink:#f0f6fc;--soft:#a3adb8;--edge:#6e7681;--card:#161b22;" +
  "--paper:#0d1117;--one:#79c0ff;background:#0d1117}}" +
  "text{font:12.5px system-ui,sans-serif;fill:var(--soft)}.name,.more{text-anchor:middle}.name,.label{font-weight:600;" +
  "fill:var(--ink)}.more,.flow{font-size:11px}rect{fill:var(--card);stroke:var(--edge)}.frame{fill:none;" +
  "stroke-dasharray:5 3}.join,circle{fill:var(--paper);stroke:var(--one)}line,polyline{stroke:var(--edge);fill:none;" +
  "stroke-width:1.5}";

/**
 * A network's layers as a picture (SVG): boxes from top to bottom with the sizes of one example between them,
 * lists inside of a layer in a frame, branches side by side.
 *
 * @param input the shape that comes in, [batch, …]; undefined where it is not known
 */
export function layersSvg(
  list: readonly Chosen[],
  input: Shape | undefined,
  title: string,
): string {
  const all = listBlock(list, input, { left: mostLayers });
  const [width, height] = [Math.ceil(all.width + 2 * pad), Math.ceil(all.height + 2 * pad)];
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" ` +
    `role="img" aria-label="${escapeText(title)}"><style>${style}</style>${all.draw(pad, pad)}</svg>\n`
  );
}
