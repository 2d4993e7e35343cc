/** The network as a picture: columns of units, weights between them, and every number in it. */

import { gradient } from "../../../src/autodiff/gradient.ts";
import type { Executable } from "../../../src/backends/backend.ts";
import { interpreter } from "../../../src/backends/interpreter/index.ts";
import { at, entry, only } from "../../../src/core/at.ts";
import { isFloat } from "../../../src/core/dtype.ts";
import type { Tensor } from "../../../src/core/tensor.ts";
import type { Dataset } from "../../../src/data/dataset.ts";
import { Context } from "../../../src/explain/engine/context.ts";
import { slope } from "../../../src/explain/engine/gradients.ts";
import { termSign } from "../../../src/explain/engine/loss.ts";
import type { Notation } from "../../../src/explain/engine/notation.ts";
import {
  entriesOf,
  matrixOf,
  type Parameter,
  tensorsOf,
} from "../../../src/explain/engine/parameters.ts";
import type { Stage } from "../../../src/explain/engine/stages.ts";
import { type NetworkTrace, traceNetwork } from "../../../src/explain/engine/trace.ts";
import type { Trainer } from "../../../src/train/trainer.ts";
import type { Chosen, Column, Structure, Unit, Values, Weights } from "../protocol.ts";

/** Of larger matrices single weights have no names of their own in the picture. */
const mostNamed = 2500;

interface Layer {
  readonly net: Stage;
  readonly out: Stage | undefined;
  readonly weight: Parameter | undefined;
  readonly bias: Parameter | undefined;
}

const empty = new Float64Array(0);

export class Picture {
  readonly structure: Structure;
  readonly #trainer: Trainer;
  readonly #trace: NetworkTrace;
  readonly #c: Context;
  readonly #layers: readonly Layer[];
  readonly #run: Executable;
  /** What a run gives, each with its place among the outputs. */
  readonly #places = new Map<Tensor, number>();
  readonly #deltas: ReadonlyMap<Stage, Tensor>;
  readonly #gradients: ReadonlyMap<string, Tensor>;

