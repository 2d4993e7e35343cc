/**
 * Pass 4: every buffer gets its place in one arena. Inputs, constants and outputs keep theirs;
 * temporaries share space with those that are dead before they are born.
 */

import { at, entry } from "../core/at.ts";
import type { Scheduled } from "./3-schedule.ts";
import { byteSize, type Program, writtenBy } from "./program.ts";

/** Vectors may be read a little past an array's end, and cache lines are kept apart. */
const alignment = 64;
const rounded = (bytes: number): number => Math.ceil((bytes + 16) / alignment) * alignment;

interface Hole {
  offset: number;
  size: number;
}

export function planMemory(
  scheduled: Pick<Scheduled, "kernels" | "buffers" | "inputs" | "outputs">,
): Program {
  const { kernels, buffers, inputs, outputs } = scheduled;
  const lastUse = new Map<number, number>();
  kernels.forEach((kernel, i) => {
    for (const b of [...kernel.reads, ...writtenBy(kernel)]) lastUse.set(b.id, i);
  });
  const offsets = new Array<number>(buffers.length).fill(-1);
  let arena = alignment;
  const keep = (id: number, bytes: number) => {
    offsets[id] = arena;
    arena += rounded(bytes);
  };
  for (const b of buffers) {
    const isElsewhere = b.inPlaceOf ?? b.within ?? b.isOutside;
    if (b.role !== "temporary" && !isElsewhere) keep(b.id, byteSize(b));
  }
  for (const b of buffers) if (b.inPlaceOf) offsets[b.id] = at(offsets, b.inPlaceOf.id);
  const kept = arena;
  const holes: Hole[] = [];
  let live = 0;
  let peak = 0;
  const dying = new Map<number, number[]>();
  kernels.forEach((kernel, i) => {
    for (const buffer of writtenBy(kernel)) {
      if (offsets[buffer.id] !== -1) continue;
      const size = rounded(byteSize(buffer));
      const hole = best(holes, size);
      if (hole) {
        offsets[buffer.id] = hole.offset;
        hole.offset += size;
        hole.size -= size;
      } else {
        offsets[buffer.id] = arena;
        arena += size;
      }
      live += size;
      const last = entry(lastUse, buffer.id);
      dying.set(last, [...(dying.get(last) ?? []), buffer.id]);
    }
    peak = Math.max(peak, live);
    for (const id of dying.get(i) ?? []) {
      const size = rounded(byteSize(at(buffers, id)));
      live -= size;
      release(holes, at(offsets, id), size);
    }
  });
  const memory = { kept, temporary: arena - kept, peak };
  // What lies elsewhere stands behind the arena's own, for the checks.
  for (const b of buffers) if (b.isOutside) keep(b.id, byteSize(b));
  for (const { id, within } of buffers) {
    if (within) offsets[id] = at(offsets, within.workspace.id) + within.offset;
  }
  return { kernels, buffers, inputs, outputs, offsets, arena, memory };
}

/** The smallest hole that is large enough. */
function best(holes: readonly Hole[], size: number): Hole | undefined {
  let found: Hole | undefined;
  for (const hole of holes) {
    if (hole.size >= size && (found === undefined || hole.size < found.size)) found = hole;
  }
  return found;
}

/** Gives space back, joined with the holes that it touches. */
function release(holes: Hole[], offset: number, size: number): void {
  const freed: Hole = { offset, size };
  for (const [i, hole] of [...holes.entries()].reverse()) {
    if (hole.size === 0) holes.splice(i, 1);
    else if (hole.offset + hole.size === freed.offset) {
      freed.offset = hole.offset;
      freed.size += hole.size;
      holes.splice(i, 1);
    } else if (freed.offset + freed.size === hole.offset) {
      freed.size += hole.size;
      holes.splice(i, 1);
    }
  }
  holes.push(freed);
}
