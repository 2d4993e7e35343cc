/** The API reference and the list of the API's surface. */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isFloat } from "../../src/core/dtype.ts";
import * as data from "../../src/data/index.ts";
import { told } from "../../src/explain/engine/told.ts";
import * as main from "../../src/index.ts";
import * as file from "../../src/network-file/index.ts";
import { operators } from "../../src/ops/index.ts";
import { root } from "./blocks.ts";

interface Item {
  readonly name: string;
  readonly kind: string;
  readonly doc: string;
  readonly declarations: readonly string[];
}
interface Read {
  readonly published: readonly { readonly entry: string; readonly exports: readonly Item[] }[];
  readonly others: readonly Item[];
}
interface Tools {
  declarations(of: {
    readonly entries: Readonly<Record<string, string>>;
    readonly folder: string;
    readonly name: string;
  }): Read;
  apiPages(
    read: Read,
    lib: object,
    indexOf: (entry: string) => string,
  ): Readonly<Record<string, string>>;
  apiSurface(read: Read): string;
}

const tool = async (name: string): Promise<Partial<Tools>> =>
  import(new URL(`../../tools/generate/${name}.mjs`, import.meta.url).href);
const { declarations, apiPages, apiSurface } = {
  ...(await tool("declarations")),
  ...(await tool("api-pages")),
  ...(await tool("api-surface")),
} as Tools;

const pages = readdirSync(`${root}docs/api`).map((name) =>
  readFileSync(`${root}docs/api/${name}`, "utf8"),
);

describe("the API reference", () => {
  it.each(Object.entries({ main, data, file }))("has what %s exports", (_, library) => {
    for (const name of Object.keys(library)) {
      const heading = new RegExp(`^## (?:class )?${name}$`, "m");
      expect(pages.filter((page) => heading.test(page)).length, name).toBe(1);
    }
  });
  it("says of each operator what its record says", () => {
    const laws = operators().filter(({ name, derivative }) => {
      return name in main && derivative.kind !== "leaf";
    });
    expect(laws.length).toBeGreaterThan(60);
    for (const { name, derivative, law } of laws) {
      const said = `Derivative (${derivative.kind}): ${told(law).en}\n`;
      const page = pages.find((text) => text.includes(`\n## ${name}\n`));
      const [section] = page!.split(`\n## ${name}\n`)[1]!.split("\n## ");
      expect(section, name).toContain(said);
    }
  });
  it("has an example of each operator, with its answer and its gradient", () => {
    const all = operators().filter(({ derivative }) => derivative.kind !== "leaf");
    const isPublic = ({ name }: { readonly name: string }) => name in main;
    // They are what scatterAdd, scatter and maxPool run, and unfold and pools read through.
    const inside = ["lastWriter", "scatterSum", "largest", "windows"];
    expect(all.filter((op) => !isPublic(op)).map(({ name }) => name)).toEqual(inside);
    for (const { name } of all.filter(isPublic)) {
      const page = pages.find((text) => text.includes(`\n## ${name}\n`));
      const [section] = page!.split(`\n## ${name}\n`)[1]!.split("\n## ");
      // Of two results one is shown.
      const call = new RegExp(`^${name}\\(.*\\)(\\.values|\\.indices)?; // \\S`, "m");
      expect(section, name).toMatch(call);
    }
    const [exp] = pages
      .find((text) => text.includes("\n## exp\n"))!
      .split("\n## exp\n")[1]!
      .split("\n## ");
    expect(exp).toContain("grad((x) => exp(x).sum())(x); // [");
  });
});

