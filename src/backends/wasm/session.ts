/** A training session in WebAssembly: state, data and loop live in one memory. */
import { compileProgram } from "../../compile/index.ts";
import type { ArrayTensor } from "../../core/array-tensor.ts";
import { only } from "../../core/at.ts";
import { entryOf } from "../../core/by-name.ts";
import { bytesOf, type TypedArray } from "../../core/dtype.ts";
import { fail } from "../../core/errors.ts";
import { keyOf } from "../../core/random.ts";
import { formatShape } from "../../core/shape.ts";
import { inputsByName, outputsByName, type StepGraph, statePairs } from "../../step/ports.ts";
import type { Session, SessionData, Sums } from "../backend.ts";
import { recordLength, writeLoop } from "./emit/train.ts";
import { type CodeOptions, instantiate, instructionsFor } from "./index.ts";
import { lost, startWorkers, threadsFor } from "./workers.ts";

/** Epochs that one call can report. */
const maximumEpochs = 4096;

export function openSession(
  step: StepGraph,
  data: SessionData,
  options: { readonly threads?: number; readonly code?: CodeOptions } = {},
): Session {
  const program = compileProgram(step, { state: statePairs(step) });
  const inputs = inputsByName(step, program.inputs);
  const { controls, batch } = inputs;
  const { loss, weight: divisor, counts } = outputsByName(step, program.outputs);
  const { correct } = counts;
  const { batchSize, weight, seed } = data;
  const parts = Object.keys(batch).map((name) => {
    const source = entryOf(data.examples, name);
    return { source, batch: entryOf(batch, name), place: 0 };
  });
  const examples = rowsOf(parts.map(({ source }) => source));
  const places = { order: 0, records: 0 };
  const threads = threadsFor(program, options.threads);
  const { exports, at, memory, module } = instantiate(program, {
    ...instructionsFor(options.code ?? {}),
    threads,
    extend({ address, free, ...rest }) {
      let end = free;
      const reserve = (bytes: number): number => {
        const start = end;
        end = Math.ceil((end + bytes) / 64) * 64;
        return start;
      };
      places.order = reserve(4 * examples);
      for (const part of parts) part.place = reserve(part.source.data.byteLength);
      places.records = reserve(8 * recordLength * maximumEpochs);
      writeLoop(rest, {
        examples,
        batchSize,
        order: places.order,
        rows: parts.map(({ source, batch, place }) => ({
          data: place,
          batch: address(batch),
          width: (source.data.length / examples) * bytesOf(source.dtype),
        })),
        step: address(controls.step),
        key: address(controls.key) + 4,
        loss: { at: address(loss), dtype: loss.dtype === "f32" ? "f32" : "f64", weight },
        divisor: divisor && address(divisor),
        correct: correct && address(correct),
        records: places.records,
        seed: keyOf(seed),
      });
      return end;
    },
  });
  const team = threads > 1 ? startWorkers(module, memory, threads - 1) : undefined;
  const [shuffle, steps, epochs] = [
    functionIn(exports, "shuffle"),
    functionIn(exports, "steps"),
    functionIn(exports, "epochs"),
  ];
  const [lossSum, weightSum, correctSum] = [
    globalIn(exports, "lossSum"),
    globalIn(exports, "weightSum"),
    globalIn(exports, "correctSum"),
  ];
  const buffer = memory.buffer as ArrayBuffer;
  for (const { source, place } of parts) {
    const { data: from } = source;
    const bytes = new Uint8Array(from.buffer, from.byteOffset, from.byteLength);
    new Uint8Array(buffer, place, from.byteLength).set(bytes);
  }
  const order = new Int32Array(buffer, places.order, examples);
  const records = new Float64Array(buffer, places.records, recordLength * maximumEpochs);
  const state = stateParts.flatMap((part) =>
    Object.entries(inputs[part]).map(([name, b]) => ({ part, name, values: at(b) })),
  );
  const [rateAt, stepAt, keyAt] = [at(controls.learningRate), at(controls.step), at(controls.key)];
  const lossAt = at(loss);
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
    load(from, stepNumber, learningRate) {
      for (const { part, name, values } of state) values.set(entryOf(from[part], name));
      rateAt[0] = learningRate;
      stepAt[0] = stepNumber;
      keyAt.set([keyOf(seed)[0], stepNumber | 0]);
    },
    save(to) {
      for (const { part, name, values } of state) entryOf(to[part], name).set(values);
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
        weight: divisor ? weightSum.value : sums.weight + weight * (to - from),
        correct: correct ? correctSum.value : Number.NaN,
      };
    },
    lastLoss: () => only(lossAt),
    epochs(first, count, shuffled) {
      if (!shuffled) inOrder();
      const done = guarded(() => epochs(first, Math.min(count, maximumEpochs), +shuffled));
      const whole = weight * Math.floor(examples / batchSize);
      return Array.from({ length: done }, (_, i): Sums => {
        // An epoch of a small network takes less time than an object more, or than a check: there
        // is a record for each epoch that was done.
        const at = recordLength * i;
        return {
          loss: records[at]!,
          weight: divisor ? records[at + 1]! : whole,
          correct: correct ? records[at + 2]! : Number.NaN,
        };
      });
    },
    isFinite: () => state.every(({ values }) => allFinite(values)),
    close() {
      team?.close();
    },
  };
}

const stateParts = ["parameters", "buffers", "slots"] as const;

/** How many rows all parts have. */
function rowsOf(parts: readonly ArrayTensor[]): number {
  const [first, ...others] = parts.map(({ shape }) => shape[0]);
  if (first !== undefined && others.every((rows) => rows === first)) return first;
  return fail("shape-mismatch", {
    message: "Every part of the examples has a row for each of them.",
    expected: "arrays with equally many rows",
    found: parts.map(({ shape }) => formatShape(shape)).join(", ") || "no parts",
  });
}

type Numeric = (...numbers: number[]) => number;

const functionIn = (exports: WebAssembly.Exports, name: string): Numeric =>
  entryOf(exports, name) as Numeric;

function globalIn(exports: WebAssembly.Exports, name: string): WebAssembly.Global {
  return entryOf(exports, name) as WebAssembly.Global;
}

/** x − x is 0 for finite x alone, and a sum of zeros is quick to take: all weights, each epoch. */
function allFinite(data: TypedArray): boolean {
  let sum = 0;
  for (let i = 0; i < data.length; i++) sum += data[i]! - data[i]!;
  return sum === 0;
}
