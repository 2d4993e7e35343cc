/**
 * Whether a function runs in order to be differentiated or compiled: its tensors then stand for
 * values still to come, so that nothing in it can be computed at once.
 */
import { recorded } from "./call-site.ts";

let depth = 0;

export const isTracing = (): boolean => depth > 0;

/** Runs a function of a user to see which graph it makes. */
export const traced = <T>(f: () => T): T =>
  recorded(() => {
    depth++;
    try {
      return f();
    } finally {
      depth--;
    }
  });
