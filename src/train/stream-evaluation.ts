/** Loss and metrics of a stream, in the same memory whatever its length. */
import { runInTurns } from "../backends/long-step.ts";
import { at } from "../core/at.ts";
import { type ByName, mapEntries } from "../core/by-name.ts";
import { isConstant } from "../core/constant.ts";
import { isFloat, type TypedArray } from "../core/dtype.ts";
import { fail } from "../core/errors.ts";
import { checkNames } from "../core/options.ts";
import { sizeOf } from "../core/shape.ts";
import { Turns } from "../core/turns.ts";
import { reportOf, type Tally } from "../metrics/classes.ts";
import type { Examples } from "./batches.ts";
import { added, noCounts } from "./counts.ts";
import {
  Collected,
  checkAsked,
  checkMeasuring,
  type EvaluateOptions,
  type Evaluation,
  evaluationBatch,
  type Measured,
  measureFor,
  mostConfused,
  mostRanked,
} from "./evaluate.ts";
import { type Answers, measured, rankingNames } from "./measures.ts";
import type { Stream } from "./stream.ts";
import {
  checkSize,
  emptyBlock,
  noExamples,
  type StreamBlock,
  StreamRows,
} from "./stream-blocks.ts";
import type { Trainer } from "./trainer.ts";

/** The stream with the parameters as they are when it is called. */
export async function evaluateStream(
  trainer: Trainer,
  stream: Stream,
  options: EvaluateOptions,
): Promise<Evaluation> {
  checkNames("evaluate", options, ["batchSize", "metrics"]);
  const values = mapEntries(trainer.arrays(), (own) => own.slice());
  const found = await streamEvaluation(trainer, stream, { ...options, values });
  // Without a signal it comes to its end.
  return found as Evaluation;
}

/** How a stream is measured. */
export interface Measuring {
  readonly batchSize?: number;
  readonly metrics?: EvaluateOptions["metrics"] | undefined;
  readonly signal?: { readonly aborted: boolean } | undefined;
  readonly values?: ByName<TypedArray> | undefined;
}

/**
 * The same batches as of data in memory, one after another; others get their turn in between. Undefined
 * if the signal stops it.
 */
export async function streamEvaluation(
  trainer: Trainer,
  stream: Stream,
  { batchSize = evaluationBatch, metrics, signal, values }: Measuring,
): Promise<Evaluation | undefined> {
  checkMeasuring(batchSize, metrics);
  const turns = new Turns();
  const rows = new StreamRows(stream.inOrder(trainer, 0));
  let sums: Sums | undefined;
  let room: StreamBlock | undefined;
  let examples = 0;
  try {
    for (;;) {
      const like = await rows.peek();
      if (like === undefined) break;
      room ??= emptyBlock(like, batchSize);
      const filled = await rows.fill(room, batchSize);
      examples += filled;
      const part = firstRows(room, filled);
      const measure = measureFor(trainer, part, metrics !== undefined);
      if (sums === undefined) {
        if (metrics !== undefined) checkAsked(metrics, measure.kind);
        sums = new Sums(trainer.tasks.adds(part), measure, metrics, like.classes?.length ?? 0);
      }
      sums.add(
        measure.measured(await measure.run(part, values ?? trainer.arrays(), runInTurns)),
        part,
      );
      if (turns.late) await turns.give();
      if (signal?.aborted) return undefined;
    }
  } finally {
    await rows.close();
  }
  if (sums === undefined) return noExamples();
  checkSize(stream.size, examples);
  return sums.evaluation();
}

/** The first rows of a block. */
function firstRows(block: StreamBlock, count: number): Examples {
  const part = ({ dtype, shape, data }: Examples["inputs"]): Examples["inputs"] => ({
    dtype,
    shape: [count, ...shape.slice(1)],
    data: data.subarray(0, count * sizeOf(shape.slice(1))),
  });
  return { inputs: part(block.inputs), targets: part(block.targets) };
}

type Kind = Answers["kind"] | undefined;

/** What is kept of the batches that have gone by. */
class Sums {
  readonly #adds: boolean;
  readonly #kind: Kind;
  readonly #asked: EvaluateOptions["metrics"];
  readonly #ignored: number | undefined;
  #labels: number;
  #columns = 1;
  #loss = 0;
  #weights = 0;
  #counts = noCounts;
  #tallies = new Map<number, Tally>();
  #examples = 0;
  #right = 0;
  readonly #among = { 3: 0, 5: 0 };
  /** confusion[actual][predicted], while there are no more labels than a matrix is made of. */
  #confusion: number[][] | undefined = [];
  #numbers: Column[] = [];
  /** Of scores that are ranked. */
  #scores: Collected | undefined = new Collected();
  #truth = new Collected();

