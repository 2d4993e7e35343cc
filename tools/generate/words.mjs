/**
 * Writes src/core/number-words.ts: the random words of one number, as straight-line code. Nothing
 * can be written at run time, where a security policy may forbid it.
 */

/** Words as the text of JavaScript; `lines` gets what is computed once. */
const javaScript = (lines) => ({
  word: (value) => `${value | 0}`,
  add: (...terms) => `${terms.map(inner).join(" + ")} | 0`,
  xor: (a, b) => `${inner(a)} ^ ${inner(b)}`,
  rotate: (x, by) => `(${x} << ${by} | ${x} >>> ${32 - by})`,
  keep(x) {
    if (/^\w+$/.test(x)) return x;
    lines.push(`const t${lines.length} = ${x};`);
    return `t${lines.length - 1}`;
  },
  multiplyHigh(a, b) {
    const other = this.keep(b);
    // The first in halves: every value in between stays below 2^53.
    const lower = `Math.floor(((${a} & 65535) * ${other}) / 65536)`;
    return `Math.floor(((${a} >>> 16) * ${other} + ${lower}) / 65536)`;
  },
});
const inner = (x) => (/^\w+$|^\(.*\)$/.test(x) ? x : `(${x})`);

function body(write) {
  const lines = [];
  const result = write(javaScript(lines));
  let text = `  return ${result};\n`;
  // What nobody reads is left out.
  for (const line of lines.reverse()) {
    const [name] = /t\d+/.exec(line);
    if (new RegExp(`\\b${name}\\b`).test(text)) text = `  ${line}\n${text}`;
  }
  return text;
}

export function numberWords({ threefry, partner }) {
  const words = body((on) => {
    const found = threefry(on, ["key0", "key1"], ["counter0", "counter1"]);
    return `[${found.map((x) => `${x} >>> 0`).join(", ")}]`;
  });
  const exchanged = body((on) => partner(on, ["key0", "key1"], "i", "epoch"));
  return `/**
 * Generated from core/words.ts by tools/generate/words.mjs: random words of numbers. Every engine
 * gives the same bits.
 */

/** Threefry of a key and a counter, of which all words count modulo 2^32; unsigned. */
export function threefry2x32(
  key0: number,
  key1: number,
  counter0: number,
  counter1: number,
): [number, number] {
${words}}

/** The entry that is exchanged with entry i < 2^31 in an epoch's order. */
export function partnerAt(key0: number, key1: number, i: number, epoch: number): number {
${exchanged}}
`;
}
