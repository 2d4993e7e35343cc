/** The network as a picture: columns of units, weights between them, and every number in it. */
import { gradient } from "../../../src/autodiff/gradient.ts";
import type { Executable } from "../../../src/backends/backend.ts";
import { interpreter } from "../../../src/backends/interpreter/index.ts";
import type { Tensor } from "../../../src/core/tensor.ts";
import type { Dataset } from "../../../src/data/dataset.ts";
import { Context } from "../../../src/explain/engine/context.ts";
import { termSign, termsOf } from "../../../src/explain/engine/loss.ts";
import type { Notation } from "../../../src/explain/engine/notation.ts";
import { type Stage, type Trace, traceNetwork } from "../../../src/explain/engine/trace.ts";
import type { Trainer } from "../../../src/train/trainer.ts";
import type { Chosen, Column, Structure, Unit, Values, Weights } from "../protocol.ts";

/** Of larger matrices single weights have no names of their own in the picture. */
const mostNamed = 2500;

interface Layer {
  readonly net: Stage;
  readonly out: Stage | undefined;
  readonly weight: string | undefined;
  readonly bias: string | undefined;
}

const empty = new Float64Array(0);

export class Picture {
  readonly structure: Structure;
  readonly #trainer: Trainer;
  readonly #trace: Trace;
  readonly #example: number;
  readonly #layers: readonly Layer[];
  readonly #terms: Tensor | undefined;
  readonly #run: Executable;

