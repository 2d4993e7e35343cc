/** The files of the page in docs/browser.md, as they stand there. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../engines/installed.mjs";

export function guideFiles() {
  const text = readFileSync(join(root, "docs/browser.md"), "utf8");
  const blocks = [...text.matchAll(/```(js|html)\n([\s\S]*?)```/g)];
  const files = blocks.map(([, kind, block]) => {
    const [, name = "index.html"] = kind === "js" ? (/^\/\/ (\S+)\n/.exec(block) ?? []) : [];
    return [name, block];
  });
  return Object.fromEntries(files);
}
