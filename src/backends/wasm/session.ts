/** A training session in WebAssembly: state, data and loop live in one memory. */
import { compileProgram } from "../../compile/index.ts";
import { loopOf } from "../../compile/loop.ts";
import { at as element, only } from "../../core/at.ts";
import { entryOf } from "../../core/by-name.ts";
import { bytesOf } from "../../core/dtype.ts";
import { inputsByName, outputsByName, type StepGraph, statePairs } from "../../step/ports.ts";
import type { Session, SessionData, Sums } from "../backend.ts";
import { sessionState } from "../session-state.ts";
import { type Portion, portionsOf, takesLong } from "./emit/portions.ts";
import { sumName, writeLoop } from "./emit/train.ts";
import { type CodeOptions, instantiate, instructionsFor, view } from "./instance.ts";
import type { ModuleOptions } from "./module.ts";
import { restOf } from "./rest.ts";
import { lost, startWorkers, threadsFor } from "./workers.ts";

/** Epochs that one call can report. */
const maximumEpochs = 4096;

export function openSession(
  step: StepGraph,
  data: SessionData,
  options: { readonly threads?: number; readonly code?: CodeOptions } = {},
): Session {
  const program = compileProgram(step, { state: statePairs(step) });
  const loop = loopOf(step, program, data);
  const inputs = inputsByName(step, program.inputs);
  const { loss } = outputsByName(step, program.outputs);
  const { examples } = loop;
  const held = loop.gather.map(({ name, batch, width }) => ({
    name,
    dtype: batch.dtype,
    bytes: width * examples,
    place: 0,
  }));
  const { weight, seed } = data;
  const recordLength = loop.sums.length;
  const weightPlace = loop.sums.findIndex((sum) => sum.of === "weight");
  const places = { order: 0, records: 0 };
  const threads = threadsFor(program, options.threads);
  const inUnits = takesLong(program);
  // A step that is done in portions is as long as what the last batch takes besides.
  const rest = inUnits ? undefined : restOf(step, program, data, loop);
  let portions: readonly Portion[] | undefined;
  const writing: ModuleOptions = {
    ...instructionsFor(options.code ?? {}),
    threads,
    inUnits,
    other: rest?.program,
    extend({ address, free, kernels, countsAt, other, ...parts }) {
      let end = free;
      const reserve = (bytes: number): number => {
        const start = end;
        end = Math.ceil((end + bytes) / 64) * 64;
        return start;
      };
      places.order = reserve(4 * examples);
      for (const part of held) part.place = reserve(part.bytes);
      places.records = reserve(8 * recordLength * maximumEpochs);
      portions = inUnits ? portionsOf(kernels, threads) : undefined;
      const divided = inUnits ? kernels : undefined;
      const data = held.map(({ place }) => place);
      const last = rest?.parts({ run: parts.run, address, countsAt }, other);
      writeLoop({ ...parts, divided, rest: last }, loop, { ...places, data, address });
      return end;
    },
  };
  const dataBytes = held.reduce((sum, { bytes }) => sum + bytes, 4 * examples);
  const { exports, at, memory, module, sizes } = instantiate(program, writing, dataBytes);
  const team = threads > 1 ? startWorkers(module, memory, threads - 1) : undefined;
  const [shuffle, steps, epochs] = [
    functionIn(exports, "shuffle"),
    functionIn(exports, "steps"),
    functionIn(exports, "epochs"),
  ];
  const lossTotal = globalIn(exports, sumName(0));
  const weightTotal = weightPlace < 0 ? undefined : globalIn(exports, sumName(weightPlace));
  const counted = loop.sums.flatMap(({ of, name }, place) =>
    of === "counts" ? [{ name, place, total: globalIn(exports, sumName(place)) }] : [],
  );
  /** Filled in by way of a copy, counts have one form: a new record is slower to make. */
  const uncounted = Object.fromEntries(counted.map(({ name }) => [name, 0]));
  const countsBy = (read: (sum: (typeof counted)[number]) => number): Sums["counts"] => {
    if (counted.length === 0) return uncounted;
    const counts = { ...uncounted };
    for (const sum of counted) counts[sum.name] = read(sum);
    return counts;
  };
  const buffer = memory.buffer as ArrayBuffer;
  const parts = held.map(({ name, dtype, bytes, place }) => ({
    name,
    elements: view(memory, dtype, place, bytes / bytesOf(dtype)),
  }));
  const feed: Session["feed"] = (from, first = 0) => {
    for (const { name, elements } of parts) {
      elements.set(entryOf(from, name).data, (first * elements.length) / examples);
    }
  };
  feed(data.examples);
  const order = new Int32Array(buffer, places.order, examples);
  const records = new Float64Array(buffer, places.records, recordLength * maximumEpochs);
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
  const begin = (sums: Sums): void => {
    lossTotal.value = sums.loss;
    if (weightTotal) weightTotal.value = sums.weight;
    // What has not been counted yet begins with 0.
    for (const { name, total } of counted) total.value = sums.counts[name] ?? 0;
  };
  /** What so many batches from the first on count for. */
  const counting = (batches: number): number =>
    batches > loop.batches ? weight * loop.batches + (rest?.weight ?? 0) : weight * batches;
  const end = (sums: Sums, from: number, to: number): Sums => ({
    loss: lossTotal.value,
    weight: weightTotal ? weightTotal.value : sums.weight + counting(to) - counting(from),
    counts: countsBy(({ total }) => total.value),
  });
  const sizeFor = (other: StepGraph) => {
    if (other === step) return { take: () => sizes?.take(undefined) };
    const size = sizes?.fitting(other);
    return size && { take: () => sizes?.take(size) };
  };
  const session: Session = {
    ...sessionState(inputs, at, seed),
    arrange(epoch) {
      if (epoch === undefined) inOrder();
      else shuffle(epoch);
    },
    steps(from, to, sums) {
      begin(sums);
      return guarded(() => steps(from, to)) === 0 ? end(sums, from, to) : undefined;
    },
    ...(portions && inPortions(exports, portions, { guarded, begin, end })),
    lastLoss: () => only(lossAt),
    epochs(first, count, shuffled) {
      if (!shuffled) inOrder();
      const done = guarded(() => epochs(first, Math.min(count, maximumEpochs), +shuffled));
      const whole = counting(loop.batches + (rest ? 1 : 0));
      const sums: Sums[] = [];
      // An epoch of a small network takes less time than a check: there is a record for each (!).
      for (let at = 0; at < recordLength * done; at += recordLength) {
        sums.push({
          loss: records[at]!,
          weight: weightPlace < 0 ? whole : records[at + weightPlace]!,
          counts: counted.length === 0 ? uncounted : countsBy(({ place }) => records[at + place]!),
        });
      }
      return sums;
    },
    takesRest: rest !== undefined,
    ...(sizes && { fewer: (other: StepGraph) => sizeFor(other) }),
    feed,
    close() {
      team?.close();
    },
    bytes: memory.buffer.byteLength,
  };
  if (team) forgotten.register(session, team);
  return session;
}

