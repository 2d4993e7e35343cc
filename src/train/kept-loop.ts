/** The training loop that a trainer keeps from one fit to the next, as long as there is room. */

import type { Later } from "../backends/backend.ts";
import { type Keeper, keptBy, keptLimits } from "../backends/kept.ts";
import type { Loop } from "./resident.ts";

export class KeptLoop implements Keeper {
  #loop: Loop | undefined;

  get bytes(): number {
    return this.#loop?.bytes ?? 0;
  }

  /** The loop that was kept, if it is of this kind; it is the caller's from now on. */
  take(kind: string): Loop | undefined {
    if (this.#loop?.kind !== kind) return undefined;
    const loop = this.#loop;
    this.#loop = undefined;
    return loop;
  }

  /** Keeps a loop in the place of another, unless it is too large. */
  keep(loop: Loop): Later<void> {
    if (loop.bytes > keptLimits.bytes) return loop.close();
    const former = this.#loop;
    this.#loop = loop;
    keptBy(this);
    return former?.close();
  }

  letGo(): void {
    const loop = this.#loop;
    this.#loop = undefined;
    // Nobody waits for it, and there is nothing that anybody could do.
    Promise.resolve(loop?.close()).catch(() => {});
  }
}
