/**
 * The yardstick: the same training written out by hand in plain JavaScript (Float64Array, loops, no
 * library), which is also an independent check of the losses. Its `!` stand for what such a script
 * would not check either: each index runs below the length of its array.
 */
import type { Peer } from "./worker.ts";
import { type Workload, type WorkloadName, workload } from "./workloads.ts";

const logistic = (z: number): number => 1 / (1 + Math.exp(-z));

/** The 2-2-2 example with every weight a variable. */
function example(w: Workload) {
  const [x1, x2] = [w.inputs.data[0]!, w.inputs.data[1]!];
  const [t1, t2] = [w.targets.data[0]!, w.targets.data[1]!];
  let v = new Float64Array(8);
  const reset = () => {
    v = Float64Array.of(0.15, 0.2, 0.25, 0.3, 0.4, 0.45, 0.5, 0.55);
  };
  const step = (): number => {
    const [w1, w2, w3, w4, w5, w6, w7, w8] = v;
    const h1 = logistic(w1! * x1 + w2! * x2 + 0.35);
    const h2 = logistic(w3! * x1 + w4! * x2 + 0.35);
    const o1 = logistic(w5! * h1 + w6! * h2 + 0.6);
    const o2 = logistic(w7! * h1 + w8! * h2 + 0.6);
    const d1 = (o1 - t1) * o1 * (1 - o1);
    const d2 = (o2 - t2) * o2 * (1 - o2);
    const e1 = (d1 * w5! + d2 * w7!) * h1 * (1 - h1);
    const e2 = (d1 * w6! + d2 * w8!) * h2 * (1 - h2);
    v[0]! -= 0.5 * e1 * x1;
    v[1]! -= 0.5 * e1 * x2;
    v[2]! -= 0.5 * e2 * x1;
    v[3]! -= 0.5 * e2 * x2;
    v[4]! -= 0.5 * d1 * h1;
    v[5]! -= 0.5 * d1 * h2;
    v[6]! -= 0.5 * d2 * h1;
    v[7]! -= 0.5 * d2 * h2;
    return 0.5 * ((t1 - o1) ** 2 + (t2 - o2) ** 2);
  };
  return { reset, step };
}

/** y = x Wᵀ + b, row by row. */
function affine(x: Float64Array, w: Float64Array, b: Float64Array, y: Float64Array): void {
  const outputs = b.length;
  const inputs = w.length / outputs;
  const rows = y.length / outputs;
  for (let r = 0; r < rows; r++) {
    for (let j = 0; j < outputs; j++) {
      let sum = b[j]!;
      for (let k = 0; k < inputs; k++) sum += x[r * inputs + k]! * w[j * inputs + k]!;
      y[r * outputs + j] = sum;
    }
  }
}

