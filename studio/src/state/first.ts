import type { DerivationView, Opened } from "../protocol.ts";

/** The first screen, worked out by the same engine when the page was built. */
export interface First {
  readonly opened: Opened;
  readonly derivation: DerivationView;
}
