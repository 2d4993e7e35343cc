/** Every message of the library that the page can show exists in Chinese: this finds those that do not. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";
import { describe, expect, it } from "vitest";
import { catalogue } from "../../src/core/errors.ts";
import { Engine } from "../../studio/src/engine/engine.ts";
import { failureOf } from "../../studio/src/engine/failure.ts";
import { generalZh } from "../../studio/src/strings/general-zh.ts";
import { translated, translator } from "../../studio/src/strings/messages.ts";
import { messagesZh } from "../../studio/src/strings/messages-zh.ts";
import { root } from "./site.ts";

const say = translator(messagesZh);
const isChinese = (text: string): boolean => /\p{Script=Han}/u.test(text);

/** The sources that the engine of the page is made of. */
async function sources(): Promise<readonly string[]> {
  const { metafile } = await build({
    entryPoints: [join(root, "studio/src/engine/worker.ts")],
    absWorkingDir: root,
    bundle: true,
    splitting: true,
    write: false,
    metafile: true,
    format: "esm",
    outdir: ".cache/messages",
    loader: { ".yaml": "text" },
    alias: { "#files": join(root, "src/files/browser.ts") },
    logLevel: "silent",
  });
  return Object.keys(metafile.inputs).filter((file) => /^(src|studio\/src)\//.test(file));
}

/** A text as it stands in a source, with {0}, {1} … for what is put in. */
function patternOf(literal: string): string {
  const inner = literal.slice(1, -1);
  let [text, depth, n] = ["", 0, 0];
  for (let i = 0; i < inner.length; i++) {
    const c = inner[i]!;
    if (depth === 0 && c === "\\") {
      const next = inner[++i]!;
      text += next === "n" ? "\n" : next;
    } else if (literal[0] === "`" && depth === 0 && inner.startsWith("${", i)) {
      text += `{${n++}}`;
      [depth, i] = [1, i + 1];
    } else if (depth === 0) text += c;
    else depth += c === "{" ? 1 : c === "}" ? -1 : 0;
  }
  return text;
}

const literal = String.raw`"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|` + "`(?:[^`\\\\]|\\\\.)*`";
const said = new RegExp(String.raw`\b(message|fix):\s*(${literal})(?=\s*[,}\n])`, "g");

/** Messages and fixes of all sources, by pattern, each with its file. */
async function all(): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>();
  for (const file of await sources()) {
    const text = readFileSync(join(root, file), "utf8");
    for (const [, , quoted = ""] of text.matchAll(said)) found.set(patternOf(quoted), file);
  }
  return found;
}

/** Places filled, as they would be. */
const filled = (pattern: string): string => pattern.replace(/\{\d\}/g, "x");

/** What is meant for programs and cannot come about by what is done on the page. */
const ofPrograms =
  /^src\/(autodiff|backends|compile|linalg|metrics|nn|ops|optim|step|core|train)\/|^src\/data\/(split|balance|divisions|preprocessing|fit-rules|examples|arrow|flatbuffer|parquet|thrift|idx|npy|npz|gunzip|zip|json-lines|optional|read-table|table-reading|typed-table|text|image|jpeg)/;

/** Texts that are put together from others alone. */
const composed: readonly string[] = ["{0}: {1}.", "{0}\n\n{1}\n", "{0}.", "{0}"];

/** Of these, what formulas and training bring about all the same. */
const reached =
  /^src\/(ops\/(matmul|reduction|broadcast|define|compare)|core\/(shape|kinds|options)|train\/non-finite)\.ts$/;

describe("messages in Chinese", () => {
  it("every code of the catalogue has its meaning", () => {
    expect(Object.keys(generalZh).sort()).toEqual(Object.keys(catalogue).sort());
    for (const [code, { title, why, fix }] of Object.entries(generalZh)) {
      expect([title, why, fix ?? "无"].every(isChinese), code).toBe(true);
      const english = catalogue[code as keyof typeof catalogue];
      expect(fix !== undefined, code).toBe("fix" in english);
    }
  });

  it("every message that the page can bring about has one of its own, but for so many", async () => {
    const found = await all();
    expect(found.size).toBeGreaterThan(500);
    const reachable = [...found].filter(([pattern, file]) => {
      const comes = reached.test(file) || !ofPrograms.test(file);
      return comes && !composed.includes(pattern);
    });
    expect(reachable.length).toBeGreaterThan(200);
    const missing = reachable.filter(([pattern]) => say(filled(pattern)) === undefined);
    // Those of new sentences may come later: until then they have the meaning of their code.
    const told = missing.map(([pattern, file]) => `${pattern}   (${file})`).join("\n");
    expect(missing.length, told).toBeLessThanOrEqual(12);
  });

  it("puts what differs into its place", () => {
    expect(say('There is no parameter "w9".')).toBe("没有参数“w9”。");
    expect(say("Layer 3 of model.keras is not described.")).toBe("model.keras 的第 3 层没有说明。");
    expect(say("Nobody says this.")).toBeUndefined();
    expect(say("constructor")).toBeUndefined();
    // What is put in is said in Chinese, too.
    expect(say("Something else belongs here: a whole number ≥ 1.")).toBe("此处应为：整数，≥ 1。");
    for (const [english, own] of Object.entries(messagesZh)) {
      expect(isChinese(own), english).toBe(true);
      const places = (text: string) => [...new Set(text.match(/\{\d\}/g))].sort();
      expect(
        places(own).every((p) => places(english).includes(p)),
        english,
      ).toBe(true);
    }
  });

  it("a failure keeps its facts, and its code's meaning where there is nothing else", async () => {
    const look = { example: 0, notation: "canonical", language: "zh" } as const;
    const failure = await new Engine()
      .open(
        { text: "layers: [linear: { outputs: 1 }]\nloss: nothing\noptimizer: sgd\n", files: {} },
        look,
      )
      .catch(failureOf);
    const own = translated(failure as ReturnType<typeof failureOf>, say, generalZh);
    expect(own).toMatchObject({
      message: '没有这样的 loss："nothing"。',
      excerpt: expect.stringContaining("loss: nothing"),
      expected: expect.stringContaining("以下之一"),
    });
    const odd = { code: "too-large", message: "Some text.", fix: "Do it." };
    expect(translated(odd, say, generalZh)).toMatchObject({
      message: "文件超过上限（Some text.）",
      fix: generalZh["too-large"].fix,
    });
    const unknown = { code: "internal", message: "x is not a function" };
    expect(translated(unknown, say, generalZh)).toEqual(unknown);
  });
});
