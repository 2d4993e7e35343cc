/** Keys that work anywhere on the page, unless something else has a use for them. */
import { failure, ghost, panel, pause, playing, position, stepBy, train } from "../state/app.ts";

/** Elements that take the key themselves. */
const taken = (target: EventTarget | null, key: string): boolean => {
  if (!(target instanceof Element)) return false;
  if (target.closest("input:not([type=range]), select, textarea, dialog")) return true;
  return key === " " && target.closest("button, summary, a, [role=tab]") !== null;
};

export function listenToKeys(): void {
  addEventListener("keydown", (event) => {
    const { key } = event;
    if (event.ctrlKey || event.metaKey || event.altKey || taken(event.target, key)) return;
    const action = actions[key];
    if (!action) return;
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
