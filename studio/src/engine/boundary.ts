/** What the network makes of every point of the plane, painted where it does not block the page. */
import { elementsOf } from "../../../src/core/array-tensor.ts";
import { at } from "../../../src/core/at.ts";
import type { Dataset } from "../../../src/data/dataset.ts";
import { resolvedLoss } from "../../../src/network-file/losses.ts";
import type { NetworkFile } from "../../../src/network-file/network.ts";
import { tensor } from "../../../src/ops/leaf.ts";
import type { Trainer } from "../../../src/train/trainer.ts";
import type { Plane } from "../protocol.ts";

/** Cells of the field along each axis. */
const cells = 90;

type Colour = readonly [number, number, number];
const light: readonly Colour[] = [
  [230, 140, 50],
  [45, 115, 190],
  [60, 150, 110],
  [150, 90, 170],
  [120, 120, 120],
];
const paper = { light: [255, 255, 255], dark: [24, 27, 33] } as const;

/** The part of the plane where the data lie, with a margin. */
function planeOf(data: Dataset): Plane {
  const axis = (k: 0 | 1): [number, number] => {
    let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    elementsOf(data.inputs).forEach((value, i) => {
      if (i % 2 !== k) return;
      [low, high] = [Math.min(low, value), Math.max(high, value)];
    });
    const margin = high > low ? 0.15 * (high - low) : 1;
    return [low - margin, high + margin];
  };
  const [a, b] = [axis(0), axis(1)];
  return { low: [a[0], b[0]], high: [a[1], b[1]] };
}

/** For each point: which colour, and how strongly. */
function reading(network: NetworkFile, data: Dataset) {
  const { probabilities, targets } = resolvedLoss(network.loss);
  const numbers = Array.from(elementsOf(data.targets));
  const low = numbers.reduce((m, v) => Math.min(m, v), Number.POSITIVE_INFINITY);
  const high = numbers.reduce((m, v) => Math.max(m, v), Number.NEGATIVE_INFINITY);
  const [from, to] = high > low ? [low, high] : [0, 1];
  return (outputs: readonly number[]): readonly [number, number] => {
    const p = probabilities?.(outputs) ?? outputs;
    if (p.length > 1 && probabilities) {
      const most = Math.max(...p);
      return [p.indexOf(most) % light.length, Math.max(0, Math.min(1, most))];
    }
    const first = at(p, 0);
    const share = targets === "signs" ? (first + 1) / 2 : (first - from) / (to - from);
    const v = Math.max(-1, Math.min(1, 2 * share - 1));
    return [v > 0 ? 1 : 0, Math.abs(v)];
  };
}

export class Boundary {
  #canvas: OffscreenCanvas | undefined;

  use(canvas: OffscreenCanvas): void {
    this.#canvas = canvas;
  }

  paint(
    trainer: Trainer,
    { network, data }: { readonly network: NetworkFile; readonly data: Dataset },
    dark: boolean,
  ): Plane {
    const plane = planeOf(data);
    const context = this.#canvas?.getContext("2d") as OffscreenCanvasRenderingContext2D | null;
    if (!this.#canvas || !context || data.inputs.shape[1] !== 2) return plane;
    const [low, high] = [plane.low, plane.high];
    const rows = new Float64Array(2 * cells * cells);
    for (let r = 0; r < cells; r++) {
      for (let c = 0; c < cells; c++) {
        const at = 2 * (r * cells + c);
        rows[at] = low[0] + ((c + 0.5) / cells) * (high[0] - low[0]);
        rows[at + 1] = high[1] - ((r + 0.5) / cells) * (high[1] - low[1]);
      }
    }
    const output = trainer.predict(tensor(rows, { shape: [cells * cells, 2] }));
    const found = output.dataSync();
    const width = found.length / (cells * cells);
    const read = reading(network, data);
    const image = context.createImageData(cells, cells);
    const [r0, g0, b0] = dark ? paper.dark : paper.light;
    for (let i = 0; i < cells * cells; i++) {
      const [which, strength] = read(Array.from(found.subarray(i * width, (i + 1) * width)));
      const [red, green, blue] = at(light, which);
      const mixed = (base: number, colour: number) => base + (colour - base) * 0.75 * strength;
      image.data.set([mixed(r0, red), mixed(g0, green), mixed(b0, blue), 255], 4 * i);
    }
    const small = new OffscreenCanvas(cells, cells);
    small.getContext("2d")?.putImageData(image, 0, 0);
    const { width: w, height: h } = this.#canvas;
    context.imageSmoothingEnabled = true;
    context.drawImage(small, 0, 0, w, h);
    this.#points(context, [w, h], { data, plane, dark });
    return plane;
  }

  /** Classes by colour and by shape. */
  #points(
    context: OffscreenCanvasRenderingContext2D,
    [w, h]: readonly [width: number, height: number],
    { data, plane, dark }: { data: Dataset; plane: Plane; dark: boolean },
  ): void {
    const { inputs, targets, size } = data;
    const { low, high } = plane;
    const columns = targets.size / size;
    const [xs, ts] = [elementsOf(inputs), elementsOf(targets)];
    const r = size > 200 ? 3 : 4;
    context.lineWidth = 1.2;
    context.strokeStyle = dark ? "#fff" : "#111";
    for (let i = 0; i < Math.min(size, 2000); i++) {
      const x = ((at(xs, 2 * i) - low[0]) / (high[0] - low[0])) * w;
      const y = h - ((at(xs, 2 * i + 1) - low[1]) / (high[1] - low[1])) * h;
      const label = columns === 1 ? Math.max(0, Math.round(at(ts, i))) : 0;
      context.fillStyle = `rgb(${at(light, label % light.length).join(" ")})`;
      context.beginPath();
      if (label % 2 === 0) context.arc(x, y, r, 0, 2 * Math.PI);
      else context.rect(x - r, y - r, 2 * r, 2 * r);
      context.fill();
      context.stroke();
    }
  }
}