/** The parts of a session that run a step in portions: first the batch is gathered. */
function inPortions(
  exports: WebAssembly.Exports,
  portions: readonly Portion[],
  {
    guarded,
    begin,
    end,
  }: {
    readonly guarded: <T>(work: () => T) => T;
    readonly begin: (sums: Sums) => void;
    readonly end: (sums: Sums, from: number, to: number) => Sums;
  },
): Required<Pick<Session, "portions" | "portion" | "finish">> {
  const [run, account] = [functionIn(exports, "portion"), functionIn(exports, "account")];
  return {
    portions: portions.length + 1,
    portion(batch, i) {
      if (i === 0) guarded(() => run(0, batch, 0));
      else {
        const { kernel, from, to } = element(portions, i - 1);
        guarded(() => run(kernel + 1, from, to));
      }
    },
    finish(sums) {
      begin(sums);
      return account() === 0 ? end(sums, 0, 1) : undefined;
    },
  };
}

/** Who waits for commands would do so for ever once nobody can give any. */
const forgotten = /* @__PURE__ */ new FinalizationRegistry<ReturnType<typeof startWorkers>>(
  (team) => team.close(),
);

type Numeric = (...numbers: number[]) => number;

const functionIn = (exports: WebAssembly.Exports, name: string): Numeric =>
  entryOf(exports, name) as Numeric;

function globalIn(exports: WebAssembly.Exports, name: string): WebAssembly.Global {
  return entryOf(exports, name) as WebAssembly.Global;
}
