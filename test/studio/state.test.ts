/** The page's derived state: pure functions. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { uniformAt } from "../../src/core/random.ts";
import { numeral } from "../../src/explain/diagnose/agreement.ts";
import "../../src/index.ts";
import type { StepView, Structure } from "../../studio/src/protocol.ts";
import {
  type Box,
  isDrawn,
  labelHalf,
  layoutOf,
  slopeLabel,
  strongest,
} from "../../studio/src/state/layout.ts";
import { checked, fromHash, type Shared, toHash } from "../../studio/src/state/link.ts";
import { coneOf, type Element, elementKey, placesOf } from "../../studio/src/state/places.ts";
import { blanksOf, judge } from "../../studio/src/state/practice.ts";
import { rove } from "../../studio/src/state/roving.ts";
import { isHidden, momentsOf, move, sliceTo } from "../../studio/src/state/timeline.ts";
import { titleOf } from "../../studio/src/state/titles.ts";
import { en } from "../../studio/src/strings/en.ts";
import { zh } from "../../studio/src/strings/zh.ts";
import { read, short } from "../../studio/src/view/number.ts";

/** A dense network of these widths, with plain names. */
function structure(widths: readonly number[]): Structure {
  return {
    columns: widths.map((size, c) => ({
      size,
      layer: "linear",
      shape: [size],
      channels: false,
      ...(c === 0 ? {} : { bias: { parameter: `${c - 1}.bias`, shared: false } }),
      units: Array.from({ length: size }, (_, j) =>
        c === 0
          ? { out: `x${j}` }
          : { net: `z${c}.${j}`, out: `a${c}.${j}`, delta: `δ${c}.${j}`, bias: `b${c}.${j}` },
      ),
    })),
    weights: widths.slice(1).map((rows, i) => {
      const columns = widths[i]!;
      const names = Array.from({ length: rows * columns }, (_, k) => `w${i + 1}.${k}`);
      const gradients = names.map((n) => `∂E/∂${n}`);
      const parameter = `${i}.weight`;
      return {
        parameter,
        column: i + 1,
        rows,
        columns,
        single: true,
        trained: true,
        names,
        gradients,
      };
    }),
    loss: "E",
    terms: ["E0"],
    targets: ["t0"],
  };
}

const step = (id: string, section: StepView["section"], symbol?: string, more = {}): StepView => ({
  id,
  section,
  ...(symbol === undefined ? {} : { symbol }),
  uses: [],
  inputs: [],
  html: "",
  spoken: "",
  ...more,
});

describe("places", () => {
  const s = structure([2, 3, 2]);
  it("knows every symbol", () => {
    const places = placesOf(s);
    expect(places.get("δ2.1")).toEqual({ part: "delta", column: 2, unit: 1 });
    expect(places.get("∂E/∂w2.4")).toEqual({ part: "gradient", column: 2, unit: 1, index: 4 });
    expect(places.size).toBe(2 + 5 * 4 + 2 * (6 + 6) + 3);
  });
  it("lights what a gradient depends on, and nothing else", () => {
    const cone = coneOf(s, { kind: "weight", column: 1, index: 2 });
    // Into unit 1 from input 0; from there to both outputs.
    expect([...cone].sort()).toEqual([
      "loss",
      "u0.0",
      "u1.1",
      "u2.0",
      "u2.1",
      "w1.2",
      "w2.1",
      "w2.4",
    ]);
    expect([...coneOf(s, { kind: "bias", column: 2, unit: 1 })].sort()).toEqual([
      "b2.1",
      "loss",
      "u2.1",
    ]);
    expect(coneOf(s, { kind: "loss" }).size).toBe(7 + 5 + 12 + 1);
  });
});

describe("roving", () => {
  it("reaches every element of any network, and never leaves it", () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 2, maxLength: 4 }),
        (widths) => {
          const s = structure(widths);
          const keys = [
            "ArrowLeft",
            "ArrowRight",
            "ArrowUp",
            "ArrowDown",
            "e",
            "Home",
            "End",
            "Escape",
          ];
          const seen = new Set<string>();
          const open: Element[] = [{ kind: "unit", column: 0, unit: 0 }];
          for (let at = open.pop(); at; at = open.pop()) {
            if (seen.has(elementKey(at))) continue;
            seen.add(elementKey(at));
            for (const key of keys) {
              const next = rove(s, at, key);
              if (next) open.push(next);
            }
          }
          expect(seen).toEqual(coneOf(s, { kind: "loss" }));
        },
      ),
    );
  });
});