  constructor(
    adds: boolean,
    { kind, width, ignored }: ReturnType<typeof measureFor>,
    asked: EvaluateOptions["metrics"],
    classes: number,
  ) {
    this.#adds = adds;
    this.#kind = kind;
    this.#asked = asked;
    this.#ignored = ignored;
    this.#labels = Math.max(2, width, classes);
  }

  add(found: Measured, { targets }: Examples): void {
    // Where all weights of a batch are 0, its loss is 0/0, and it counts for nothing.
    if (this.#adds) this.#loss += found.loss;
    else if (found.weight !== 0) this.#loss += found.loss * found.weight;
    this.#weights += found.weight;
    this.#counts = added(this.#counts, found.counts);
    this.#columns = found.columns;
    if (found.actual.length > 0) this.#addClasses(found);
    else if (this.#kind === "labels") this.#addLabels(found);
    else if (found.output.length === targets.data.length && isFloat(targets.dtype)) {
      this.#addNumbers(targets, found.output);
    }
    if (this.#asked !== undefined) this.#keepScores(found);
  }

  #addClasses({ actual, predicted, scores, columns }: Measured): void {
    for (let i = 0; i < actual.length; i++) {
      const label = at(actual, i);
      if (label === this.#ignored) continue;
      const taken = at(predicted, i);
      this.#examples++;
      if (label === taken) this.#right++;
      this.#labels = Math.max(this.#labels, label + 1);
      this.#count(label, true, label === taken);
      if (label !== taken) this.#count(taken, false, true);
      this.#confuse(label, taken);
      // Of no more classes the k likeliest are all of them.
      if (scores.length === 0 || columns <= 3) continue;
      const before = placeOf(scores, i * columns, columns, label);
      for (const k of [3, 5] as const) if (before < k) this.#among[k]++;
    }
  }

  #confuse(label: number, taken: number): void {
    if (this.#confusion === undefined) return;
    if (Math.max(label, taken) >= mostConfused) {
      this.#confusion = undefined;
      return;
    }
    let row = this.#confusion[label];
    if (row === undefined) {
      row = [];
      this.#confusion[label] = row;
    }
    row[taken] = (row[taken] ?? 0) + 1;
  }

  #addLabels({ labels, scores, columns }: Measured): void {
    for (let row = 0; row < labels.length / columns; row++) {
      let equal = true;
      for (let c = 0; c < columns; c++) {
        const [one, taken] = [row * columns + c, at(scores, row * columns + c) > 0];
        const is = at(labels, one) > 0.5;
        this.#count(c, is, taken);
        equal &&= is === taken;
      }
      this.#examples++;
      if (equal) this.#right++;
    }
  }

  #count(label: number, is: boolean, taken: boolean): void {
    let tally = this.#tallies.get(label);
    if (tally === undefined) {
      tally = { right: 0, taken: 0, support: 0 };
      this.#tallies.set(label, tally);
    }
    if (is && taken) tally.right++;
    if (taken) tally.taken++;
    if (is) tally.support++;
  }

  #addNumbers({ data, shape: [rows = 0] }: Examples["targets"], output: ArrayLike<number>): void {
    const columns = data.length / rows;
    for (let i = 0; i < data.length; i++) {
      const c = i % columns;
      let column = this.#numbers[c];
      if (column === undefined) {
        column = new Column(at(data, i));
        this.#numbers[c] = column;
      }
      column.add(at(data, i), at(output, i));
    }
    this.#examples += rows;
  }

