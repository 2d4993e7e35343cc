/** What a sweep tries: readings of settings, and the choices among them. */
import { describe, expect, it } from "vitest";
import {
  choicesOf,
  halvingRounds,
  shortNames,
  sweptSetting,
  usualSearch,
} from "../../src/cli/sweep/space.ts";

const swept = (...texts: string[]) => texts.map((text) => sweptSetting(text)!);
const draw = (text: string, runs = 400, seed = 0) =>
  choicesOf(swept(`a=${text}`), { method: "random", runs, seed }).map((c) => Number(c.get("a")));

describe("a setting", () => {
  it.each([
    ["a=1", undefined],
    ["a=[1, 2]", undefined],
    ['a="x,y"', undefined],
    ["a={ b: 1, c: 2 }", undefined],
    ["a=x..y", undefined],
    ["a.b=32, 64,128", { path: "a.b", text: "32, 64,128", values: ["32", "64", "128"] }],
    ["a=[1, 2],[3]", { path: "a", text: "[1, 2],[3]", values: ["[1, 2]", "[3]"] }],
  ])("%s", (text, expected) => {
    expect(sweptSetting(text)).toEqual(expected);
  });
  it.each([
    ["1e-4..1e-1", { from: 1e-4, to: 0.1, whole: false, byPowers: true }],
    ["1..9", { from: 1, to: 9, whole: true, byPowers: false }],
    ["1..10", { from: 1, to: 10, whole: true, byPowers: true }],
    ["0..100", { from: 0, to: 100, whole: true, byPowers: false }],
    ["-1..+.5", { from: -1, to: 0.5, whole: false, byPowers: false }],
    ["1..100:linear", { from: 1, to: 100, whole: true, byPowers: false }],
    ["0.1..0.2:log", { from: 0.1, to: 0.2, whole: false, byPowers: true }],
  ])("the range %s", (text, range) => {
    expect(sweptSetting(`a=${text}`)?.range).toEqual(range);
  });
  it.each(["2..1", "1..1", "0..1:log", "1e999..2", "1,1", "1,,2", "1,"])("not %s", (text) => {
    expect(() => sweptSetting(`a=${text}`)).toThrow(/^(This is no range|A list of values)/);
  });
});

describe("draws", () => {
  it("follow from the seed, and more begin with the same", () => {
    expect(draw("0.0..1.0", 10)).toEqual(draw("0.0..1.0", 400).slice(0, 10));
    expect(draw("0.0..1.0", 10, 1)).not.toEqual(draw("0.0..1.0", 10));
    const both = choicesOf(swept("a=0.0..1.0", "b=0.0..1.0"), {
      method: "random",
      runs: 9,
      seed: 0,
    });
    expect(both.map((c) => Number(c.get("a")))).toEqual(draw("0.0..1.0", 9));
    expect(both.some((c) => c.get("a") === c.get("b"))).toBe(false);
  });
  it("are as likely as the rule says, within the range", () => {
    const even = draw("-2.0..6.0");
    const powers = draw("1e-4..1.0");
    for (const x of even) expect(x >= -2 && x <= 6).toBe(true);
    for (const x of powers) expect(x >= 1e-4 && x <= 1).toBe(true);
    // Of 400 draws the share below the middle is 1/2 within four standard errors of 1/40.
    const share = (list: number[], middle: number) =>
      list.filter((x) => x < middle).length / list.length;
    expect(Math.abs(share(even, 2) - 0.5)).toBeLessThan(0.1);
    expect(Math.abs(share(powers, 1e-2) - 0.5)).toBeLessThan(0.1);
  });
  it("of whole numbers are whole, none twice, and end where there are no more", () => {
    expect(draw("1..6").sort((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 6]);
    for (const x of draw("1..1000", 50)) expect(Number.isInteger(x)).toBe(true);
    expect(draw("3,1,2", 2)).toHaveLength(2);
  });
});

describe("a grid", () => {
  it("is every combination, the last setting first", () => {
    const rows = choicesOf(swept("a=1,2", "b=x,y,z"), { method: "grid", runs: 6, seed: 0 });
    const pairs = ["1x", "1y", "1z", "2x", "2y", "2z"];
    expect(rows.map((c) => [...c.values()].join(""))).toEqual(pairs);
  });
  it("takes as many values of a range as there are runs for, its ends among them", () => {
    const of = (runs: number, ...texts: string[]) =>
      choicesOf(swept(...texts), { method: "grid", runs, seed: 0 }).map((c) => [...c.values()]);
    const powers = ["0.0001", "0.002154", "0.04642", "1"];
    expect(of(9, "a=1e-4..1.0", "b=x,y")).toEqual(
      powers.flatMap((a) => ["x", "y"].map((b) => [a, b])),
    );
    expect(of(5, "a=0..8")).toEqual([["0"], ["2"], ["4"], ["6"], ["8"]]);
    expect(() => of(3, "a=0..8", "b=1,2")).toThrow("A grid of these settings has more runs.");
  });
});

describe("what is usual", () => {
  it.each([
    [["a=1,2", "b=1,2,3"], {}, { method: "grid", runs: 6 }],
    [["a=1,2", "b=1,2,3"], { runs: 4 }, { method: "random", runs: 4 }],
    [["a=1,2", "b=1,2,3"], { runs: 40 }, { method: "grid", runs: 6 }],
    [["a=1,2", "b=0..1"], {}, { method: "random", runs: 20 }],
    [["a=0..1"], { method: "halving", runs: 27 }, { method: "halving", runs: 27 }],
  ] as const)("%j %j", (texts, given, expected) => {
    expect(usualSearch(swept(...texts), given)).toEqual(expected);
  });
  it.each([
    [27, 27, [1, 3, 9, 27]],
    [9, 60, [7, 20, 60]],
    [20, 2, [2]],
    [2, 100, [100]],
  ])("%s runs of %s epochs are compared after %j", (runs, epochs, expected) => {
    expect(halvingRounds(runs, epochs)).toEqual(expected);
  });
  it("short names tell settings apart", () => {
    const paths = ["optimizer.adam.learningRate", "layers.0.linear.outputs"];
    expect(shortNames(paths)).toEqual(["learningRate", "outputs"]);
    expect(shortNames([...paths, "layers.2.linear.outputs"])).toEqual([
      "learningRate",
      "layers.0.linear.outputs",
      "layers.2.linear.outputs",
    ]);
  });
});