describe("roving in a large network", () => {
  it("goes to nothing that is not drawn", () => {
    const s = structure([40, 3]);
    const block = (e: Element) =>
      e.kind === "loss" || (e.kind === "unit" && (e.column > 0 || e.unit === 0));
    const out = { kind: "unit", column: 1, unit: 2 } as const;
    expect(rove(s, out, "ArrowLeft", block)).toEqual({ kind: "unit", column: 0, unit: 0 });
    expect(rove(s, out, "e", block)).toBeUndefined();
    const some = (e: Element) => e.kind === "weight" && e.index % 40 === 7;
    expect(rove(s, out, "e", some)).toEqual({ kind: "weight", column: 1, index: 87 });
  });
});

describe("timeline", () => {
  const steps = [
    step("s1", "setup"),
    step("s2", "forward", "z1.0"),
    step("s3", "forward", "a1.0", { inputs: ["s2"] }),
    step("s4", "forward", "z1.1"),
    step("s5", "forward", "z2.0", { inputs: ["s3"] }),
    step("s6", "error", "E", { inputs: ["s5"] }),
    step("s7", "substitution", "δ2.0"),
    step("s8", "result"),
    step("s9", "update"),
  ];
  const moments = momentsOf({ steps }, placesOf(structure([2, 2, 1])));
  const walk = (grain: Parameters<typeof move>[2]) => {
    const found = [0];
    for (;;) {
      const next = move(moments, found.at(-1)!, grain, 1);
      if (next === found.at(-1)) return found;
      found.push(next);
    }
  };
  it("moves by step, neuron, layer and phase", () => {
    expect(walk("step")).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
    expect(walk("neuron")).toEqual([0, 2, 3, 4, 5, 6, 7, 8]);
    expect(walk("layer")).toEqual([0, 3, 4, 5, 6, 7, 8]);
    expect(walk("phase")).toEqual([0, 4, 5, 7, 8]);
    expect(move(moments, 8, "phase", -1)).toBe(7);
    expect(move(moments, 7, "phase", -1)).toBe(5);
    expect(move(moments, 0, "step", -1)).toBe(0);
    expect(move([], 0, "step", 1)).toBe(0);
  });
  it("hides what has not happened yet", () => {
    expect(isHidden(moments, 1, "z1.0", "net")).toBe(false);
    expect(isHidden(moments, 1, "a1.0", "out")).toBe(true);
    // Not part of this derivation: hidden until its phase has passed.
    expect(isHidden(moments, 4, "δ1.0", "delta")).toBe(true);
    expect(isHidden(moments, 6, "δ1.0", "delta")).toBe(true);
    expect(isHidden(moments, 7, "δ1.0", "delta")).toBe(false);
    expect(isHidden(moments, 4, "E1", "term")).toBe(true);
    expect(isHidden(moments, 5, "E1", "term")).toBe(false);
    expect(isHidden(moments, 0, "w1.0", "weight")).toBe(false);
    expect(isHidden(moments, 0, "x0", "input")).toBe(false);
    expect(isHidden(moments, undefined, "E", "loss")).toBe(false);
    // What has no name is what it is all the same.
    expect(isHidden(moments, 6, undefined, "gradient")).toBe(true);
    expect(isHidden(moments, 8, undefined, "gradient")).toBe(false);
    expect(isHidden(moments, 0, undefined, undefined)).toBe(false);
  });
  it("shows a number with the step that computes it, not with one that only names it", () => {
    const chain = [
      step("c1", "question"),
      step("c2", "chain", "∂E/∂w1.0"),
      step("c3", "factors", "δ1.0", { value: 1 }),
      step("c4", "substitution", "∂E/∂w1.0", { value: 2 }),
      step("c5", "result", "∂E/∂w1.0", { value: 2 }),
    ];
    const told = momentsOf({ steps: chain }, placesOf(structure([2, 2, 1])));
    const first = (symbol: string) =>
      chain.findIndex((_, i) => !isHidden(told, i, symbol, "gradient"));
    expect([first("∂E/∂w1.0"), first("δ1.0"), first("∂E/∂w1.1")]).toEqual([3, 2, 4]);
  });
  it("cuts a derivation to what a symbol comes from", () => {
    expect([...sliceTo(steps, ["E"])].sort()).toEqual(["s2", "s3", "s5", "s6"]);
    expect(sliceTo(steps, ["nothing"]).size).toBe(0);
  });
});