  /** `example` counts within the batch. */
  constructor(trainer: Trainer, batch: Dataset, example: number, notation: Notation) {
    this.#trainer = trainer;
    this.#trace = traceNetwork(trainer, batch);
    this.#layers = layersOf(this.#trace);
    const c = new Context(this.#trace, notation, example);
    this.#c = c;
    this.structure = structureOf(c, this.#trace, this.#layers);
    const { loss, bindings, parameters } = this.#trace;
    const stages = this.#layers.flatMap(({ net, out }) => [net.tensor, (out ?? net).tensor]);
    // One by one: together, each would count as independent of the others.
    this.#deltas = new Map(this.#layers.map(({ net }) => [net, slope(loss, net.tensor)]));
    const slopes = gradient(loss, tensorsOf(parameters));
    this.#gradients = new Map(parameters.map(({ name }, i) => [name, at(slopes, i)]));
    const outputs = [loss, ...stages, ...this.#deltas.values(), ...slopes];
    if (c.terms) outputs.push(c.terms);
    for (const [i, t] of outputs.entries()) this.#places.set(t, i);
    this.#run = interpreter.compile({ inputs: [...bindings.keys()], outputs });
  }

  /** The numbers for the trainer's present parameters. */
  values(): Values {
    const { bindings, parameters, network, loss } = this.#trace;
    const { terms } = this.#c;
    const now = this.#trainer.snapshot();
    const own = new Map(parameters.map((p) => [p, Float64Array.from(entry(now, p.name))]));
    const known = new Map(parameters.map((p) => [p.tensor, entry(own, p)]));
    const results = this.#run
      .run([...bindings].map(([t, value]) => known.get(t) ?? value))
      .map((v) => Float64Array.from(v));
    const result = (t: Tensor) => at(results, entry(this.#places, t));
    const given = (t: Tensor) => this.#row(t, entry(bindings, t));
    const stage = ({ tensor }: Stage) => this.#row(tensor, result(tensor));
    return {
      steps: this.#trainer.progress.steps,
      epoch: this.#trainer.progress.epoch,
      learningRate: this.#trainer.learningRate,
      loss: only(result(loss)),
      nets: [empty, ...this.#layers.map(({ net }) => stage(net))],
      outs: [given(network.x), ...this.#layers.map(({ net, out }) => stage(out ?? net))],
      deltas: [
        empty,
        ...this.#layers.map(({ net }) => this.#row(net.tensor, result(entry(this.#deltas, net)))),
      ],
      terms: terms ? this.#row(terms, result(terms)) : empty,
      targets: given(network.y),
      parameters: Object.fromEntries([...own].map(([{ name }, v]) => [name, v])),
      gradients: Object.fromEntries([...this.#gradients].map(([name, g]) => [name, result(g)])),
    };
  }

  /** What belongs to the example that is shown. */
  #row(t: Tensor, data: ArrayLike<number>): Float64Array {
    const batched = this.#c.isBatched(t);
    const width = data.length / (batched ? this.#trace.examples : 1);
    const start = batched ? this.#c.example * width : 0;
    return Float64Array.from({ length: width }, (_, i) => at(data, start + i));
  }

  /** How the notation calls a number of a parameter; undefined where it has no name of its own. */
  nameOf({ name, index }: Chosen): string | undefined {
    const { columns, weights } = this.structure;
    const biased = columns.find((c) => c.bias?.parameter === name);
    if (biased) {
      const symbol = biased.units[index]?.bias;
      const alike = biased.units.filter((u) => u.bias === symbol).length;
      return alike === 1 || biased.bias?.shared ? symbol : undefined;
    }
    return weights.find((w) => w.parameter === name)?.names[index];
  }

  /** E with one number of a parameter at each of these values. */
  along(name: string, index: number, values: ArrayLike<number>): Float64Array {
    const { bindings, parameters, loss } = this.#trace;
    const now = this.#trainer.snapshot();
    const changed = Float64Array.from(entry(now, name));
    const known = new Map<Tensor, Float64Array>(
      parameters.map((p) => [
        p.tensor,
        p.name === name ? changed : Float64Array.from(entry(now, p.name)),
      ]),
    );
    const run = interpreter.compile({ inputs: [...bindings.keys()], outputs: [loss] });
    return Float64Array.from(values, (value) => {
      changed[index] = value;
      return only(only(run.run([...bindings].map(([t, v]) => known.get(t) ?? v))));
    });
  }
}

function layersOf({ stages, parameters }: NetworkTrace): Layer[] {
  const nets = stages.filter((s) => s.role === "net" || s.role === "whole");
  return nets.map((net): Layer => {
    const own = parameters.filter((p) => p.layer === net.layer);
    return {
      net,
      out: stages.find((s) => s.layer === net.layer && s.role === "out"),
      weight: own.find((p) => p.role === "weight"),
      bias: own.find((p) => p.role === "bias"),
    };
  });
}

function structureOf(c: Context, trace: NetworkTrace, layers: readonly Layer[]): Structure {
  const { x, y, data } = trace.network;
  const width = (t: Tensor) => t.size / trace.examples;
  const element = (node: Tensor, j: number) => ({ node, index: c.example * width(node) + j });
  const named = (t: Tensor, j: number) => c.signOf(element(t, j)).text;
  const units = (size: number, unit: (j: number) => Unit): Unit[] =>
    size > mostNamed ? [] : Array.from({ length: size }, (_, j) => unit(j));
  const inputs: Column = {
    size: width(x),
    layer: "",
    shape: [width(x)],
    channels: false,
    units: units(width(x), (k) => ({ out: named(x, k) })),
    parameter: at(trace.parameters, 0).name,
  };
  const ofBias = (parameter: Parameter, index: number) => {
    const sign = c.parameterSign({ parameter, index });
    return { bias: sign.text, biasGradient: c.names.gradient(sign).text };
  };
  const columns = layers.map(({ net, out, bias, weight }): Column => {
    const size = width(net.tensor);
    const made = net.tensor.shape;
    const shape = c.isBatched(net.tensor) ? made.slice(1) : made;
    const shared = bias?.tensor.rank === 0;
    // Only what has a number for each unit stands with the units.
    const own = bias && (shared || bias.tensor.size === size) ? bias : undefined;
    return {
      size,
      layer: net.name,
      ...(out ? { activation: out.name } : {}),
      shape,
      channels: net.axis < -1 && shape.length === -net.axis,
      units: units(size, (j) => ({
        net: named(net.tensor, j),
        ...(out
          ? { out: named(out.tensor, j), gradient: c.gradientSign(element(out.tensor, j)).text }
          : {}),
        delta: c.gradientSign(element(net.tensor, j)).text,
        ...(own ? ofBias(own, shared ? 0 : j) : {}),
      })),
      ...(own ? { bias: { parameter: own.name, shared } } : {}),
      ...(weight ? { parameter: weight.name } : {}),
    };
  });
  const all = [inputs, ...columns];
  const weights = layers.flatMap(({ weight }, i): Weights[] => {
    const matrix = weight && matrixOf(weight);
    if (!matrix) return [];
    const { rows, columns } = matrix;
    const signs =
      rows * columns > mostNamed ? [] : entriesOf(weight).map((e) => c.parameterSign(e));
    return [
      {
        parameter: weight.name,
        column: i + 1,
        rows,
        columns,
        single: rows === at(all, i + 1).size && columns === at(all, i).size,
        trained: weight.trained,
        names: signs.map((s) => s.text),
        gradients: signs.map((s) => c.names.gradient(s).text),
      },
    ];
  });
  return {
    columns: all,
    weights,
    loss: c.names.loss.text,
    terms: termNames(c),
    targets: isFloat(y.dtype)
      ? Array.from({ length: width(y) }, (_, j) => c.names.target(j).text)
      : ["class"],
    ...(!isFloat(y.dtype) && data.classes ? { classes: data.classes } : {}),
  };
}

/** The first few terms of the loss. */
function termNames(c: Context): string[] {
  const { terms } = c;
  if (!terms) return [];
  const batched = c.isBatched(terms);
  const perExample = terms.size / (batched ? c.trace.examples : 1);
  const first = batched ? c.example * perExample : 0;
  return Array.from(
    { length: Math.min(perExample, 8) },
    (_, j) => termSign(c, terms, first + j).text,
  );
}
