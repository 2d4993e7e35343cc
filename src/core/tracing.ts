/**
 * Whether a function runs in order to be differentiated or compiled: its tensors then stand for
 * values still to come, so that nothing in it can be computed at once.
 */
import { type CallSite, recorded } from "./call-site.ts";

let traces = 0;
let depth = 0;

/** In a function of a user: there is nobody whom values could be shown. */
export const isTracing = (): boolean => traces > 0;

/** While a graph is made that is to be differentiated or rewritten: no part of it is whole. */
export const isBuilding = (): boolean => depth > 0;

/** Runs what makes such a graph. */
export function building<T>(f: () => T): T {
  depth++;
  try {
    return f();
  } finally {
    depth--;
  }
}

/** Runs a function of a user to see which graph it makes. */
export const traced = <T>(f: () => T, start?: CallSite): T =>
  recorded(() => {
    traces++;
    try {
      return building(f);
    } finally {
      traces--;
    }
  }, start);
