/** Keys that work anywhere on the page, unless something else has a use for them. */
import {
  failure,
  ghost,
  panel,
  pause,
  playing,
  position,
  stepBy,
  train,
  undo,
} from "../state/app.ts";

/** Elements that take the key themselves. */
const taken = (target: EventTarget | null, key: string): boolean => {
  if (!(target instanceof Element)) return false;
  if (target.closest("input:not([type=range]), select, textarea, dialog")) return true;
  return key === " " && target.closest("button, summary, a, [role=tab]") !== null;
};

/** A field with nothing in it that was typed and not entered: there is nothing else to undo. */
const isEntered = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement && target.dataset.entered === "true";

const isUndo = ({ key, ctrlKey, metaKey, altKey, shiftKey }: KeyboardEvent): boolean =>
  key.toLowerCase() === "z" && (ctrlKey || metaKey) && !altKey && !shiftKey;

export function listenToKeys(): void {
  addEventListener("keydown", (event) => {
    const { key } = event;
    if (isUndo(event) && (isEntered(event.target) || !taken(event.target, key))) {
      event.preventDefault();
      void undo();
      return;
    }
    // On many keyboards brackets are typed with AltGr, or with the option key.
    const typed = event.getModifierState("AltGraph") || (event.altKey && !event.ctrlKey);
    const bracket = (key === "[" || key === "]") && typed;
    if (!bracket && (event.ctrlKey || event.metaKey || event.altKey)) return;
    const action = actions[key];
    if (!action || taken(event.target, key)) return;
    event.preventDefault();
    action();
  });
}

const actions: Readonly<Record<string, () => void>> = {
  " ": () => void (playing.value ? pause() : train()),
  ".": () => void train(1),
  "[": () => stepBy(-1),
  "]": () => stepBy(1),
  "?": () => {
    panel.value = "help";
  },
  Escape: () => {
    if (ghost.value) ghost.value = undefined;
    else if (failure.value) failure.value = undefined;
    else position.value = undefined;
  },
};
