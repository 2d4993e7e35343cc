/** The page's network: every factor, every format, both languages, held against the reference. */
import katex from "katex";
import { describe, expect, it } from "vitest";
import { Derivation, diagnose, explain } from "../../src/explain/index.ts";
import { rounded } from "../../src/explain/render/print.ts";
import reference from "../fixtures/two-two-two.json" with { type: "json" };
import { seedData, seedNetwork, weights } from "./networks.ts";

const options = { data: seedData, notation: "net-out" } as const;
const derive = (parameter: string, more: object = {}) =>
  explain(seedNetwork(), { ...options, parameter, ...more });
const nine = (v: number) => Number(v.toPrecision(9));

describe("the page's network", () => {
  it("has every factor of the page", async () => {
    const { data } = await derive("2.weight[0,0]");
    const { symbols } = data;
    const { forward, factors_w5: f, delta } = reference;
    const expected: Record<string, number> = {
      net_h1: forward.net_h[0]!,
      net_h2: forward.net_h[1]!,
      out_h1: forward.out_h[0]!,
      out_h2: forward.out_h[1]!,
      net_o1: forward.net_y[0]!,
      net_o2: forward.net_y[1]!,
      out_o1: forward.out_y[0]!,
      out_o2: forward.out_y[1]!,
      E_o1: forward.E[0]!,
      E_o2: forward.E[1]!,
      E: forward.total,
      "∂E/∂out_o1": f.dE_dout,
      "∂out_o1/∂net_o1": f.dout_dnet,
      "∂net_o1/∂w5": f.dnet_dw5,
      "∂E/∂w5": reference.gradients.w5,
    };
    for (const [name, value] of Object.entries(expected)) {
      expect(nine(symbols[name]!.value!), name).toBe(nine(value));
    }
    const hidden = (await derive("0.weight[0,0]")).data;
    expect(nine(hidden.symbols.δ_o1!.value!)).toBe(nine(delta.output[0]!));
    expect(nine(hidden.symbols.δ_o2!.value!)).toBe(nine(delta.output[1]!));
    expect(nine(hidden.symbols["∂E/∂out_h1"]!.value!)).toBe(nine(reference.dE_dHout[0]!));
    const h = reference.factors_w1.dout_dnet;
    expect(nine(hidden.symbols["∂out_h1/∂net_h1"]!.value!)).toBe(nine(h));
  });

  it("shows the sigmoid's derivative in full and the table of the paths", async () => {
    const text = (await derive("0.weight[0,0]")).toText({ width: 200 });
    expect(text).toContain("e^(−net_o1) / (1 + e^(−net_o1))²");
    expect(text).toContain("1 / (1 + e^(−net_o1)) · (e^(−net_o1) / (1 + e^(−net_o1)))");
    expect(text).toContain("out_o1 · (1 − out_o1)");
    expect(text).toMatch(/net_o1 {2}δ_o1 · w5 .*0\.0553994247 +0\.000668396021/);
    expect(text).toMatch(/net_o2 {2}δ_o2 · w7 .*−0\.0190491183 +−0\.000229828287/);
    expect(text).toMatch(/Σ .*0\.0363503064 +0\.000438567734/);
    expect(text).toContain("w1⁺ = w1 − η · ∂E/∂w1");
    expect(text).toContain("0.149780716");
    expect(text).toContain("0.291027774");
    expect(text).not.toMatch(/× −|· −|\+ −|− −|undefined|\[object/);
  });

  it.each(weights.map((w, i) => [w, `w${i + 1}`] as const))("%s is %s", async (parameter, name) => {
    const d = await derive(parameter);
    const wanted = reference.gradients[name as keyof typeof reference.gradients];
    expect(d.data.gradients[0]).toBeCloseTo(wanted, 15);
    expect(d.data.passed).toBe(true);
    const run = reference.runs["simultaneous updates, biases fixed"]["1"].weights;
    const next = d.data.symbols[`${name}⁺`]!.value!;
    expect(nine(next)).toBe(nine(run[Number(name.slice(1)) - 1]!));
  });

  it("follows a sequential update where that is asked for", async () => {
    const d = await derive("0.weight[0,0]", { update: "sequential" });
    expect(nine(d.data.symbols["∂E/∂w1"]!.value!)).toBeCloseTo(0.000364723, 9);
    expect(d.toText()).toContain("w5⁺");
  });

  it.each(["canonical", "net-out", "bp", "torch"] as const)("prints %s", async (notation) => {
    for (const language of ["en", "zh"] as const) {
      const d = await derive("0.weight[1,0]", { notation, language });
      const text = d.toText({ width: 80 });
      expect(text).not.toMatch(/undefined|\{\w+\}|NaN|\[object/);
      const formulas = [
        ...[...d.toMarkdown().matchAll(/```math\n([\s\S]*?)\n```/g)].map(
          (m) => [m[1]!, true] as const,
        ),
        ...[...d.toMarkdown().matchAll(/\$`(.*?)`\$/g)].map((m) => [m[1]!, false] as const),
      ];
      expect(formulas.length).toBeGreaterThan(30);
      for (const [tex, displayMode] of formulas) {
        expect(
          () => katex.renderToString(tex, { strict: "error", displayMode }),
          tex,
        ).not.toThrow();
      }
    }
  });

  it("keeps every numeral in every format", async () => {
    const d = await derive("0.weight[0,0]");
    const known = new Set<string>();
    const add = (v: unknown): void => {
      if (typeof v === "number") known.add(rounded(Math.abs(v), 9)).add(rounded(Math.abs(v), 4));
      else if (typeof v === "object" && v !== null) Object.values(v).forEach(add);
    };
    add(d.data);
    // The numbers of the drawing and of the sweep are shorter; each is a rounding of a known value.
    for (const v of [...known]) {
      for (const digits of [1, 2, 6]) known.add(rounded(Number(v.replace("e−", "e-")), digits));
    }
    const texts = {
      text: d.toText({ width: 500 }),
      markdown: d.toMarkdown(),
      pandoc: d.toMarkdown({ flavor: "pandoc" }).replace(/!\[.*\)/, ""),
      latex: d.toLatex({ standalone: false }),
      html: d.toHtml().replace(/<style>[\s\S]*<\/style>|<svg[\s\S]*<\/svg>|<[^>]*>/g, " "),
    };
    for (const [format, text] of Object.entries(texts)) {
      const numerals = text.match(/\d+\.\d{3,}/g) ?? [];
      expect(numerals.length, format).toBeGreaterThan(100);
      const trimmed = (n: string) => n.replace(/0+$/, "");
      for (const n of numerals) {
        const found =
          known.has(n) ||
          known.has(trimmed(n)) ||
          [...known].some((k) => k.startsWith(`${trimmed(n)}e`));
        expect(found, `${n} in ${format}`).toBe(true);
      }
      for (const must of ["0.593269992", "0.298371109", "0.000438567734", "0.149780716"]) {
        expect(numerals, format).toContain(must);
      }
    }
  });

  it("survives JSON without loss", async () => {
    const d = await derive("0.weight[0,0]");
    const again = Derivation.fromJSON(JSON.stringify(d));
    expect(again.data).toEqual(d.data);
    expect(again.toText({ language: "zh" })).toBe(d.toText({ language: "zh" }));
    expect(again.toHtml()).toBe(d.toHtml());
  });
});

describe("diagnose on the page's network", () => {
  /** The reference's table: the number for w1, E after the step, and the message's key. */
  const table = [
    ["m_sequential", 0.000364723, 0.291027924],
    ["m_biasShared", undefined, 0.285750887],
    ["m_biasOwn", undefined, 0.280471447],
    ["m_half", 0.000877135, 0.283618982],
    ["m_mean", 0.000219284, 0.294708158],
    ["m_noSlopeOut", 0.00226835, 0.258260102],
    ["m_noSlopeHidden", 0.001817515, 0.291024764],
    ["m_slopeAtOut", 0.000471425, 0.289770938],
    ["m_transpose", 0.000461551, 0.291027661],
    ["m_gradientForWeight", 0.000718648, 0.291027267],
    ["m_onePath", 0.000668396, 0.291027283],
    ["m_sign", -0.000438568, 0.305640633],
  ] as const;
  const keys = (d: Awaited<ReturnType<typeof diagnose>>) =>
    d.matches.map((m) => ("key" in m.cause ? m.cause.key : ""));

  it.each(table)("%s", async (key, value, lossAfterStep) => {
    const parameter = "0.weight[0,0]";
    if (value !== undefined) {
      const d = await diagnose(seedNetwork(), { data: seedData, parameter, value, decimals: 9 });
      expect(d.correct).toBe(false);
      expect(keys(d)).toContain(key);
    }
    const d = await diagnose(seedNetwork(), { data: seedData, lossAfterStep, decimals: 9 });
    expect(d.correct).toBe(false);
    expect(keys(d)).toContain(key);
    for (const language of ["en", "zh"] as const) {
      expect(d.toText({ language })).not.toMatch(/undefined|\{\w+\}/);
    }
  });

  it("does not accuse what is right", async () => {
    for (const [i, parameter] of weights.entries()) {
      const value = Object.values(reference.gradients)[i]!;
      const d = await diagnose(seedNetwork(), { data: seedData, parameter, value: nine(value) });
      expect(d.correct, parameter).toBe(true);
      expect(d.matches).toEqual([]);
    }
  });

  it.each([
    [{ value: 0.35891648 }, "new value of w5 is 0.35891648"],
    [{ value: -0.04108352 }, "change of w5 is −0.0410835203"],
    [{ lossAfterStep: 0.2910278 }, "loss after the update is 0.291027774"],
  ])("says what is right about %o", async (asked, said) => {
    const d = await diagnose(seedNetwork(), { data: seedData, parameter: "w5", ...asked });
    expect(d.correct).toBe(true);
    expect(d.toText()).toContain(said);
  });

  it("names the parameter that it takes by itself, and what a number is", async () => {
    const ask = (value: number, language: "en" | "zh" = "en") =>
      diagnose(seedNetwork(), { data: seedData, value, language });
    const { w1 } = reference.gradients;
    const said = "the gradient of 0.weight[0,0] is 0.000438567734";
    expect((await ask(nine(w1))).toText()).toContain(said);
    expect((await ask(0.000364723)).toText()).toContain(said);
    expect((await ask(nine(w1), "zh")).toText()).toContain("0.weight[0,0] 的梯度是 0.000438567734");
  });

  it("says so when nothing fits", async () => {
    const d = await diagnose(seedNetwork(), {
      data: seedData,
      parameter: weights[0]!,
      value: 0.0123,
    });
    expect(d.correct).toBe(false);
    expect(d.matches).toEqual([]);
    expect(d.toText()).toContain("None of the");
  });
});

describe("wrong choices", () => {
  it.each([
    [{ parameter: "0.wieght[0,0]" }, /0\.weight\[0…1,0…1\]/],
    [{ parameter: "0.weight[2,0]" }, /0\.weight\[0…1,0…1\]/],
    [{ example: 1 }, /expected 0/],
    [{ language: "fr" }, /en, zh/],
    [{ notation: "x" }, /canonical, net-out, bp, torch/],
    [{ step: -1 }, /0 to 100000/],
    [{ digits: 99 }, /2 to 17/],
    [{ update: "later" }, /simultaneous, sequential/],
  ])("%o", async (wrong, message) => {
    await expect(explain(seedNetwork(), { ...options, ...(wrong as object) })).rejects.toThrow(
      message,
    );
  });
});

it("the picture marks the whole way of w1, through w5 and w7, and has δ below the units", async () => {
  const options = { data: seedData, parameter: "w1", notation: "net-out" } as const;
  const d = await explain(seedNetwork(), options);
  const edges = d.data.diagram!.edges.filter(({ marked }) => marked);
  expect(edges.map(({ symbol }) => symbol)).toEqual(["w1", "w5", "w7"]);
  expect(d.toSvg()).toContain(">δ_h1 = 0.008771<");
  // ∂net/∂w is what w multiplies, ∂net/∂out the weight, ∂out/∂net the slope of the activation.
  expect(edges.map(({ local }) => local)).toEqual([
    "∂net_h1/∂w1",
    "∂net_o1/∂out_h1",
    "∂net_o2/∂out_h1",
  ]);
  for (const own of ["∂net_h1/∂w1 = 0.05", "∂net_o2/∂out_h1 = 0.5", "∂out_h1/∂net_h1 = 0.2413"])
    expect(d.toSvg()).toContain(`>${own}<`);
  expect(d.toLatex()).toContain("\\tfrac{\\partial");
  const b = await explain(seedNetwork(), { ...options, parameter: "w6" });
  expect(b.data.diagram!.edges.flatMap((e) => (e.marked ? [e.symbol] : []))).toEqual(["w6"]);
  // In a sequential update δ is another number.
  const late = await explain(seedNetwork(), { ...options, update: "sequential" });
  expect(late.toSvg()).not.toContain("δ");
});
