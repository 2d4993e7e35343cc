/** docs/api-surface.txt: every public name with its signature, one line each, sorted. */
import { plain } from "./declarations.mjs";

const head = `# What users of chainrule may rely on: every public name and its signature.
# A change here is a change for users and belongs into CHANGELOG.md. Written by npm run generate.
`;

function lines(entry, { declarations, heads, inherited, members, name }) {
  const of = (text) => `${entry} ${name} { ${text} }`;
  if (heads.length === 0) return declarations.map((text) => `${entry} ${plain(text)}`);
  return [
    ...heads.map((text) => `${entry} ${text.replace(/^export /, "").replace(/^declare /, "")}`),
    ...[...members, ...inherited].map(of),
  ];
}

export function apiSurface({ published, others }) {
  const all = [
    ...published.flatMap(({ entry, exports }) => exports.flatMap((item) => lines(entry, item))),
    ...others.flatMap((item) => lines("(named)", item)),
  ];
  return `${head}${[...new Set(all)].sort().join("\n")}\n`;
}
