/**
 * What is kept in a machine's memory in case it is wanted again: training loops with their data.
 * All of a process together have a limit, and nobody is refused memory because of them.
 */

/** At most so many bytes, and so many things, of which the oldest go first. */
export const keptLimits = { bytes: 2 ** 28, things: 16 } as const;

/** Somebody who keeps one thing, or nothing at the moment. */
export interface Keeper {
  /** Of what is kept. */
  readonly bytes: number;
  letGo(): void;
}

/** In the order in which they began to keep something. Whom nobody else knows is forgotten. */
let keepers: readonly WeakRef<Keeper>[] = [];

const present = (): Keeper[] =>
  keepers.map((ref) => ref.deref()).filter((keeper) => keeper !== undefined);

/** One more keeps something, perhaps at the cost of those before it. */
export function keptBy(keeper: Keeper): void {
  const staying = [keeper];
  let { bytes } = keeper;
  for (const other of present().reverse()) {
    if (other === keeper) continue;
    bytes += other.bytes;
    if (bytes <= keptLimits.bytes && staying.length < keptLimits.things) staying.push(other);
    else other.letGo();
  }
  keepers = staying.reverse().map((one) => new WeakRef(one));
}

/** Nothing is kept any more: memory is short. Whether anything was. */
export function letGoOfAll(): boolean {
  const all = present().filter(({ bytes }) => bytes > 0);
  keepers = [];
  for (const keeper of all) keeper.letGo();
  return all.length > 0;
}
