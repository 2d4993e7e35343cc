/**
 * The words of operators' records apart: laws, notations and the like, constants that only derivations
 * read, become numbers, and a table that comes with explanations has them (src/explain/engine/told.ts).
 * A page that explains nothing carries none of them.
 */
import { readFileSync } from "node:fs";
import { transform } from "esbuild";

/** Constants as esbuild prints them; what is written in another way stays where it is. */
const text = String.raw`(?:"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')`;
const words = String.raw`\{\s*en: ${text},\s*zh: ${text}\s*\}`;
const further = String.raw`(?:,\s*(?:isCall: true|spoken: ${words}))*`;
const constants = [
  [/notation: /, String.raw`\{\s*text: ${text},\s*tex: ${text},\s*precedence: \d${further}\s*\}`],
  [/law: |Law = |reason: /, words],
  [/sampling: /, String.raw`\{\s*kinks: [\[\]\d\s.,-]+\}`],
].map(([before, one]) => new RegExp(`(?<=(?:${before.source}))${one}`, "g"));

/** What tests take samples by, of which derivations ask for kinks alone. */
function withoutSamples(code) {
  const start = code.search(/,\s*sampling: \{/);
  if (start < 0) return code;
  let [end, depth] = [code.indexOf("{", start), 0];
  do depth += { "{": 1, "}": -1 }[code[end++]] ?? 0;
  while (depth > 0);
  const samples = code.slice(start, end);
  const stays = /kinks|["'`]/.test(samples.replace(/"\w+"/g, ""));
  return code.slice(0, stays ? end : start) + withoutSamples(code.slice(end));
}

const table = "src/explain/engine/told.ts";

/** A plugin of esbuild that reads these sources so; `read` makes a path of a source's name. */
export async function tellingApart(sources, read) {
  // A number is true, as what it stands for is.
  const told = ["undefined"];
  const codes = new Map();
  for (const source of sources) {
    const { code } = await transform(readFileSync(read(source), "utf8"), {
      ...{ loader: "ts", target: "esnext", charset: "utf8" },
    });
    const number = (constant) => String(told.push(constant.replace(/\s*\n\s*/g, " ")) - 1);
    const short = constants.reduce((all, constant) => all.replace(constant, number), code);
    codes.set(read(source), withoutSamples(short));
  }
  const whole = readFileSync(read(table), "utf8").replace("= []", `= [${told.join(",\n")}]`);
  if (told.length === 1 || !whole.includes(told[1])) throw new Error(`${table} takes no table.`);
  codes.set(read(table), whole);
  return {
    name: "telling apart",
    setup: ({ onLoad }) =>
      onLoad({ filter: /\.ts$/ }, ({ path }) => {
        const contents = codes.get(path);
        return contents === undefined ? undefined : { contents, loader: "ts" };
      }),
  };
}
