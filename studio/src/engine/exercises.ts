/** Sheets of exercises, drawn and graded as the command line does. */
import { entryOf } from "../../../src/core/by-name.ts";
import { fail } from "../../../src/core/errors.ts";
import type { Dataset } from "../../../src/data/dataset.ts";
import { answerDigits, type Exercise, graded } from "../../../src/explain/exercises/drawn.ts";
import {
  headOf,
  introOf,
  itemsOf,
  printedSheet,
  type Sheet,
  type SheetFormat,
  sheetFor,
} from "../../../src/explain/exercises/sheet-text.ts";
import type { Trainer } from "../../../src/train/trainer.ts";
import type { AnswerView, Language, SheetAsked, SheetView } from "../protocol.ts";
import { type Open, prepare } from "./engine.ts";
import { causesOf } from "./told.ts";

/** Each is drawn until its answer is one that can be worked out: that takes its time. */
const mostDrawn = 50;

export class Exercises {
  #made: { readonly sheet: Sheet; readonly trainer: Trainer; readonly data: Dataset } | undefined;

  /** Of the network as its file says it, whatever was trained or changed since. */
  async make({ source, network }: Open, asked: SheetAsked, language: Language): Promise<SheetView> {
    const count = Math.max(1, Math.min(mostDrawn, Math.floor(asked.count)));
    const { trainer, data } = await prepare(source);
    const lossName = network.loss.name;
    const sheet = sheetFor(trainer, data.train, { ...asked, count, language, lossName });
    this.#made = { sheet, trainer, data: data.train };
    return {
      head: headOf(sheet),
      intro: introOf(sheet),
      items: itemsOf(sheet).map(({ title, given, question }) => ({ title, given, question })),
    };
  }

  get #now() {
    return this.#made ?? fail("usage", { message: "No exercises have been drawn yet." });
  }

  /** `place` counts from 0; undefined where the answer is no number. */
  grade(place: number, answer: string, language: Language): AnswerView | undefined {
    const { trainer, data } = this.#now;
    const found = graded(trainer, data, this.#item(place).exercise, answer, language);
    return found && { verdict: found.verdict, causes: causesOf(found, language) };
  }

  answer(place: number): string {
    return this.#item(place).answer.toPrecision(answerDigits);
  }

  print(format: SheetFormat, solved: boolean): string {
    return printedSheet(this.#now.sheet, format, solved, "network.yaml");
  }

  #item(place: number): { readonly exercise: Exercise; readonly answer: number } {
    return entryOf(Object.fromEntries(this.#now.sheet.items.entries()), String(place));
  }
}
