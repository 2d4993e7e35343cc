import type { Sentence, Slot } from "./derivation.ts";
import type { MessageKey } from "./messages.ts";

/** A sentence of the catalogue. */
export const say = (key: MessageKey, slots?: Readonly<Record<string, Slot>>): Sentence => ({
  key,
  ...(slots ? { slots } : {}),
});