describe("layout", () => {
  const apart = (a: Box, b: Box) =>
    a.x + a.width <= b.x || b.x + b.width <= a.x || a.y + a.height <= b.y || b.y + b.height <= a.y;
  it("lets nothing overlap or lie outside, at any width", () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 2, maxLength: 6 }),
        fc.integer({ min: 240, max: 1600 }),
        (widths, width) => {
          const s = structure(widths);
          const l = layoutOf(s, { width }, (c) => s.weights[c - 1]!.names.map((_, i) => i - 3));
          const boxes = [...l.columns.flatMap((c) => c.units), l.loss];
          boxes.forEach((b, i) => {
            expect(
              b.x >= 0 && b.y >= 0 && b.x + b.width <= l.width && b.y + b.height <= l.height,
            ).toBe(true);
            for (const other of boxes.slice(i + 1)) expect(apart(b, other)).toBe(true);
          });
          for (const e of l.edges) {
            expect(e.from.concat(e.to).every(Number.isFinite)).toBe(true);
          }
        },
      ),
      { numRuns: 60 },
    );
  });
  it.each([
    [
      [2, 2, 2],
      [375, 800, 1200],
    ],
    [
      [2, 4, 1],
      [800, 1200],
    ],
    [
      [3, 3, 2],
      [800, 1200],
    ],
  ])("keeps the labels of %j apart, and off the cards", (widths, rooms) => {
    const s = structure(widths);
    for (const width of rooms) {
      const { edges, columns } = layoutOf(s, { width }, (c) =>
        s.weights[c - 1]!.names.map(() => 1),
      );
      const labels = edges.flatMap(({ label, column, index }) => {
        if (!label) return [];
        const [w, h] = labelHalf(s.weights[column - 1]!.names[index]!);
        return [{ x: label[0] - w, y: label[1] - h, width: 2 * w, height: 2 * h }];
      });
      if (widths[0] === 2) expect(labels).toHaveLength(edges.length);
      const cards = columns.flatMap((c) => c.units);
      labels.forEach((a, i) => {
        for (const b of labels.slice(i + 1)) expect(apart(a, b), String(width)).toBe(true);
        for (const b of cards) expect(apart(a, b), String(width)).toBe(true);
      });
    }
  });
  it("calls a slope by its name as long as the number has room beside it", () => {
    expect(slopeLabel("δ_h2.12")).toBe("δ_h2.12");
    for (const name of ["∂E/∂lstm_h1", "0.out.grad[0]"]) expect(slopeLabel(name)).toBe("∂");
  });
  it("has room for ten layers, and the error, beside the derivation", () => {
    const s = structure([2, ...Array.from({ length: 9 }, () => 3), 1]);
    for (const width of [740, 778]) {
      expect(layoutOf(s, { width }, () => []).width).toBeLessThanOrEqual(width);
    }
  });
  it("is named by its layers, and by their channels", () => {
    const [, linear] = structure([2, 3]).columns;
    const conv = { ...linear!, layer: "conv2d", activation: "relu", channels: true };
    expect(titleOf({ ...linear!, activation: "tanh" }, en).whole).toBe("linear 3 · tanh");
    expect(titleOf({ ...linear!, layer: "lstm", shape: [4, 3] }, en).whole).toBe("lstm 4 × 3");
    const titles = [[8, 5, 5], [1, 4], [8, 1, 1], [8]].map((shape) => ({ ...conv, shape }));
    expect(titles.map((c) => titleOf(c, en).whole)).toEqual([
      "conv2d, 8 channels of 5 × 5 · relu",
      "conv2d, 1 channel of 4 · relu",
      "conv2d, 8 channels · relu",
      "conv2d, 8 channels · relu",
    ]);
    expect(titleOf(titles[0]!, zh)).toEqual({
      short: "conv2d · relu",
      channels: "8 个通道，5 × 5",
      whole: "conv2d，8 个通道，5 × 5 · relu",
    });
  });
  it("draws the strongest where there are too many", () => {
    expect(strongest([1, -5, 2, 0, 3], 2)).toEqual([1, 4]);
    const s = structure([30, 30]);
    const { edges, left } = layoutOf(s, { width: 800 }, () =>
      Float64Array.from({ length: 900 }, (_, i) => i),
    );
    expect(edges).toHaveLength(90);
    expect(edges[0]!.index).toBe(810);
    expect(left).toEqual([{ column: 1, shown: 90, of: 900 }]);
    // What is chosen is drawn, however weak; a layer that is one block has no lines.
    const always = { kind: "weight", column: 1, index: 3 } as const;
    const l = layoutOf(s, { width: 800, always }, () =>
      Float64Array.from({ length: 900 }, (_, i) => i),
    );
    expect(isDrawn(l, always)).toBe(true);
    expect(isDrawn(l, { ...always, index: 4 })).toBe(false);
    expect(
      isDrawn(
        layoutOf(structure([40, 2]), { width: 800 }, () => []),
        always,
      ),
    ).toBe(false);
  });
});

