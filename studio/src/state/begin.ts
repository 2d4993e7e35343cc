/** What the page begins with: its first network, or what somebody has shared. */
import { batch } from "@preact/signals";
import type { Language } from "../protocol.ts";
import { usualAmount } from "./amount.ts";
import {
  attempt,
  client,
  derive,
  goTo,
  look,
  lookAgain,
  open,
  openPreset,
  setLanguage,
  show,
} from "./app.ts";
import type { First } from "./first.ts";
import type { Shared } from "./link.ts";
import { presets } from "./presets.ts";
import {
  amount,
  derivation,
  example,
  failure,
  formula,
  grain,
  moments,
  notation,
  source,
  strings,
  structure,
  tab,
  usual,
} from "./signals.ts";

/**
 * The first screen, from what the build has worked out; the engine catches up behind it. Whether
 * there is an engine.
 */
export async function begin(first: First): Promise<boolean> {
  batch(() => {
    show(first.opened);
    derivation.value = first.derivation;
  });
  const wanted: Language = navigator.language.startsWith("zh") ? "zh" : "en";
  // Asked for at once: whatever is done on the page from now on reaches the engine after it. What
  // was chosen meanwhile stays chosen: the engine only comes to know what is shown already.
  const known = attempt(async () => {
    show(await client.guarded("open", [source.value, { ...look(), language: wanted }]));
    return true;
  });
  await new Promise<void>((drawn) => requestAnimationFrame(() => setTimeout(drawn)));
  if (wanted === "zh") await setLanguage("zh", false);
  if (!(await known)) return false;
  await derive();
  return true;
}

/** What somebody has shared; the first network, if it cannot be opened and nothing is there yet. */
export async function openShared(shared: Shared): Promise<boolean> {
  const before = { notation: notation.value, example: example.value, amount: amount.value };
  notation.value = shared.notation;
  example.value = shared.example;
  amount.value = shared.amount ?? usualAmount;
  await setLanguage(shared.language, false);
  const chosen = shared.element ? { element: shared.element } : {};
  const known = presets.find((p) => p.text === shared.source.text);
  const own = known ? { preset: { ...known, notation: shared.notation } } : {};
  if (!(await open({ source: shared.source, ...own, ...chosen }))) {
    const told = failure.value;
    if (structure.value) {
      notation.value = before.notation;
      example.value = before.example;
      amount.value = before.amount;
      await lookAgain();
    } else await openPreset(usual);
    failure.value = told;
    return structure.value !== undefined;
  }
  if (shared.formula) {
    formula.value = shared.formula;
    tab.value = "formula";
  }
  if (shared.grain) grain.value = shared.grain;
  if (shared.position !== undefined && shared.position < moments.value.length) {
    goTo(shared.position);
  }
  return true;
}

/** An address that says something, but nothing that can be read. */
export function tellBadLink(): void {
  const t = strings.value;
  failure.value = { code: "file-corrupt", title: t.badLink, message: t.badLinkText };
}