  /** Scores that are ranked have to be there all at once: as many as are always borne. */
  #keepScores({ scores, labels, actual, columns }: Measured): void {
    if (this.#scores === undefined || scores.length === 0) return;
    const ranked =
      this.#asked === "all" || rankingNames.some((name) => this.#asked?.includes(name) === true);
    if (!ranked || this.#scores.length + scores.length > mostRanked) {
      this.#scores = undefined;
      this.#truth = new Collected();
      if (ranked && this.#asked !== "all") this.#tooManyToRank();
      return;
    }
    for (let i = 0; i < scores.length; i++) {
      if (this.#ignored !== undefined && at(actual, Math.floor(i / columns)) === this.#ignored) {
        continue;
      }
      this.#scores.add(at(scores, i));
    }
    if (this.#kind === "labels") {
      for (let i = 0; i < labels.length; i++) this.#truth.add(at(labels, i) > 0.5 ? 1 : 0);
    } else {
      for (let i = 0; i < actual.length; i++) {
        if (at(actual, i) !== this.#ignored) this.#truth.add(at(actual, i));
      }
    }
  }

  #tooManyToRank(): never {
    return fail("too-large", {
      message: "Ranking metrics need all scores at once, and this stream has too many.",
      expected: `at most ${mostRanked} scores, or other metrics than ${rankingNames.join(" and ")}`,
      found: "more scores",
    });
  }

  evaluation(): Evaluation {
    const common = {
      loss: this.#adds ? this.#loss : this.#loss / this.#weights,
      ...(Object.keys(this.#counts).length > 0 && { counts: this.#counts }),
    };
    if (this.#kind === "classes" && this.#examples > 0) {
      const confusion = this.#matrix();
      return {
        ...common,
        accuracy: this.#right / this.#examples,
        ...(confusion && { confusion }),
        ...this.#further(this.#ofClasses()),
      };
    }
    if (this.#kind === "labels") return { ...common, ...this.#further(this.#ofClasses()) };
    if (this.#numbers.length === 0) return { ...common, ...this.#further(undefined) };
    const known = this.#ofNumbers();
    return { ...common, r2: known.r2, ...this.#further(known) };
  }

  #matrix(): number[][] | undefined {
    const found = this.#confusion;
    const labels = this.#labels;
    if (found === undefined || labels > mostConfused) return undefined;
    return Array.from({ length: labels }, (_, i) =>
      Array.from({ length: labels }, (_, j) => found[i]?.[j] ?? 0),
    );
  }

  #ofClasses(): NonNullable<Answers["known"]> {
    const tallies = new Map([...this.#tallies].sort(([a], [b]) => a - b));
    const { macro, micro, weighted } = reportOf(tallies, this.#right / this.#examples, 0);
    const known = {
      ...{ precision: macro.precision, recall: macro.recall, f1: macro.f1 },
      weightedF1: weighted.f1,
    };
    if (this.#kind === "labels") {
      return { ...known, microF1: micro.f1, exactMatch: this.#right / this.#examples };
    }
    const top = (k: 3 | 5) => (this.#columns > k ? this.#among[k] / this.#examples : Number.NaN);
    return { ...known, top3Accuracy: top(3), top5Accuracy: top(5) };
  }

  #ofNumbers() {
    const { length } = this.#numbers;
    const mean = (of: (column: Column) => number): number =>
      this.#numbers.reduce((sum, column) => sum + of(column) / length, 0);
    return {
      r2: mean((column) => column.r2),
      mae: mean((column) => column.mae),
      rmse: mean((column) => column.rmse),
    };
  }

  #further(known: Answers["known"]): Pick<Evaluation, "metrics"> {
    if (this.#asked === undefined) return {};
    const kind = this.#kind;
    const scores = this.#scores?.values ?? [];
    const answers: Answers | undefined = kind &&
      known && {
        kind,
        actual: this.#truth.values,
        predicted: [],
        scores,
        columns: this.#columns,
        known,
      };
    const parts = measured(this.#asked, answers);
    for (let next = parts.next(); ; next = parts.next()) {
      if (next.done) return { metrics: next.value };
    }
  }
}

/** How many scores of a row stand before that of a label, of equal ones the lower label's. */
function placeOf(scores: ArrayLike<number>, from: number, columns: number, label: number): number {
  const own = at(scores, from + label);
  let before = 0;
  for (let c = 0; c < columns; c++) {
    const other = at(scores, from + c);
    if (other > own || (other === own && c < label)) before++;
  }
  return before;
}

/**
 * Numbers of one target, one after another: mean and squares by the update of Welford.
 * Source: Knuth, The Art of Computer Programming 2, section 4.2.2.
 */
class Column {
  readonly #first: number;
  #least: number;
  #most: number;
  #count = 0;
  /** Mean of what lies above the first number, and Σ(t − t̄)². */
  #mean = 0;
  #spread = 0;
  #squares = 0;
  #missing = 0;

  constructor(first: number) {
    this.#first = first;
    this.#least = first;
    this.#most = first;
  }

  add(target: number, output: number): void {
    this.#count++;
    this.#least = Math.min(this.#least, target);
    this.#most = Math.max(this.#most, target);
    const above = target - this.#first;
    const before = above - this.#mean;
    this.#mean += before / this.#count;
    this.#spread += before * (above - this.#mean);
    const missing = target - output;
    this.#squares += missing * missing;
    this.#missing += Math.abs(missing);
  }

  get mae(): number {
    return this.#missing / this.#count;
  }

  get rmse(): number {
    return Math.sqrt(this.#squares / this.#count);
  }

  get r2(): number {
    // Of equal numbers nothing is explained.
    if (isConstant([this.#least, this.#most])) return this.#squares === 0 ? 1 : 0;
    return 1 - this.#squares / this.#spread;
  }
}
