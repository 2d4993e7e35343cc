/**
 * How the modules hang together: no circles, each can be loaded alone, nothing is exported in vain,
 * an exported name has one meaning, and assertions stay few. Exits 1 and names each line that
 * breaks a rule, with the way out. What is granted, and why, stands in structure/granted.mjs.
 */
import { fileURLToPath } from "node:url";
import { alone } from "./structure/alone.mjs";
import * as granted from "./structure/granted.mjs";
import { asserted, circles, doubled, unused } from "./structure/rules.mjs";
import { sources } from "./structure/sources.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const modules = sources(root, granted.folders);
const library = [...modules.keys()].filter((f) => f.startsWith("src/"));
const problems = [
  ...circles(modules),
  ...(await alone(
    root,
    library.filter((f) => f !== granted.program),
  )),
  ...unused(modules, granted.exports),
  ...doubled(modules, granted.names),
  ...asserted(modules, granted.assertions),
];
for (const { file, line, what, way } of problems) console.error(`${file}:${line}: ${what}; ${way}`);
process.exit(problems.length > 0 ? 1 : 0);