  /** `example` counts within the batch. */
  constructor(trainer: Trainer, batch: Dataset, example: number, notation: Notation) {
    this.#trainer = trainer;
    this.#trace = traceNetwork(trainer, batch);
    this.#example = example;
    this.#layers = layersOf(this.#trace);
    const c = new Context(this.#trace, notation, example);
    this.#terms = termsOf(c);
    this.structure = structureOf(c, this.#layers, this.#terms, batch);
    const { loss, bindings, parameters } = this.#trace;
    const stages = this.#layers.flatMap(({ net, out }) => [net.tensor, (out ?? net).tensor]);
    // One by one: together, each would count as independent of the others.
    const deltas = this.#layers.map(({ net }) => gradient(loss, [net.tensor])[0]!);
    const outputs = [
      loss,
      ...stages,
      ...deltas,
      ...gradient(loss, Object.values(parameters)),
      ...(this.#terms ? [this.#terms] : []),
    ];
    this.#run = interpreter.compile({ inputs: [...bindings.keys()], outputs });
  }

  /** The numbers for the trainer's present parameters. */
  values(): Values {
    const { bindings, parameters, x, y, examples } = this.#trace;
    const now = this.#trainer.snapshot();
    const names = Object.keys(parameters);
    const own = Object.fromEntries(names.map((n) => [n, Float64Array.from(now.get(n)!)]));
    const known = new Map(names.map((n) => [parameters[n]!, own[n]!]));
    const results = this.#run
      .run([...bindings].map(([t, value]) => known.get(t) ?? value))
      .map((v) => v.slice());
    const row = (t: Tensor, data: ArrayLike<number>): Float64Array => {
      const width = data.length / (t.rank > 0 && t.shape[0] === examples ? examples : 1);
      const start = width === data.length ? 0 : this.#example * width;
      return Float64Array.from(Array.prototype.slice.call(data, start, start + width));
    };
    const inputs = row(x!, bindings.get(x!)!);
    const n = this.#layers.length;
    const stage = (i: number, part: 0 | 1) => {
      const { net, out } = this.#layers[i]!;
      return row((part === 0 ? net : (out ?? net)).tensor, results[1 + 2 * i + part]!);
    };
    const layers = this.#layers.map((_, i) => i);
    const at = 1 + 3 * n;
    return {
      steps: this.#trainer.progress.steps,
      epoch: this.#trainer.progress.epoch,
      learningRate: this.#trainer.learningRate,
      loss: results[0]![0]!,
      nets: [empty, ...layers.map((i) => stage(i, 0))],
      outs: [inputs, ...layers.map((i) => stage(i, 1))],
      deltas: [
        empty,
        ...layers.map((i) => row(this.#layers[i]!.net.tensor, results[1 + 2 * n + i]!)),
      ],
      terms: this.#terms ? row(this.#terms, results[at + names.length]!) : empty,
      targets: row(y!, bindings.get(y!)!),
      parameters: own,
      gradients: Object.fromEntries(
        names.map((name, i) => [name, Float64Array.from(results[at + i]!)]),
      ),
    };
  }

  /** How the notation calls a number of a parameter; undefined where it has no name of its own. */
  nameOf({ name, index }: Chosen): string | undefined {
    const { columns, weights } = this.structure;
    const biased = columns.find((c) => c.bias?.parameter === name);
    if (biased) {
      const symbol = biased.units[index]?.bias;
      const alike = biased.units.filter((u) => u.bias === symbol).length;
      return alike === 1 || biased.bias!.shared ? symbol : undefined;
    }
    return weights.find((w) => w.parameter === name)?.names[index];
  }

  /** E with one number of a parameter at each of these values. */
  along(name: string, index: number, at: ArrayLike<number>): Float64Array {
    const { bindings, parameters, loss } = this.#trace;
    const now = this.#trainer.snapshot();
    const changed = Float64Array.from(now.get(name)!);
    const known = new Map<Tensor, Float64Array>(
      Object.entries(parameters).map(([n, t]) => [
        t,
        n === name ? changed : Float64Array.from(now.get(n)!),
      ]),
    );
    const run = interpreter.compile({ inputs: [...bindings.keys()], outputs: [loss] });
    return Float64Array.from(at, (value) => {
      changed[index] = value;
      return run.run([...bindings].map(([t, v]) => known.get(t) ?? v))[0]![0]!;
    });
  }
}

function layersOf(t: Trace): Layer[] {
  const nets = t.stages.filter((s) => s.role === "net");
  return nets.map((net): Layer => {
    const path = net.path === "" ? "" : `${net.path}.`;
    const own = (name: string) => (t.parameters[path + name] ? path + name : undefined);
    return {
      net,
      out: t.stages.find((s) => s.layer === net.layer && s.role === "out"),
      weight: own("weight"),
      bias: own("bias"),
    };
  });
}

function structureOf(
  c: Context,
  layers: readonly Layer[],
  terms: Tensor | undefined,
  batch: Dataset,
): Structure {
  const { trace } = c;
  const named = (t: Tensor, j: number) => {
    const index = c.example * (t.size / trace.examples) + j;
    return c.signOf({ node: t, index })?.text;
  };
  const width = (t: Tensor) => t.size / trace.examples;
  const units = (size: number, unit: (j: number) => Unit): Unit[] =>
    size > mostNamed ? [] : Array.from({ length: size }, (_, j) => unit(j));
  const inputs: Column = {
    size: width(trace.x!),
    title: "",
    units: units(width(trace.x!), (k) => ({ out: named(trace.x!, k)! })),
  };
  const ofBias = (sign: ReturnType<Context["parameterSign"]>) => ({
    bias: sign.text,
    biasGradient: c.partialSign(c.names.loss, sign).text,
  });
  const columns = layers.map(({ net, out, bias }): Column => {
    const size = width(net.tensor);
    const shared = bias !== undefined && trace.parameters[bias]!.rank === 0;
    return {
      size,
      title: [net.name, String(size), ...(out ? ["·", out.name] : [])].join(" "),
      units: units(size, (j) => ({
        net: named(net.tensor, j)!,
        ...(out
          ? {
              out: named(out.tensor, j)!,
              gradient: c.gradientSign({ node: out.tensor, index: c.example * size + j }).text,
            }
          : {}),
        delta: c.gradientSign({
          node: net.tensor,
          index: c.example * size + j,
        }).text,
        ...(bias === undefined ? {} : ofBias(c.parameterSign(bias, shared ? 0 : j))),
      })),
      ...(bias === undefined ? {} : { bias: { parameter: bias, shared } }),
    };
  });
  const weights = layers.flatMap(({ weight }, i): Weights[] => {
    if (weight === undefined || trace.parameters[weight]!.rank !== 2) return [];
    const [rows = 0, across = 0] = trace.parameters[weight]!.shape;
    const signs =
      rows * across > mostNamed
        ? []
        : Array.from({ length: rows * across }, (_, k) => c.parameterSign(weight, k));
    return [
      {
        parameter: weight,
        column: i + 1,
        rows,
        columns: across,
        trained: trace.trainable.includes(weight),
        names: signs.map((s) => s.text),
        gradients: signs.map((s) => c.partialSign(c.names.loss, s).text),
      },
    ];
  });
  const perExample = terms ? terms.size / (c.isBatched(terms) ? trace.examples : 1) : 0;
  const first = terms && c.isBatched(terms) ? c.example * perExample : 0;
  const labels = trace.y!.dtype === "i32";
  return {
    columns: [inputs, ...columns],
    weights,
    loss: c.names.loss.text,
    terms: Array.from(
      { length: Math.min(perExample, 8) },
      (_, j) => termSign(c, terms!, first + j).text,
    ),
    targets: labels
      ? ["class"]
      : Array.from({ length: width(trace.y!) }, (_, j) => c.names.target(j).text),
    ...(labels && batch.classes ? { classes: batch.classes } : {}),
  };
}
