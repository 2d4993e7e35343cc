/** The course of training in words. */
import { rounded } from "../../../src/explain/render/print.ts";
import type { Values } from "../protocol.ts";
import { history, strings, values } from "./signals.ts";
import { type Beginning, risen } from "./trouble.ts";

/** The error before any training, or as somebody left it who changed a number. */
let began: Beginning | undefined;

/** What the error is now is where it begins. */
export function beginHere(): void {
  const v = values.value;
  if (v) began = { error: v.error, epoch: v.epoch };
}

/** Whether the error rises, and what that usually means. */
export function trouble(): readonly string[] {
  const v = values.value;
  if (!v) return [];
  if (v.steps === 0 || (began && v.epoch < began.epoch)) beginHere();
  const found = risen(history.value, began);
  if (!found) return [];
  const { least, epoch, now } = found;
  const rate = v.learningRate;
  return [strings.value.risen(rounded(least, 4), epoch, rounded(now, 4), String(rate))];
}

/** After something was taken back: the course may begin with what is now. */
export function beginAgain(): void {
  const v = values.value;
  if (v && began && v.epoch <= began.epoch) beginHere();
}

/** How far training has come, in words. */
export function course({ epoch, error }: Values): string {
  const t = strings.value;
  return `${t.epoch} ${epoch}${error === undefined ? "" : `, ${t.error} ${rounded(error, 4)}`}`;
}