/** A dense network of any sizes with the workload's activation, loss and optimizer. */
function dense(w: Workload) {
  const specs = Object.values(w.model.parameters);
  const layers = specs.length / 2;
  const widths = [w.inputs.shape[1]!, ...specs.filter((_, i) => i % 2).map((s) => s.shape[0]!)];
  const rows = w.batchSize;
  const batches = w.inputs.shape[0]! / rows;
  const values = specs.map((s) => s.initial.fill(s.shape, 0, 0));
  const start = values.map((v) => v.slice());
  const first = values.map((v) => new Float64Array(v.length));
  const second = values.map((v) => new Float64Array(v.length));
  const gradients = values.map((v) => new Float64Array(v.length));
  const outputs = widths.map((n) => new Float64Array(n * rows));
  const deltas = widths.map((n) => new Float64Array(n * rows));
  const classes = w.targets.dtype === "i32";
  const isTanh = w.name === "W6";
  const { settings } = w.optimizer as { settings: Record<string, number> };
  const rate = w.optimizer.learningRate.initial;
  let count = 0;
  const reset = () => {
    count = 0;
    values.forEach((v, i) => {
      v.set(start[i]!);
    });
    for (const v of [...first, ...second]) v.fill(0);
  };

  /** The loss of the outputs, whose derivatives go to the last deltas. */
  const loss = (batch: number): number => {
    const [y, d] = [outputs[layers]!, deltas[layers]!];
    const width = widths[layers]!;
    let total = 0;
    if (!classes) {
      for (let i = 0; i < y.length; i++) {
        const e = y[i]! - w.targets.data[batch * y.length + i]!;
        total += (e * e) / y.length;
        d[i] = (2 * e) / y.length;
      }
      return total;
    }
    for (let r = 0; r < rows; r++) {
      const label = w.targets.data[batch * rows + r]!;
      const line = y.subarray(r * width, (r + 1) * width);
      const top = Math.max(...line);
      let sum = 0;
      for (const v of line) sum += Math.exp(v - top);
      for (let j = 0; j < width; j++) {
        d[r * width + j] = (Math.exp(line[j]! - top) / sum - +(j === label)) / rows;
      }
      total += (Math.log(sum) + top - line[label]!) / rows;
    }
    return total;
  };

  /** From the deltas behind a layer to its gradients and to the deltas in front of it. */
  const back = (l: number): void => {
    const [inputs, units] = [widths[l]!, widths[l + 1]!];
    const [x, d, before] = [outputs[l]!, deltas[l + 1]!, deltas[l]!];
    const [weight, gw, gb] = [values[2 * l]!, gradients[2 * l]!, gradients[2 * l + 1]!];
    gw.fill(0);
    gb.fill(0);
    before.fill(0);
    for (let r = 0; r < rows; r++) {
      for (let j = 0; j < units; j++) {
        const g = d[r * units + j]!;
        gb[j]! += g;
        for (let k = 0; k < inputs; k++) gw[j * inputs + k]! += g * x[r * inputs + k]!;
        if (l === 0) continue;
        for (let k = 0; k < inputs; k++) before[r * inputs + k]! += g * weight[j * inputs + k]!;
      }
    }
    for (let i = 0; i < before.length; i++) {
      before[i]! *= isTanh ? 1 - x[i]! * x[i]! : +(x[i]! > 0);
    }
  };

  const update = (): void => {
    count++;
    const { momentum = 0, beta1 = 0, beta2 = 0, epsilon = 0 } = settings;
    const [c1, c2] = [1 - beta1 ** count, Math.sqrt(1 - beta2 ** count)];
    values.forEach((value, p) => {
      const [g, m, s] = [gradients[p]!, first[p]!, second[p]!];
      for (let i = 0; i < value.length; i++) {
        if (w.optimizer.name === "sgd") {
          m[i] = momentum * m[i]! + g[i]!;
          value[i]! -= rate * m[i]!;
        } else {
          m[i] = beta1 * m[i]! + (1 - beta1) * g[i]!;
          s[i] = beta2 * s[i]! + (1 - beta2) * g[i]! * g[i]!;
          value[i]! -= ((rate / c1) * m[i]!) / (Math.sqrt(s[i]!) / c2 + epsilon);
        }
      }
    });
  };

  const step = (): number => {
    const batch = count % batches;
    const size = rows * widths[0]!;
    outputs[0]!.set(w.inputs.data.subarray(batch * size, (batch + 1) * size));
    for (let l = 0; l < layers; l++) {
      const y = outputs[l + 1]!;
      affine(outputs[l]!, values[2 * l]!, values[2 * l + 1]!, y);
      if (l + 1 === layers) break;
      for (let i = 0; i < y.length; i++) y[i] = isTanh ? Math.tanh(y[i]!) : Math.max(y[i]!, 0);
    }
    const result = loss(batch);
    for (let l = layers - 1; l >= 0; l--) back(l);
    update();
    return result;
  };
  return { reset, step };
}

/** W3 would take minutes; the script has no convolutions and no attention. */
const done: readonly WorkloadName[] = ["W1", "W2", "W6"];

export const plainPeer: Peer = {
  name: "hand-written JavaScript",
  open(id) {
    if (!done.includes(id)) throw new Error(`not implemented: ${id}`);
    const w = workload(id);
    const { reset, step } = id === "W1" ? example(w) : dense(w);
    const run = (steps: number): number => {
      let loss = Number.NaN;
      for (let i = 0; i < steps; i++) loss = step();
      return loss;
    };
    reset();
    return { machine: { reset, run, compileTime: 0 }, checksum: w.checksum };
  },
};
