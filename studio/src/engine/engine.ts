/** The network that is open, and everything that is asked about it. No page, no worker. */
import { at as element, entry } from "../../../src/core/at.ts";
import { fail } from "../../../src/core/errors.ts";
import { type Dataset, subset } from "../../../src/data/dataset.ts";
import { diagnose } from "../../../src/explain/diagnose/diagnose.ts";
import { diagnoseSheet } from "../../../src/explain/diagnose/sheet.ts";
import { sheetOf } from "../../../src/explain/diagnose/typed-sheet.ts";
import type { Derivation } from "../../../src/explain/render/index.ts";
import { gradientReport } from "../../../src/explain/report.ts";
import { standingOut } from "../../../src/explain/sections/ledger.ts";
import type { NetworkFile } from "../../../src/network-file/network.ts";
import { parseNetwork } from "../../../src/network-file/parse.ts";
import {
  exampleWidth,
  type PreparedNetwork,
  prepareNetwork,
} from "../../../src/network-file/prepare.ts";
import { tensor } from "../../../src/ops/leaf.ts";
import { remarkText } from "../../../src/train/remarks.ts";
import type { Trainer } from "../../../src/train/trainer.ts";
import type {
  Amount,
  Chosen,
  DerivationView,
  DiagnosisView,
  HistoryView,
  LineView,
  Look,
  Opened,
  Quantity,
  ReportView,
  SheetFound,
  Source,
  Structure,
  Values,
} from "../protocol.ts";
import { gradientAt, parameterAt } from "../state/read.ts";
import { type Derived, derive, parameterText, viewOf } from "./derivation.ts";
import { checkAll, checkSize, limits } from "./limits.ts";
import { Picture } from "./picture.ts";
import { causesOf } from "./told.ts";

/** A network file as text, checked and with its data: nothing of the page is needed. */
export async function prepare(source: Source): Promise<PreparedNetwork> {
  if (source.text.length > limits.text) {
    fail("too-large", {
      message: "The network file is too long for the page.",
      expected: `at most ${limits.text} characters`,
      found: String(source.text.length),
      where: "the network file",
    });
  }
  const network = parseNetwork(source.text);
  const read = (path: string) => table(source, path);
  await checkAll(network, Object.values(source.files), read);
  const prepared = await prepareNetwork(network, read);
  if (source.state) prepared.trainer.fromBytes(source.state);
  return prepared;
}

async function table({ files }: Source, path: string): Promise<Uint8Array> {
  const text = Object.hasOwn(files, path) ? files[path] : undefined;
  if (text !== undefined) return new TextEncoder().encode(text);
  const given = Object.keys(files);
  return fail("file-unreadable", {
    message: `The network file names ${path}, which the page has not got.`,
    expected: "the table, dropped on the page together with the network file",
    found: given.length === 0 ? "no table" : given.join(", "),
    where: path,
    fix: `Drop the network file and ${path} on the page together.`,
  });
}

export interface Open {
  readonly source: Source;
  readonly network: NetworkFile;
  readonly trainer: Trainer;
  /** As the examples are now: changed by hand, they are other data. */
  readonly data: Dataset;
  readonly fit: PreparedNetwork["fit"];
  readonly notes: readonly string[];
  /** The trainer's state at the start. */
  readonly start: Uint8Array;
  readonly rate: number;
  /** The number of parameters. */
  readonly size: number;
  readonly edited: boolean;
}

/** A number that was changed by hand, and how it becomes again what it was. */
interface Edit {
  readonly steps: number;
  readonly back: () => void;
  readonly changedAt: number | undefined;
}

/** How many of them are remembered. */
const mostEdits = 200;

interface Batch {
  readonly data: Dataset;
  /** Within it. */
  readonly example: number;
}

function batchOf(data: Dataset, example: number, batchSize: number): Batch {
  const size = Math.min(batchSize, data.size);
  const start = Math.floor(example / size) * size;
  const count = Math.min(size, data.size - start);
  const rows = Array.from({ length: count }, (_, i) => start + i);
  return { data: subset(data, rows), example: example - start };
}

export class Engine {
  #open: Open | undefined;
  #look: Look = { example: 0, notation: "canonical", language: "en" };
  #picture: Picture | undefined;
  #batchSize = 1;
  #derivation: Derivation | undefined;
  #edits: Edit[] = [];
  /** After how many steps a number was last changed by hand. */
  #changedAt: number | undefined;
  #measured: { readonly steps: number; readonly error: number } | undefined;

