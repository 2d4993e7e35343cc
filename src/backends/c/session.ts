/** A training session in the machine's own code: state, data and loop live in one memory. */
import { compileProgram } from "../../compile/index.ts";
import { loopOf, type StepLoop } from "../../compile/loop.ts";
import type { Program } from "../../compile/program.ts";
import { at as element, only } from "../../core/at.ts";
import { entryOf } from "../../core/by-name.ts";
import { bytesOf } from "../../core/dtype.ts";
import { inputsByName, outputsByName, type StepGraph, statePairs } from "../../step/ports.ts";
import type { Session, SessionData, Sums } from "../backend.ts";
import { sessionState } from "../session-state.ts";
import { threadsThatPay } from "../threads.ts";
import { mostEpochs } from "./file.ts";
import {
  functionIn,
  type loadProgram,
  type NativeOptions,
  prepareProgram,
  viewOf,
  type Workforce,
} from "./instance.ts";
import { processors } from "./node-library.ts";

interface SessionOptions {
  readonly threads?: number;
  readonly code?: NativeOptions;
}

export const openNativeSession = (
  step: StepGraph,
  data: SessionData,
  options: SessionOptions = {},
): Session => prepareNativeSession(step, data, options).open(data.examples);

/** A session's text, and what opens it on data of the same types. */
export function prepareNativeSession(
  step: StepGraph,
  data: SessionData,
  options: SessionOptions = {},
) {
  const program = compileProgram(step, { state: statePairs(step) });
  const loop = loopOf(step, program, data);
  const threads = options.threads ?? threadsThatPay(program, processors());
  const { text, load } = prepareProgram(program, options.code ?? {}, { loop, threads });
  const { weight, seed } = data;
  // The data themselves are not held until then.
  const open = (examples: SessionData["examples"]): Session =>
    openedSession({ step, program, loop, weight, seed }, examples, load());
  return { text, open };
}

interface Prepared extends Pick<SessionData, "weight" | "seed"> {
  readonly step: StepGraph;
  readonly program: Program;
  readonly loop: StepLoop;
}

function openedSession(
  { step, program, loop, weight, seed }: Prepared,
  given: SessionData["examples"],
  { library, memory, at, places, throwFault, team }: ReturnType<typeof loadProgram>,
): Session {
  const inputs = inputsByName(step, program.inputs);
  const { loss } = outputsByName(step, program.outputs);
  const { examples } = loop;
  const [shuffle, steps, epochs] = [
    functionIn(library, memory, "shuffle", 1),
    functionIn(library, memory, "steps", 2),
    functionIn(library, memory, "epochs", 3),
  ];
  const length = loop.sums.length;
  const totals = viewOf(memory, "f64", places.sums, length);
  const records = viewOf(memory, "f64", places.records, length * mostEpochs);
  const order = viewOf(memory, "i32", places.order, examples);
  const weightPlace = loop.sums.findIndex((sum) => sum.of === "weight");
  const counted = loop.sums.flatMap(({ of, name }, place) =>
    of === "counts" ? [{ name, place }] : [],
  );
  const held = loop.gather.map(({ name, batch, width }, k) => ({
    name,
    elements: viewOf(
      memory,
      batch.dtype,
      element(places.data, k),
      (width * examples) / bytesOf(batch.dtype),
    ),
  }));
  const feed: Session["feed"] = (from, first = 0) => {
    for (const { name, elements } of held) {
      elements.set(entryOf(from, name).data, (first * elements.length) / examples);
    }
  };
  feed(given);
  const inOrder = (): void => {
    for (let i = 0; i < examples; i++) order[i] = i;
  };
  inOrder();
  const lossAt = at(loss);
  /** Sums as they stand at some place, so many batches after those that were given. */
  const sumsAt = (
    from: ArrayLike<number>,
    start: number,
    before: number,
    batches: number,
  ): Sums => ({
    loss: from[start] ?? Number.NaN,
    weight: weightPlace < 0 ? before + weight * batches : (from[start + weightPlace] ?? Number.NaN),
    counts: Object.fromEntries(
      counted.map(({ name, place }) => [name, from[start + place] ?? Number.NaN]),
    ),
  });
  const session: Session = {
    ...sessionState(inputs, at, seed),
    arrange(epoch) {
      if (epoch === undefined) inOrder();
      else shuffle(epoch);
    },
    steps(from, to, sums) {
      totals[0] = sums.loss;
      if (weightPlace >= 0) totals[weightPlace] = sums.weight;
      // What has not been counted yet begins with 0.
      for (const { name, place } of counted) totals[place] = sums.counts[name] ?? 0;
      const ended = steps(from, to);
      if (ended === 2) throwFault();
      return ended === 0 ? sumsAt(totals, 0, sums.weight, to - from) : undefined;
    },
    lastLoss: () => only(lossAt),
    epochs(first, count, shuffled) {
      if (!shuffled) inOrder();
      const done = epochs(first, Math.min(count, mostEpochs), +shuffled);
      if (done < 0) throwFault();
      return Array.from({ length: done }, (_, e) => sumsAt(records, e * length, 0, loop.batches));
    },
    feed,
    close() {
      team?.close();
    },
    bytes: memory.buffer.byteLength,
  };
  if (team) forgotten.register(session, team);
  return session;
}

/** Threads that wait for commands would do so for ever once nobody can give any. */
const forgotten = /* @__PURE__ */ new FinalizationRegistry<Workforce>((team) => team.close());