describe("links", () => {
  const shared: Shared = {
    source: { text: "layers: [relu]\nname: 网络", files: { "a.csv": "x,y\n1,2" } },
    example: 3,
    element: { kind: "weight", column: 1, index: 5 },
    position: 7,
    grain: "layer",
    language: "zh",
    notation: "bp",
  };
  it("come back as they went", async () => {
    expect(await fromHash(`#${await toHash(shared)}`)).toEqual(shared);
  });
  it("are not made where they would be too long", async () => {
    const noise = Array.from({ length: 12_000 }, (_, i) => {
      return String.fromCharCode(33 + Math.floor(90 * uniformAt(1, 1, i)));
    }).join("");
    expect(await toHash({ ...shared, source: { text: noise, files: {} } })).toBeUndefined();
  });
  it("of a stranger are read as what they say, or not at all", async () => {
    const known = ["source", "example", "element", "position", "grain", "language", "notation"];
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(fc.string(), fc.base64String(), fc.string({ unit: "binary" })),
        async (text) => {
          for (const hash of [text, `#1.${text}`, `#1.${text.replace(/\W/g, "")}`]) {
            expect(await fromHash(hash)).toBeUndefined();
          }
        },
      ),
    );
    fc.assert(
      fc.property(
        fc.record(
          Object.fromEntries(
            ["version", ...known].map((name) => [
              name,
              name === "version" ? fc.constant(1) : fc.anything(),
            ]),
          ),
        ),
        (value) => {
          const found = checked(value);
          if (found) expect(Object.keys(found).every((name) => known.includes(name))).toBe(true);
        },
      ),
    );
    const proto = JSON.parse(
      '{"version":1,"source":{"text":"a","files":{"__proto__":"x"}},"example":0,"language":"en","notation":"torch"}',
    );
    expect(Object.getPrototypeOf(checked(proto)!.source.files)).toBe(Object.prototype);
    for (const element of [
      { kind: "unit", column: 1 },
      { kind: "x" },
      { kind: "weight", column: -1 },
      7,
    ]) {
      expect(checked({ ...shared, version: 1, element })).not.toHaveProperty("element");
    }
    expect(checked({ ...shared, version: 2 })).toBeUndefined();
    expect(checked({ ...shared, version: 1, example: -1 })).toBeUndefined();
    expect(checked({ ...shared, version: 1, position: 1e300 })).not.toHaveProperty("position");
  });
});

describe("practice", () => {
  const steps = [
    step("s1", "forward", "net", { question: "?", value: 0.3775 }),
    step("s2", "forward", "out", { question: "?", value: 0.593269992 }),
    step("s3", "update"),
    step("s4", "result", "net", { question: "?", value: 0.3775 }),
  ];
  it("asks for each quantity once", () => {
    expect(blanksOf(steps).map((s) => s.id)).toEqual(["s1", "s2"]);
  });
  it("takes as many digits as were given", () => {
    const judged = (given: string) => judge(numeral(given)!, steps[1]!, steps);
    expect(judged("0.593269992")).toEqual({ kind: "right" });
    expect(judged("0.5933")).toEqual({ kind: "right" });
    expect(judged("0.593")).toEqual({ kind: "right" });
    expect(judged("0.594")).toEqual({ kind: "far" });
    expect(judged("-0.5933")).toEqual({ kind: "sign" });
    expect(judged("0.3775")).toEqual({ kind: "another", symbol: "net" });
    // Too few digits are no answer, nor are they taken for that of another question.
    expect(["0.59", "0.6", "1"].map((given) => judged(given).kind)).toEqual(
      Array(3).fill("unclear"),
    );
    expect(["0.58", "0.38", "-0.6", "0"].map((given) => judged(given).kind)).toEqual(
      Array(4).fill("far"),
    );
  });
});

describe("numbers", () => {
  it("are read as people write them", () => {
    expect(["1", "−0,5", " 1e-3 ", ".5", "+2."].map(read)).toEqual([1, -0.5, 0.001, 0.5, 2]);
    // Whether 1,200 is 1.2 or 1200 nobody can tell.
    expect(["1/4", "1,200", "1,200,000"].map(read)).toEqual([0.25, undefined, undefined]);
    expect(["", "one", "1,2,3", "0x10", "Infinity", "1e999"].map(read)).toEqual(
      Array(6).fill(undefined),
    );
  });
  it("are short enough for their places", () => {
    fc.assert(fc.property(fc.double(), (v) => short(v).length <= 9));
    expect([-0.10324, -0.045951, -0.0001, 123.4567].map((v) => short(v, 7))).toEqual([
      "−0.1032",
      "−0.046",
      "−0.0001",
      "123.5",
    ]);
  });
});

describe("the languages", () => {
  const shape = (v: unknown): unknown =>
    typeof v === "function"
      ? "function"
      : typeof v === "object" && v !== null
        ? Object.fromEntries(Object.entries(v).map(([k, x]) => [k, shape(x)]))
        : typeof v;
  it("have the same words", () => expect(shape(zh)).toEqual(shape(en)));
});