  async open(source: Source, look: Look): Promise<Opened> {
    const { network, trainer, data, fit, remarks } = await prepare(source);
    const { batchSize } = network.training;
    const wanted = { ...look, example: Math.min(look.example, data.train.size - 1) };
    const shown = batchOf(data.train, wanted.example, batchSize);
    // What cannot be drawn leaves open what was.
    const picture = new Picture(trainer, shown.data, shown.example, wanted.notation);
    this.#open = {
      source,
      network,
      trainer,
      data: data.train,
      fit,
      notes: [...(source.notes ?? []), ...data.notes, ...remarks.map(remarkText)],
      start: trainer.toBytes(),
      rate: trainer.learningRate,
      size: [...trainer.snapshot().values()].reduce((n, v) => n + v.length, 0),
      edited: false,
    };
    this.#batchSize = batchSize;
    this.#look = wanted;
    this.#picture = picture;
    this.#forget();
    return this.opened();
  }

  get current(): Open {
    if (this.#open === undefined) return fail("usage", { message: "No network is open." });
    return this.#open;
  }
  get trainer(): Trainer {
    return this.current.trainer;
  }
  get batchSize(): number {
    return this.#batchSize;
  }

  opened(): Opened {
    const { network, trainer, data, notes } = this.current;
    return {
      name: network.name ?? "",
      structure: this.picture.structure,
      values: this.values(),
      parameters: Object.entries(trainer.model.parameters).map(([name, p]) => ({
        name,
        shape: p.shape,
        trained: !p.frozen,
      })),
      examples: data.size,
      lossName: network.loss.name,
      optimizer: network.optimizer.name,
      batchSize: this.#batchSize,
      epochs: network.training.epochs,
      seed: network.training.seed,
      timing: network.training.update,
      planar: data.inputs.shape.length === 2 && data.inputs.shape[1] === 2,
      notes,
    };
  }

  /** The batch that holds the example that is shown, and where in it. */
  get batch(): Batch {
    return batchOf(this.current.data, this.#look.example, this.#batchSize);
  }

  get picture(): Picture {
    const { data, example } = this.batch;
    this.#picture ??= new Picture(this.trainer, data, example, this.#look.notation);
    return this.#picture;
  }

  values(): Values {
    const error = this.#error();
    return { ...this.picture.values(), ...(error === undefined ? {} : { error }) };
  }

  #error(): number | undefined {
    const { trainer, current } = this;
    const { steps, history } = trainer.progress;
    const last = history.at(-1);
    if (last && steps !== this.#changedAt) return last.loss;
    if (current.size * current.data.size > limits.products) return undefined;
    if (this.#measured?.steps !== steps) {
      this.#measured = { steps, error: trainer.evaluate(current.data).loss };
    }
    return this.#measured.error;
  }

  #forget(): void {
    this.#edits = [];
    this.#changedAt = undefined;
    this.#measured = undefined;
  }

  history(): HistoryView {
    const { history } = this.trainer.progress;
    const held = history.some((r) => r.validation);
    return {
      epochs: Float64Array.from(history, (r) => r.epoch),
      losses: Float64Array.from(history, (r) => r.loss),
      ...(held
        ? { heldOut: Float64Array.from(history, (r) => r.validation?.loss ?? Number.NaN) }
        : {}),
    };
  }

  look(look: Look): { readonly structure: Structure; readonly values: Values } {
    this.#look = { ...look, example: Math.min(look.example, this.current.data.size - 1) };
    this.#picture = undefined;
    return { structure: this.picture.structure, values: this.values() };
  }

  async derive(chosen: Chosen, amount?: Amount): Promise<DerivationView> {
    const derived = await this.#derive(chosen, amount);
    this.#derivation = derived.derivation;
    return viewOf(derived, this.trainer, chosen);
  }

  #derive(chosen: Chosen, amount?: Amount): Promise<Derived> {
    const { data, example } = this.batch;
    const { network } = this.current;
    const question = { chosen, look: this.#look, lossName: network.loss.name, example };
    return derive(this.trainer, data, question, amount);
  }

  /** The derivation last asked for. */
  get derivation(): Derivation {
    return this.#derivation ?? fail("usage", { message: "Nothing has been derived yet." });
  }

  setParameter({ name, index }: Chosen, value: number): Values {
    finite(value);
    const old = element(entry(this.trainer.snapshot(), name), index);
    const set = (v: number) => {
      const values = entry(this.trainer.snapshot(), name);
      values[index] = v;
      this.trainer.setParameters({ [name]: values });
    };
    return this.#edit(
      () => set(value),
      () => set(old),
    );
  }

  /** One number of the example that is shown. */
  setExample(part: "inputs" | "targets", at: number, value: number): Values {
    finite(value);
    const { data, edited } = this.current;
    // A copy: what was trained on the old examples can be repeated.
    const old = data[part];
    const numbers = old.dataSync();
    numbers[(this.#look.example * old.size) / element(old.shape, 0) + at] = value;
    const t = tensor(numbers, { shape: old.shape });
    const put = (changed: Pick<Open, "data" | "edited">) => {
      this.#open = { ...this.current, ...changed };
      this.#picture = undefined;
    };
    return this.#edit(
      () => put({ data: { ...data, [part]: t }, edited: true }),
      () => put({ data, edited }),
    );
  }

  #edit(work: () => void, back: () => void): Values {
    const { steps } = this.trainer.progress;
    work();
    this.#edits.push({ steps, back, changedAt: this.#changedAt });
    this.#edits.splice(0, this.#edits.length - mostEdits);
    this.#changedAt = steps;
    this.#measured = undefined;
    return this.values();
  }

  /** Whether the last thing that was done was to change a number. */
  get edited(): boolean {
    return this.#edits.at(-1)?.steps === this.trainer.progress.steps;
  }

  /** Takes it back; what was trained since has to be taken back before. */
  undoEdit(): boolean {
    const last = this.edited ? this.#edits.pop() : undefined;
    if (!last) return false;
    last.back();
    this.#changedAt = last.changedAt;
    this.#measured = undefined;
    return true;
  }

  setLearningRate(rate: number): void {
    finite(rate);
    this.trainer.learningRate = rate;
  }

  setBatchSize(size: number): { readonly structure: Structure; readonly values: Values } {
    if (!Number.isInteger(size) || size < 1) {
      fail("bad-argument", {
        message: "This is not a batch size.",
        expected: "a whole number from 1",
        found: String(size),
      });
    }
    const { network, data } = this.current;
    const training = { ...network.training, batchSize: size };
    checkSize({ ...network, training }, exampleWidth(data));
    this.#batchSize = size;
    return this.look(this.#look);
  }

  /** What is no longer as the file says. */
  changed(): {
    readonly parameters: boolean;
    readonly examples: boolean;
    readonly settings: boolean;
  } {
    const { network, trainer, start, edited, rate, source } = this.current;
    const { training } = network;
    return {
      parameters: source.state !== undefined || differ(trainer.toBytes(), start),
      examples: edited,
      settings: trainer.learningRate !== rate || this.#batchSize !== training.batchSize,
    };
  }

  reset(): Values {
    this.trainer.fromBytes(this.current.start);
    this.#forget();
    return this.values();
  }

  async line(chosen: Chosen): Promise<LineView> {
    const values = this.values();
    const { name, index } = chosen;
    const present = parameterAt(values, chosen);
    const slope = gradientAt(values, chosen);
    const { next } = viewOf(await this.#derive(chosen), this.trainer, chosen);
    const half = Math.max(
      1,
      Math.abs(present),
      next === undefined ? 0 : 1.5 * Math.abs(next - present),
    );
    const x = Float64Array.from({ length: 81 }, (_, i) => present + (half * (i - 40)) / 40);
    const y = this.picture.along(name, index, x);
    return {
      x,
      y,
      at: present,
      loss: values.loss,
      slope,
      ...(next === undefined
        ? {}
        : { next: { x: next, y: element(this.picture.along(name, index, [next]), 0) } }),
    };
  }

  async report(): Promise<ReportView> {
    const { data, example } = this.batch;
    const { language } = this.#look;
    const found = await gradientReport(this.trainer, { data, example, language });
    const { layers, nonFinite } = found;
    const text = element(found.toText({ language }).split("\n\n", 1), 0);
    const odd = standingOut(layers).length > 0;
    const findings = odd || nonFinite ? text.split("\n").slice(nonFinite ? 0 : 1) : [];
    return { layers, ...(nonFinite ? { nonFinite } : {}), text, findings };
  }

  /** A number, as it was typed, for the gradient of a parameter or for what `quantity` says. */
  async diagnose(chosen: Chosen, given: string, quantity?: Quantity): Promise<DiagnosisView> {
    const { language, notation } = this.#look;
    const parameter = this.picture.nameOf(chosen) ?? parameterText(this.trainer, chosen);
    const what = { quantity: quantity ?? "gradient" } as const;
    const asked = { parameter, notation, language, value: given, ...what };
    const found = await diagnose(this.trainer, { ...this.batch, ...asked });
    const { verdict } = found;
    const causes = causesOf(found, language);
    // Who practises is not given the answer.
    return { verdict, causes, ...(quantity === undefined ? {} : { text: found.toText() }) };
  }

  /** A whole sheet: names and numbers, as the command line takes them. */
  async diagnoseSheet(text: string, quantity: Quantity): Promise<SheetFound> {
    const { language, notation } = this.#look;
    const values = sheetOf("sheet", text);
    const asked = { values, quantity, notation, language };
    const found = await diagnoseSheet(this.trainer, { ...this.batch, ...asked });
    const [summary = ""] = found.toText().split("\n\n", 1);
    return {
      summary: summary.split("\n"),
      rows: found.rows.map(({ name, diagnosis }) => {
        const { given, verdict } = diagnosis;
        return { name, given, verdict, text: diagnosis.toText() };
      }),
    };
  }
}

const differ = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length !== b.length || a.some((v, i) => v !== b[i]);

export function finite(value: number): void {
  if (Number.isFinite(value)) return;
  fail("bad-argument", {
    message: "This is not a number to compute with.",
    expected: "a finite number",
    found: String(value),
  });
}
