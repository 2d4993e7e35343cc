/** What the page says of a number that somebody got. */
import type { Diagnosis } from "../../../src/explain/diagnose/diagnosis.ts";
import { printInline, wording } from "../../../src/explain/render/blocks.ts";
import type { Language } from "../protocol.ts";

/** The mistakes that give a number, in words; the answer itself is not given away. */
export function causesOf({ matches }: Diagnosis, language: Language): readonly string[] {
  const w = wording(language, 9);
  const style = { tex: false, digits: 9, symbols: {}, operators: {} };
  const plain = (s: string) => s;
  return matches.map((m) => printInline(w.sentence(m.cause), style, plain, plain));
}
