/** Random networks of all kinds of layers with random options, from lists of small numbers. */
import * as fc from "fast-check";
import type { Shape } from "../../src/core/shape.ts";
import * as nn from "../../src/nn/index.ts";
import { type Choice, Draws } from "./draws.ts";
import * as blocks from "./random-blocks.ts";
import * as layers from "./random-layers.ts";

export interface NetworkChoice {
  readonly start: number;
  readonly batch: number;
  readonly layers: readonly Choice[];
  readonly seed: number;
}

const choice: fc.Arbitrary<Choice> = fc.array(fc.nat(999), {
  minLength: 7,
  maxLength: 7,
}) as never;

export const networkChoices: fc.Arbitrary<NetworkChoice> = fc.record({
  start: fc.nat(999),
  batch: fc.integer({ min: 1, max: 3 }),
  layers: fc.array(choice, { minLength: 1, maxLength: 6 }),
  seed: fc.nat(1000),
});

const { linear, activation, glu, noise, layerNorm, groupNorm, norm, folded } = layers;
const { convolution, transposed, pool, permuted, flatten, bordered, reshaped } = layers;
const { recurrence, attention, encoding, drawnSlope, rescaled } = layers;
const { reparametrized, lowRank, bilinear, penalized, own } = blocks;

const anywhere = [linear, activation, activation, glu, noise, layerNorm, groupNorm, norm];
const bySpace = [convolution, convolution, transposed, pool, permuted, flatten, norm, bordered];
const { masked, decoder, passed, cell, heads } = blocks;
const bySequence = [recurrence, attention, decoder, encoding, masked, passed, cell, heads];
const computed = [reparametrized, lowRank, bilinear, drawnSlope, rescaled, penalized, reshaped];
const proper = (axes: number): readonly layers.Make[] => [
  ...[...anywhere, ...computed],
  ...(axes <= 1 ? [folded] : [flatten]),
  ...(axes >= 1 && axes <= 3 ? [...bySpace, ...bySpace] : axes > 3 ? [flatten] : []),
  ...(axes === 1 ? [...bySequence, ...bySequence] : []),
  ...(axes === 2 ? [heads] : []),
  ...(axes <= 2 ? [own] : []),
];
/** Some layer that stands inside of another. */
function inside(d: Draws, shape: Shape): nn.Layer {
  const makers = proper(layers.axesOf(shape));
  const layer = makers[d.next() % makers.length]!(d, shape);
  return fits(layer, shape) === undefined ? nn.tanh() : layer;
}
const branches = blocks.branches(inside);
const makersFor = (axes: number): readonly layers.Make[] => [...proper(axes), branches, branches];

/** The most numbers of one example on the way. */
const most = 96;

/** What goes in, and a network for it; layers that do not fit there are left out. */
export function randomNetwork({ start, batch, layers: all }: NetworkChoice, outputs = 2) {
  const flat = [[5], [2, 6], [6, 2], [4, 4], [3], [4, 2]];
  const starts = [...flat, [2, 4, 3], [1, 5, 5], [2, 3, 2, 3], [1, 3, 3, 2], [2, 2, 2, 4]];
  const words = start % 5 === 0;
  const input = [batch, ...(words ? [[3], [2, 2]][start % 2]! : starts[start % starts.length]!)];
  const made: nn.Layer[] = [];
  let shape: Shape = input;
  const put = (layer: nn.Layer): void => {
    shape = layer.outputShape(shape);
    made.push(layer);
  };
  if (words) put(blocks.tables(new Draws([start]), 6, input.slice(1)));
  for (const [kind, ...options] of all) {
    const makers = makersFor(layers.axesOf(shape));
    const layer = makers[kind % makers.length]!(new Draws(options), shape);
    const behind = fits(layer, shape);
    if (behind === undefined) continue;
    shape = behind;
    made.push(layer);
  }
  put(nn.flatten());
  put(nn.linear(layers.features(shape), outputs));
  const model = nn.sequential(...(made as never[])) as nn.Layer;
  return { model, input, words };
}

/** The shape behind a layer, if it can stand there and does not make too much. */
function fits(layer: nn.Layer, shape: Shape): Shape | undefined {
  let behind: Shape;
  try {
    behind = layer.outputShape(shape);
  } catch {
    return undefined;
  }
  const size = behind.slice(1).reduce((n, k) => n * k, 1);
  const places = shape.slice(2).reduce((n, k) => n * k, 1);
  // A norm over one number is not trained.
  if (/batchNorm/.test(layer.name) && shape[0]! * places < 2) return undefined;
  if (/instanceNorm/.test(layer.name) && places < 2) return undefined;
  return size > 0 && size <= most && behind.length <= 5 ? behind : undefined;
}
