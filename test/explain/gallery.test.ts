import { readdirSync, readFileSync } from "node:fs";
import katex from "katex";
import { expect, it } from "vitest";
import { gallery } from "../../tools/gallery.ts";

const folder = new URL("../../docs/gallery/", import.meta.url);

it("docs/gallery is what the library prints (else: node tools/build-gallery.mjs)", async () => {
  const files = await gallery();
  expect(readdirSync(folder).sort()).toEqual(Object.keys(files).sort());
  for (const [name, text] of Object.entries(files)) {
    expect(readFileSync(new URL(name, folder), "utf8"), name).toBe(text);
  }
}, 60_000);

it("all formulas of the gallery are TeX that KaTeX accepts in strict mode", () => {
  let count = 0;
  for (const name of readdirSync(folder).filter((n) => /\.(en|zh)\.md$/.test(n))) {
    const text = readFileSync(new URL(name, folder), "utf8");
    expect(text, name).not.toMatch(/undefined|\[object|\\times -|\\cdot -/);
    for (const [, display, inline] of text.matchAll(/```math\n([\s\S]*?)\n```|\$`(.*?)`\$/g)) {
      const tex = display ?? inline!;
      const options = { strict: "error", displayMode: display !== undefined } as const;
      expect(() => katex.renderToString(tex, options), `${name}: ${tex}`).not.toThrow();
      count++;
    }
  }
  expect(count).toBeGreaterThan(1000);
}, 60_000);
