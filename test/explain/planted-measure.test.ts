/** `npm run planted`: how often the planted mistake is named, by the digits given and the family. */
import { describe, expect, it } from "vitest";
import { ask, familyOf, keyOf, numbers, typed } from "./planted.ts";
import { allCases } from "./planted-all.ts";

const measured = Number(process.env.CHAINRULE_PLANTED ?? 0);
const report = (facts: object) => process.stdout.write(`${JSON.stringify(facts)}\n`);

/** What became of the numbers that were asked about. */
interface Count {
  asked: number;
  first: number;
  named: number;
  /** Another mistake was named without a doubt. */
  wrong: number;
  unsure: number;
  /** Named among others that give the same number to these digits. */
  several: number;
}
const nothing = (): Count => ({ asked: 0, first: 0, named: 0, wrong: 0, unsure: 0, several: 0 });

describe.skipIf(measured === 0)("measure", () => {
  const all = Array.from({ length: measured }, (_, i) => allCases(i + 11));
  const families = [...new Set(all.flat().map(([, n]) => familyOf(n)))];
  const failed: string[] = [];

  it("planted mistakes", { timeout: 36_000_000 }, () => {
    report({ networks: new Set(all.flat().map(([, n]) => n)).size, cases: all.flat().length });
    report({ kinds: new Set(all.flat().map(([key]) => key)).size });
    const names = new Map<string, string>();
    const counts = new Map<string, Count>();
    for (const seed of all)
      for (const [i, [key, n, parameter, value, quantity]] of seed.entries()) {
        const right = ask(n, parameter, "1e9", quantity).expected;
        // A number that is not wrong, or that is 0, plants nothing.
        if (value === 0 || Math.abs(value - right) <= 1e-9 * Math.abs(value)) continue;
        const twins = new Set(ask(n, parameter, typed(value, 12), quantity).matches.map(keyOf));
        for (const digits of [9, 6, 4, 3]) {
          // Two at once are looked for from five digits on.
          if (key === "m_pair" && digits < 5) continue;
          const d = ask(n, parameter, typed(value, digits), quantity);
          const keys = [...new Set(d.matches.map(keyOf))];
          // What several procedures give to the last digit, or is right to these digits, is not unique.
          if (d.verdict !== "wrong" || twins.size > 1) continue;
          const given = key as (typeof keys)[number];
          const sure = d.byChance <= 0.01;
          for (const of of ["all", familyOf(n)]) {
            const count = counts.get(`${digits} ${of}`) ?? nothing();
            counts.set(`${digits} ${of}`, count);
            if (keys.length > 1 && keys.includes(given)) {
              count.several++;
              continue;
            }
            count.asked++;
            if (keys[0] === given) count.first++;
            if (keys.includes(given)) count.named++;
            else if (keys.length > 0 && sure) count.wrong++;
            if (keys.length > 0 && !sure) count.unsure++;
          }
          if (keys[0] !== given)
            names.set(
              `${digits} ${familyOf(n)} ${key} (${i}) → ${keys.join(", ")}`,
              `${parameter} ${typed(value, 12)}${sure ? "" : " unsure"}`,
            );
        }
      }
    for (const digits of [9, 6, 4, 3])
      for (const of of ["all", ...families]) {
        const count = counts.get(`${digits} ${of}`) ?? nothing();
        report({ digits, of, ...count, share: count.first / count.asked });
        if (count.wrong > (digits >= 6 ? 0 : 0.01 * count.asked))
          failed.push(`${count.wrong} wrong at ${digits}, ${of}`);
        if (count.first / count.asked < 0.97) failed.push(`too few first at ${digits}, ${of}`);
      }
    for (const [what, value] of names) report({ what, value });
    expect(failed).toEqual([]);
  });

  it("right numbers, rounded and cut off", { timeout: 36_000_000 }, () => {
    const verdicts = new Map<string, number>();
    for (const [key, n, parameter, , quantity] of all.flat()) {
      const { expected } = ask(n, parameter, "1e9", quantity);
      if (expected === 0 || key === "m_pair") continue;
      for (let digits = 1; digits <= 9; digits++) {
        const long = expected.toExponential(15);
        const cut = long.replace(
          /^(-?\d)\.?(\d*)e/,
          (_, a, b) => `${a}.${b.slice(0, digits - 1)}e`,
        );
        for (const text of [typed(expected, digits), cut]) {
          const { verdict } = ask(n, parameter, text, quantity);
          const name = `${digits < 3 ? "fewer" : "three and more"}: ${verdict}`;
          verdicts.set(name, (verdicts.get(name) ?? 0) + 1);
        }
      }
    }
    report(Object.fromEntries(verdicts));
    expect(verdicts.get("three and more: wrong") ?? 0).toBe(0);
    expect(verdicts.get("three and more: unclear") ?? 0).toBe(0);
    expect(verdicts.get("fewer: wrong") ?? 0).toBe(0);
  });

  it("random numbers", { timeout: 36_000_000 }, () => {
    for (const digits of [3, 6])
      for (const family of families) {
        let [asked, explained] = [0, 0];
        const some = new Map(
          all.flat().flatMap((c) => (familyOf(c[1]) === family ? [[c[1], c[2]] as const] : [])),
        );
        for (const [i, [n, parameter]] of [...some].entries()) {
          const right = ask(n, parameter, "1e9").expected;
          const draw = numbers(i + 100);
          for (let k = 0; k < 20; k++) {
            const factor = draw(0.2, 4) + draw(0, 1) * 1e-3;
            const d = ask(n, parameter, typed(right * factor, digits));
            if (d.verdict !== "wrong") continue;
            asked++;
            if (d.matches.length > 0 && d.byChance <= 0.01) explained++;
          }
        }
        report({ random: asked, digits, family, explained });
        expect(explained).toBeLessThanOrEqual(digits === 3 ? 0.01 * asked : 0);
      }
  });
});
