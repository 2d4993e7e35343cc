/** What the parts of the picture have in common: they are chosen, edited, and light up a symbol. */
import { hovered } from "../state/app.ts";
import { elementKey, type Element as Part } from "../state/places.ts";
import type { Looks } from "./diagram.tsx";

/** For pointers. */
export const reactions = (e: Part, looks: Looks, symbol: string | undefined) => ({
  onClick: () => looks.choose(e),
  onDblClick: () => looks.edit(e),
  onPointerEnter: () => {
    hovered.value = symbol;
  },
  onPointerLeave: () => {
    hovered.value = undefined;
  },
});

/** And a button for those who type and listen, since SVG has none. The diagram hears the keys. */
export const asButton = (e: Part, looks: Looks, words: string, symbol: string | undefined) => ({
  role: "button" as const,
  tabindex: looks.tabIndex(e),
  "aria-label": words,
  "data-key": elementKey(e),
  ...reactions(e, looks, symbol),
});
