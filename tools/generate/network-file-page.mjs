/** docs/network-file.md: the form of network files in words. */

const head = `# Network files

A network file says everything that is needed to train a network without writing code: layers, loss,
optimizer, data and training. It is YAML; JSON is YAML, too.

\`\`\`yaml
name: two spirals
layers:
  - linear: { outputs: 16, weight: heNormal, bias: 0 }
  - relu
  - linear: { outputs: 2 }
loss: crossEntropy
optimizer: { adam: { learningRate: 0.02 } }
data:
  generate: { spirals: { size: 200 } }
  validation: 0.2
training: { epochs: 50, batchSize: 16 }
\`\`\`

A thing that has options, such as a layer, is written \`name: { option: value }\`; one that needs
none may be written by its name alone. Mistakes are reported all at once, each with its line:
first what does not belong in the file; when that is corrected, parts that contradict each other; then
data that do not fit the network. Nothing is guessed, and nothing in a file is ever executed. Editors check
the file as it is written, and complete names, if its first line says where the JSON Schema is:
\`# yaml-language-server: $schema=node_modules/chainrule/dist/network.schema.json\`.

From a program:

\`\`\`ts
import { parseNetwork, prepareNetwork } from "chainrule/file";

const network = parseNetwork(\`
layers: [{ linear: { outputs: 1 } }]
loss: meanSquaredError
optimizer: { sgd: { learningRate: 0.3 } }
data: { generate: { regression: { kind: line } } }
training: { epochs: 20 }
\`);
const { trainer, data, fit } = await prepareNetwork(network, async (path) => {
  throw new Error(\`this network reads no file, but asked for \${path}\`);
});
await trainer.fit(data.train, fit);
const [[atZero], [atOne]] = trainer.predict([[0], [1]]).arraySync() as [[number], [number]];
console.log(atZero.toFixed(6), atOne.toFixed(6));
\`\`\`

\`\`\`text
1.000000 3.000000
\`\`\`

The second argument of \`prepareNetwork\` gives the bytes of a file by the path that the network file
names: in Node \`readFile\`, in a browser \`fetch\`.
`;

const limits = `## Limits

A network file may come from somewhere else, so there are bounds on what it can ask for: 4 MiB of
text, ${64} levels of nesting, 100,000 values behind aliases, 10 million outputs of a layer, 100
million parameters in all. Paths are read as they are written: look at them before you train a file
that is not yours.
`;

/** The title of a table. */
const plural = (word) => (word.endsWith("s") ? `${word}es` : `${word}s`);

const cell = (text) => text.replaceAll("|", "\\|");

function usual(field) {
  if (field.required) return "*required*";
  if (field.otherwise !== undefined) return field.otherwise;
  if (field.default === undefined) return "";
  const text = JSON.stringify(field.default);
  return text === "{}" ? "" : `\`${text.replaceAll('"', "")}\``;
}

export function networkFilePage({ networkForm, needed }) {
  const choices = new Map();
  /** What may stand there, with links to the tables of choices. */
  const what = (form) => {
    if (form.kind === "choice") {
      choices.set(form.what, form.table());
      return `[${form.what}](#${plural(form.what)})`;
    }
    if (form.kind === "either") return form.of.map(what).join(", or ");
    if (form.kind === "list" && form.of.kind === "choice") return `a list: ${what(form.of)}`;
    if (form.kind === "record") return "a mapping";
    if (form.kind === "list" && form.of.kind === "record") return "a list of mappings";
    return needed(form);
  };
  const table = (fields) =>
    [
      "| name | what | value | default |",
      "|---|---|---|---|",
      ...Object.entries(fields).map(
        ([name, f]) =>
          `| \`${name}\` | ${cell(f.doc)} | ${cell(what(f.form))} | ${cell(usual(f))} |`,
      ),
    ].join("\n");
  const { data, training } = networkForm.fields;
  const kinds = data.form.fields;
  const own = kinds.validation.form.of.find((form) => form.kind === "record");
  const sections = [
    `## The file\n\n${table(networkForm.fields)}`,
    `## penalties\n\nA list; every entry:\n\n${table(networkForm.fields.penalties.form.of.fields)}`,
    `## data\n\nOne of \`${data.form.oneOf.join("`, `")}\`, and what goes with it.\n\n${table(kinds)}`,
    `### data: examples\n\nA list; every entry:\n\n${table(kinds.examples.form.of.fields)}`,
    `### data: csv\n\n${table(kinds.csv.form.fields)}`,
    `### data: idx\n\n${table(kinds.idx.form.fields)}`,
    `### data: images\n\n${table(kinds.images.form.fields)}`,
    `### data: npz\n\n${table(kinds.npz.form.fields)}`,
    `### data: text\n\n${table(kinds.text.form.fields)}`,
    `### data: validation\n\nA share, or one of:\n\n${table(own.fields)}\n\n` +
      "A table of its own is `csv: { file: … }`: everything else is as for the table that is " +
      "trained on, and so is the scaling.",
    `## training\n\n${table(training.form.fields)}`,
    ...Object.entries(training.form.fields)
      .filter(([, { form }]) => form.kind === "record")
      .map(([name, { form }]) => `### training: ${name}\n\n${table(form.fields)}`),
  ];
  const listed = new Set();
  const choiceSection = (name, rows) => {
    listed.add(name);
    const title = `## ${plural(name)}`;
    const entries = Object.entries(rows).map(([row, { doc, form }]) => {
      const options = form.kind === "record" ? Object.entries(form.fields) : [];
      const list = options.map(
        ([option, f]) =>
          `  - \`${option}\`: ${f.doc} ${f.required ? "*Required*" : `Default: ${usual(f)}`}; ${what(f.form)}.`,
      );
      const short =
        form.short && `  - a list: its \`${form.short}\`, the other options being as usual`;
      const inner = form.kind === "list" ? [`  - ${what(form)}`] : short ? [`${short}.`] : [];
      return [`- **${row}**: ${doc}`, ...list, ...inner].join("\n");
    });
    return `${title}\n\n${entries.join("\n")}`;
  };
  const choiceTexts = [];
  // Describing one table may reveal another, such as that of initializers.
  for (let more = true; more; ) {
    more = false;
    for (const [name, rows] of choices) {
      if (listed.has(name)) continue;
      choiceTexts.push(choiceSection(name, rows));
      more = true;
    }
  }
  const note = "<!-- Generated from src/network-file by tools/generate.mjs. -->";
  return `${[head.trimEnd(), note, ...sections, ...choiceTexts, limits.trimEnd()].join("\n\n")}\n`;
}
