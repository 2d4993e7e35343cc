/** docs/errors.md: the catalogue of errors. */

const head = `# Errors

Every error of chainrule is a \`ChainruleError\` with a \`code\`, what was expected and what was
found, where it happened, why it matters and how to correct it. The command line prints the same; with
\`--json\` as data. An error about a network file is a \`NetworkFileError\`, whose \`problems\` hold
every problem with its line.

\`\`\`ts
import { ChainruleError, linear, relu, sequential, type Layer } from "chainrule";

const layers: [Layer, ...Layer[]] = [linear(2, 3), relu(), linear(4, 1)];
try {
  sequential(...layers);
} catch (error) {
  if (error instanceof ChainruleError) console.log(error.code, "|", error.expected);
}
\`\`\`

\`\`\`text
shape-mismatch | 4 inputs, as it was made for
\`\`\`

Exit codes of the command line: 0 ok, 1 the answer is no (\`not-finite\`, \`gradient-mismatch\`), 2
the input is wrong (all others), 70 a fault of chainrule itself, 130 interrupted by Ctrl-C.
`;

export function errorsPage({ catalogue }) {
  const entries = Object.entries(catalogue).map(
    ([code, { title, why, fix }]) =>
      `## ${code}\n\n**${title}.** ${why}\n${fix === undefined ? "" : `\nFix: ${fix}\n`}`,
  );
  return `${head}\n<!-- Generated from src/core/errors.ts by tools/generate.mjs. -->\n\n${entries.join("\n")}`;
}
