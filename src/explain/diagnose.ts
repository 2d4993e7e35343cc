import type { Sentence } from "./derivation.ts";
import type { Trace } from "./trace.ts";
export interface Candidate {
  readonly cause: Sentence;
  readonly gradients: Readonly<Record<string, Float64Array>>;
  readonly hidden?: boolean;
}
export function mistakes(_t: Trace): Candidate[] {
  return [
    { cause: { en: "", zh: "" }, gradients: new Proxy({}, { get: () => new Float64Array(1000) }) },
  ];
}