describe("a small library", () => {
  const folder = join(root, `.cache/api-${process.pid}`);
  const source = (more = "") => `
    /** What a cat is. */
    export interface Cat extends Animal { readonly lives: Lives; }
    interface Animal { /** In kg. */ readonly weight: number; }
    type Lives = number;
    /** y = x + 1 */
    export const next = (x: number) => x + 1;
    /** A box. */
    export class Box {
      #inside = 1;
      /** @internal Not for you. */
      readonly secret = this.#inside;
      /** What is in it. */
      open(${more}): Cat | undefined { return undefined; }
    }
  `;
  const index = '// Things: all of them.\nexport { Box, next, type Cat } from "./things.ts";\n';
  const read = (things: string): Read => {
    writeFileSync(join(folder, "things.ts"), things);
    return declarations({ entries: { small: "index.ts" }, folder, name: "test-declarations" });
  };
  const none = { operators: () => [] };
  beforeAll(() => {
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "index.ts"), index);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it("has a page for each group and one for what is only named", () => {
    const written = apiPages(read(source()), none, () => index);
    expect(Object.keys(written)).toEqual([
      "docs/api/README.md",
      "docs/api/things.md",
      "docs/api/other-types.md",
    ]);
    const { "docs/api/things.md": things, "docs/api/other-types.md": others } = written;
    expect(things).toContain("## next\n\n```typescript\nconst next: (x: number) => number\n```");
    expect(things).toContain("y = x + 1\n");
    expect(things).toContain("// Inherited:\nweight: number;");
    expect(things).not.toMatch(/secret|inside/);
    expect(things).toContain("Types: [Animal](other-types.md#type-animal), [Lives]");
    expect(others).toContain("## type Lives\n\n```typescript\ntype Lives = number;\n```");
  });
  it("has a surface that changes with a signature, and not with a comment", () => {
    const before = apiSurface(read(source()));
    expect(before.split("\n").filter((line) => line.startsWith("small"))).toEqual([
      "small Box { open(): Cat | undefined; }",
      "small Cat { readonly lives: Lives; }",
      "small Cat { weight: number; }",
      "small class Box",
      "small const next: (x: number) => number",
      "small interface Cat extends Animal",
    ]);
    expect(apiSurface(read(source().replace("A box.", "A case.")))).toBe(before);
    expect(apiSurface(read(source("wide = true")))).not.toBe(before);
    expect(apiSurface(read(source().replace("In kg", "In g")))).toBe(before);
    expect(apiSurface(read(source().replace("Lives = number", "Lives = 9")))).not.toBe(before);
  });
  it("has no reference while an export has no docstring", () => {
    const undocumented = read(source().replace("/** A box. */", ""));
    expect(() => apiPages(undocumented, none, () => index)).toThrow(/small: Box \(things\.ts\)/);
  });
  it("has an executed example of what stands among operators", () => {
    const operators = index.replace("Things: all of them", "Operators");
    const lib = { ...main, ...none, isFloat, next: main.neg };
    const page = (things: string) =>
      apiPages(read(things), lib, () => operators)["docs/api/operators.md"];
    const of = (line: string) =>
      source().replace("/** y = x + 1 */", `/**\n * y = x + 1\n *\n * ${line}\n */`);
    const written = page(of("@example next(x) with x = [[1, 2]]"));
    expect(written).toContain("const x = tensor([[1, 2]]);\nnext(x); // [[-1, -2]]\n");
    expect(written).toContain("grad((x) => next(x).sum())(x); // [[-1, -1]]\n");
    expect(() => page(source())).toThrow("next (things.ts) has no @example");
    expect(() => page(of("@example next(y) with x = [1]"))).toThrow("y is not defined");
    const taking = "next: (x: Tensor) => Tensor = (x) => x";
    const typed = source().replace("next = (x: number) => x + 1", taking);
    expect(page(`${typed}\ntype Tensor = number;`)).toContain("next(x); // [1.5, -0.25, -1]\n");
  });
  it("has no reference while an export is in no group", () => {
    const some = '// Things.\nexport { Box, type Cat } from "./things.ts";\n';
    expect(() => apiPages(read(source()), none, () => some)).toThrow("small: no group has next");
    const early = index.replace(/^.*\n/, "");
    expect(() => apiPages(read(source()), none, () => early)).toThrow(/before any group/);
  });
});
