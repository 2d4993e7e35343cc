/** A loop in C that is made while another one runs, compared with it, and then goes on in its place. */
import { mapEntries } from "../../core/by-name.ts";
import type { TypedArray } from "../../core/dtype.ts";
import { ChainruleError } from "../../core/errors.ts";
import { noteOnce } from "../../core/note.ts";
import type { StepState } from "../../step/ports.ts";
import type { Session, SessionData, Standing, Successor, Sums } from "../backend.ts";
import type { Making } from "./node-compiler.ts";
import { isLibraryKept, makeLibraryLater } from "./node-library.ts";

/** Training that has lasted so many ms will probably last longer than the compiler. */
const lasting = 500;

/** So many steps are taken by both. */
const trialSteps = 2;

interface Candidate {
  readonly text: string;
  readonly open: (examples: SessionData["examples"]) => Session;
}

interface Succession {
  readonly deterministic: boolean;
  /** Undefined where nothing can be compiled here. */
  readonly prepare: () => Candidate | undefined;
  readonly onTaken: () => void;
}

export function succession({ deterministic, prepare, onTaken }: Succession): Successor {
  let candidate: Candidate | undefined;
  let making: Making | undefined;
  let phase: "waiting" | "making" | "made" | "over" = "waiting";
  const end = (): void => {
    phase = "over";
    candidate = undefined;
    making?.stop();
  };
  /** It is not to be; of what is nobody's fault, the rest says why. */
  const giveUp = (error: unknown): void => {
    if (phase === "over") return;
    end();
    const { message, found } = error as Partial<ChainruleError>;
    const why = error instanceof ChainruleError && found ? ` (${found.split("\n", 1)})` : "";
    const [first = ""] = String(message ?? error).split("\n", 1);
    noteOnce(`${first.replace(/\.$/, "")}${why}: training goes on in WebAssembly.`);
  };
  const begin = (): void => {
    phase = "making";
    candidate = prepare();
    if (candidate === undefined) {
      end();
      return;
    }
    if (!isLibraryKept(candidate.text)) making = makeLibraryLater(candidate.text);
    if (making === undefined) phase = "made";
    else {
      making.done.then(() => {
        if (phase === "making") phase = "made";
      }, giveUp);
    }
  };
  return {
    get isReady() {
      return phase === "made";
    },
    lasts(time) {
      if (phase !== "waiting" || time < lasting) return;
      try {
        begin();
      } catch (error) {
        giveUp(error);
      }
    },
    take(running, from) {
      if (candidate === undefined || from.batches === 0) return undefined;
      const expected = tried(running, from);
      // Something is not finite, or the data are at fault: training itself says what.
      if (expected === undefined) return undefined;
      const { open } = candidate;
      let own: Session | undefined;
      try {
        own = open(from.examples);
        const found = tried(own, from);
        const alike = deterministic ? sameBits : nearlySame;
        if (found && alike(expected, found, from.state)) {
          end();
          onTaken();
          return own;
        }
        giveUp(
          "The compiled program does not train as WebAssembly does, which is a fault of chainrule or of the compiler",
        );
      } catch (error) {
        giveUp(error);
      }
      own?.close();
      return undefined;
    },
    close: end,
  };
}

/** What a session has made of a few batches. */
interface Outcome {
  readonly sums: Sums;
  readonly lastLoss: number;
  readonly state: StepState<TypedArray>;
}

function tried(session: Session, from: Standing): Outcome | undefined {
  const { state, step, learningRate, order, batches } = from;
  const after = {
    parameters: mapEntries(state.parameters, copyOf),
    buffers: mapEntries(state.buffers, copyOf),
    slots: mapEntries(state.slots, copyOf),
  };
  session.load(state, step, learningRate);
  session.arrange(order);
  const none = { loss: 0, weight: 0, counts: {} };
  const sums = session.steps(0, Math.min(trialSteps, batches), none);
  if (sums === undefined || !session.isFinite()) return undefined;
  session.save(after);
  return { sums, lastLoss: session.lastLoss(), state: after };
}

const copyOf = (data: TypedArray): TypedArray => data.slice();

const parts = ["parameters", "buffers", "slots"] as const;

const numbersOf = ({ sums, lastLoss }: Outcome): number[] => [
  ...[sums.loss, sums.weight, lastLoss],
  ...Object.values(sums.counts),
];

function sameBytes(a: TypedArray, b: TypedArray): boolean {
  const [x, y] = [a, b].map(
    (data) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
  );
  return x !== undefined && y !== undefined && x.every((byte, i) => byte === y[i]);
}

function sameBits(a: Outcome, b: Outcome): boolean {
  const others = numbersOf(b);
  const same = numbersOf(a).every((x, i) => Object.is(x, others[i]));
  return (
    same &&
    parts.every((part) =>
      Object.entries(a.state[part]).every(([name, data]) => {
        const other = b.state[part][name];
        return other !== undefined && sameBytes(data, other);
      }),
    )
  );
}

/** Losses of batches may differ by this share: rounding in f32 stays far below. */
const nearLoss = 1e-3;

/**
 * Changes of all parameters together may differ by this share. Where a gradient is nothing but rounding, as
 * that of a bias before a normalization, an optimizer that divides by its size makes steps of it whose signs are
 * arbitrary: single elements say nothing.
 */
const nearChange = 0.1;

/** … and by this share of the parameters, below which f32 cannot say how they have changed. */
const nearValue = 1e-6;

function nearlySame(a: Outcome, b: Outcome, before: StepState<TypedArray>): boolean {
  const near = (x: number, y: number) => Math.abs(x - y) <= nearLoss * (Math.abs(x) + nearLoss);
  const { sums: own, lastLoss: last } = a;
  const { sums: other, lastLoss: otherLast } = b;
  if (!near(own.loss, other.loss) || !near(own.weight, other.weight) || !near(last, otherLast)) {
    return false;
  }
  const squares = { off: 0, change: 0, value: 0 };
  for (const part of ["parameters", "buffers"] as const) {
    for (const [name, x] of Object.entries(a.state[part])) {
      const y = b.state[part][name];
      const old = before[part][name];
      if (y === undefined || old === undefined) return false;
      for (let i = 0; i < x.length; i++) {
        const [own = 0, other = 0, first = 0] = [x[i], y[i], old[i]];
        squares.off += square(own - other);
        squares.change += square(own - first);
        squares.value += square(own);
      }
    }
  }
  const { off, change, value } = squares;
  return off <= square(nearChange) * change + square(nearValue) * value;
}

const square = (x: number): number => x * x;
