/** The loop around a training step (compile/loop.ts) as functions of the same file. */
import type { StepLoop } from "../../compile/loop.ts";
import type { Buffer } from "../../compile/program.ts";
import { at } from "../../core/at.ts";
import type { BoundedWords } from "../../core/words.ts";
import { cTypes, numberText } from "./expressions.ts";
import type { Places } from "./file.ts";

/** Where things stand, and the run of one of several threads, if there may be several. */
interface Around {
  readonly address: (b: Buffer) => string;
  readonly team: readonly string[] | undefined;
}

export function loopText(loop: StepLoop, places: Places, { address, team }: Around): string {
  const { examples, batchSize, batches, gather, counters, sums, watched } = loop;
  const element = (b: Buffer, k = 0): string => `((${cTypes[b.dtype]} *)${address(b)})[${k}]`;
  const order = `((i32 *)(A + ${places.order}L))`;
  const total = `((double *)(A + ${places.sums}L))`;
  const gathering = gather.map(
    ({ batch, width }, k) =>
      `__builtin_memcpy(${address(batch)} + i * ${width}L, A + ${at(places.data, k)}L + row * ${width}L, ${width});`,
  );
  const product = (factors: StepLoop["sums"][number]["factors"]): string =>
    factors
      .map((x) => (typeof x === "number" ? numberText(x, "f64") : `(double)${element(x)}`))
      .join(" * ");
  const words: string[] = [];
  const partner = loop.partner(wordsAsText(words), "i", "epoch");
  return `
static void gather(char *const A, const i32 batch, const long from, const long to) {
  for (long i = from; i < to; i++) {
    const long row = ${order}[batch * ${batchSize}L + i];
    ${gathering.join("\n    ")}
  }
}
static int account(char *const A) {
  ${counters.map(({ buffer, element: k }) => (buffer.dtype === "f64" || buffer.dtype === "f32" ? `${element(buffer, k)} += 1;` : `${element(buffer, k)} = i32_add(${element(buffer, k)}, 1);`)).join("\n  ")}
  ${sums.map(({ factors }, k) => `${total}[${k}] += ${product(factors)};`).join("\n  ")}
  const double watched = (double)${element(watched)};
  return watched - watched != 0;
}
${team ? togetherText(team, batchSize) : ""}
exported int steps(char *const A, const i32 from, const i32 to) {
  ${team ? "if (team_of(A)) return from < to ? steps_of_all(A, team_of(A), from, to) : 0;" : ""}
  for (i32 batch = from; batch < to; batch++) {
    gather(A, batch, 0, ${batchSize});
    if (run(A)) return 2;
    if (account(A)) return 1;
  }
  return 0;
}
exported void shuffle(char *const A, const u32 epoch) {
  i32 *const order = ${order};
  for (i32 i = 0; i < ${examples}; i++) order[i] = i;
  for (u32 i = ${Math.max(0, examples - 1)}u; i > 0; i--) {
    ${words.join("\n    ")}
    const u32 j = ${partner};
    const i32 x = order[i];
    order[i] = order[j];
    order[j] = x;
  }
}
exported int epochs(char *const A, const i32 first, const i32 count, const i32 shuffled) {
  for (i32 e = 0; e < count; e++) {
    if (shuffled) shuffle(A, (u32)(first + e));
    for (int k = 0; k < ${sums.length}; k++) ${total}[k] = 0;
    const int ended = steps(A, 0, ${batches});
    if (ended) return ended == 2 ? -1 : e;
    __builtin_memcpy(A + ${places.records}L + e * ${8 * sums.length}L, ${total}, ${8 * sums.length});
  }
  return count;
}`;
}

/**
 * The same steps by all threads. Each gathers its share of the batch; while the first accounts for a step,
 * the others gather the next.
 */
const togetherText = (run: readonly string[], batchSize: number): string => `
static void together(char *A, team *t, long number, i32 from, i32 to) {
  const long size = t->size;
  for (i32 batch = from; batch < to; batch++) {
    gather(A, batch, ${batchSize} * number / size, ${batchSize} * (number + 1) / size);
    if (meet(t)) return;
    ${run.join("\n    ")}
    if (number == 0 && account(A)) {
      t->status = 1;
      if (batch + 1 < to) give_up(t);
    }
  }
}`;

/** 32-bit words as C; what is kept gets a line of its own. */
const wordsAsText = (lines: string[]): BoundedWords<string> => ({
  word: (value) => `${value >>> 0}u`,
  add: (...terms) => `(${terms.join(" + ")})`,
  xor: (a, b) => `(${a} ^ ${b})`,
  rotate: (x, by) => `(${x} << ${by} | ${x} >> ${32 - by})`,
  keep(x) {
    const name = `w${lines.length}`;
    lines.push(`const u32 ${name} = ${x};`);
    return name;
  },
  multiplyHigh: (a, b) => `(u32)((u64)${a} * ${b} >> 32)`,
});
