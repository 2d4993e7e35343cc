/** A training session in WebAssembly: state, data and loop live in one memory. */
import { compileProgram } from "../../compile/index.ts";
import type { Buffer } from "../../compile/program.ts";
import { bytesOf, type TypedArray } from "../../core/dtype.ts";
import { keyOf } from "../../core/random.ts";
import type { Session, SessionData, Sums, TrainingGraph } from "../backend.ts";
import { type LoopLayout, recordLength, writeLoop } from "./emit/train.ts";
import { type CodeOptions, instantiate, instructionsFor } from "./index.ts";
import { lost, startWorkers, threadsFor } from "./workers.ts";

/** Epochs that one call can report. */
const maximumEpochs = 4096;

interface Exports {
  readonly shuffle: (epoch: number) => void;
  readonly steps: (from: number, to: number) => number;
  readonly epochs: (first: number, count: number, shuffle: number) => number;
  readonly lossSum: WebAssembly.Global;
  readonly weightSum: WebAssembly.Global;
  readonly correctSum: WebAssembly.Global;
}

export function openSession(
  graph: TrainingGraph,
  data: SessionData,
  options: { readonly threads?: number; readonly code?: CodeOptions } = {},
): Session {
  const { states, counts, weighs } = graph;
  const pairs = Array.from({ length: states }, (_, i) => [i, i] as const);
  const program = compileProgram(graph, { state: pairs });
  const [rate, step, key, inputs, targets] = program.inputs.slice(states) as Buffer[];
  const [loss, ...measures] = program.outputs.slice(states) as [Buffer, ...Buffer[]];
  const correct = counts ? measures[0]! : undefined;
  const divisor = weighs ? measures[counts ? 1 : 0]! : undefined;
  const { batchSize, weight, seed } = data;
  const examples = data.inputs.shape[0]!;
  const places = { order: 0, inputs: 0, targets: 0, records: 0 };
  const threads = threadsFor(program, options.threads);
  const { exports, at, memory, module } = instantiate(program, {
    ...instructionsFor(options.code ?? {}),
    threads,
    extend({ address, free, ...parts }) {
      let end = free;
      const reserve = (bytes: number): number => {
        const start = end;
        end = Math.ceil((end + bytes) / 64) * 64;
        return start;
      };
      places.order = reserve(4 * examples);
      places.inputs = reserve(data.inputs.data.byteLength);
      places.targets = reserve(data.targets.data.byteLength);
      places.records = reserve(8 * recordLength * maximumEpochs);
      const width = (t: SessionData["inputs"]) => (t.data.length / examples) * bytesOf(t.dtype);
      const layout: LoopLayout = {
        examples,
        batchSize,
        order: places.order,
        rows: [
          { data: places.inputs, batch: address(inputs!), width: width(data.inputs) },
          { data: places.targets, batch: address(targets!), width: width(data.targets) },
        ],
        step: address(step!),
        key: address(key!) + 4,
        loss: { at: address(loss), dtype: loss.dtype as "f32" | "f64", weight },
        divisor: divisor && address(divisor),
        correct: correct && address(correct),
        records: places.records,
        seed: keyOf(seed),
      };
      writeLoop(parts, layout);
      return end;
    },
  });
  const team = threads > 1 ? startWorkers(module, memory, threads - 1) : undefined;
  const { shuffle, steps, epochs, lossSum, weightSum, correctSum } = exports as unknown as Exports;
  const buffer = memory.buffer as ArrayBuffer;
  const copyIn = (place: number, source: TypedArray) => {
    const bytes = new Uint8Array(source.buffer, source.byteOffset, source.byteLength);
    new Uint8Array(buffer, place, source.byteLength).set(bytes);
  };
  copyIn(places.inputs, data.inputs.data);
  copyIn(places.targets, data.targets.data);
  const order = new Int32Array(buffer, places.order, examples);
  const records = new Float64Array(buffer, places.records, recordLength * maximumEpochs);
  const state = program.inputs.slice(0, states).map(at);
  const [rateAt, stepAt, keyAt, lossAt] = [at(rate!), at(step!), at(key!), at(loss)];
  const inOrder = () => {
    for (let i = 0; i < examples; i++) order[i] = i;
  };
  inOrder();
  /** What has ended a team: when a step throws, the other threads wait in its midst. */
  let broken: unknown;
  const guarded = <T>(work: () => T): T => {
    if (broken !== undefined) throw broken;
    try {
      return team?.dead ? lost() : work();
    } catch (error) {
      if (team) broken = error;
      throw error;
    }
  };
  return {
    load(values, stepNumber, learningRate) {
      state.forEach((target, i) => {
        target.set(values[i]!);
      });
      rateAt[0] = learningRate;
      stepAt[0] = stepNumber;
      keyAt.set([keyOf(seed)[0], stepNumber | 0]);
    },
    save(values) {
      state.forEach((source, i) => {
        values[i]!.set(source);
      });
    },
    arrange(epoch) {
      if (epoch === undefined) inOrder();
      else shuffle(epoch);
    },
    steps(from, to, sums) {
      lossSum.value = sums.loss;
      weightSum.value = sums.weight;
      correctSum.value = sums.correct;
      if (guarded(() => steps(from, to)) !== 0) return undefined;
      return {
        loss: lossSum.value,
        weight: weighs ? weightSum.value : sums.weight + weight * (to - from),
        correct: counts ? correctSum.value : Number.NaN,
      };
    },
    lastLoss: () => lossAt[0]!,
    epochs(first, count, shuffled) {
      if (!shuffled) inOrder();
      const done = guarded(() => epochs(first, Math.min(count, maximumEpochs), +shuffled));
      const whole = weight * Math.floor(examples / batchSize);
      return Array.from({ length: done }, (_, i): Sums => {
        // An epoch of a small network takes less time than an object more.
        const at = recordLength * i;
        return {
          loss: records[at]!,
          weight: weighs ? records[at + 1]! : whole,
          correct: counts ? records[at + 2]! : Number.NaN,
        };
      });
    },
    isFinite: () => state.every(allFinite),
    close() {
      team?.close();
    },
  };
}

/** x − x is 0 for finite x alone, and a sum of zeros is quick to take. */
function allFinite(data: TypedArray): boolean {
  let sum = 0;
  for (let i = 0; i < data.length; i++) sum += data[i]! - data[i]!;
  return sum === 0;
}
