/** What the parts of the picture have in common: they are chosen, edited, and light up a symbol. */
import { signal } from "@preact/signals";
import { choose, hovered } from "../state/app.ts";
import { elementKey, type Element as Part } from "../state/places.ts";
import { focusEditor } from "./inspector.tsx";

/** Where the keyboard is in the picture. */
export const focused = signal<Part | undefined>(undefined);

/** What a part of the picture looks like at the moment. */
export interface Looks {
  readonly of: (e: Part) => string;
  readonly tabIndex: (e: Part) => 0 | -1;
}

export function pick(e: Part): void {
  focused.value = e;
  void choose(e);
}

/** Its number can be typed over as soon as it is drawn; the derivation comes after it. */
export function edit(e: Part): void {
  pick(e);
  requestAnimationFrame(focusEditor);
}

/** For pointers. */
export const reactions = (e: Part, symbol: string | undefined) => ({
  onClick: () => pick(e),
  onDblClick: () => edit(e),
  onPointerEnter: () => {
    hovered.value = symbol;
  },
  onPointerLeave: () => {
    hovered.value = undefined;
  },
});

/** And a button for those who type and listen, since SVG has none. The diagram hears the keys. */
export const asButton = (e: Part, tabindex: 0 | -1, words: string, symbol: string | undefined) => ({
  role: "button" as const,
  tabindex,
  "aria-label": words,
  "data-key": elementKey(e),
  ...reactions(e, symbol),
});
