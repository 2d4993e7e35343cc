/**
 * docs/layer-table.md: every layer, the backends, its gradient, one number of it explained, its row in
 * network files and what a PyTorch script says. The samples are those of test/table/layers.test.ts.
 */

const head = `# Layers: what is checked

Every layer, in a small network in training mode, with a test for each mark (test/table/layers.test.ts):

- • interpreter and wasm give the same loss and the same gradient by every parameter; on \`c\`, where a
  compiler is found, these have the bits of strict WebAssembly, in f64 and in f32 (test/backends/c);
- ∂ the gradient, in reverse and in forward mode, is what finite differences show;
- ✎ one number of each of its parameters, or where it has none of a layer before it, is explained: the
  formulas, over all positions, steps and branches, lead to the gradient. (The blocks of transformers
  are explained in tests of their own; of their stacks one block is.)

*Network file* says whether a [network file](network-file.md) can name it, *PyTorch* what the script that
the studio writes says, or why there is nothing that it could say.
What PyTorch's own modules give for the same numbers is recorded and compared (test/nn/torch.test.ts).
`;

const line = (cells) => `| ${cells.join(" | ")} |`;
const cell = (text) => text.replaceAll("|", "\\|").replaceAll("\n", " ");

/** What a script says of a sample: the module, or why not. */
function pytorch({ row, options }, { shape, layer }) {
  const within = {
    ...{ shape, inputs: shape.at(-1), made: () => layer },
    inner: () => "nn.Sequential(…)",
    define: (name) => name,
  };
  const text = row.pytorch?.(options, within);
  if (typeof text === "string") return `\`${cell(text.replace(/\s+/g, " "))}\``;
  return text?.cannot ? `none for ${text.cannot}` : "none: PyTorch has no such module";
}

/** Stacks of blocks take too long for a test: one block of each is explained. */
const explained = (name) => (/^transformer(En|De)coder$/.test(name) ? "one block" : "✎");

/** The mark of a layer that the test of the backend c has in its file of C, in both types. */
function inFilesOfC({ layerGraphs }) {
  const [f64, f32] = ["f64", "f32"].map(
    (real) => new Set(layerGraphs(real).map(({ name }) => name)),
  );
  return (name) => {
    if (!f64.has(name) || !f32.has(name)) throw new Error(`${name}: the backend c does not run it`);
    return "•";
  };
}

export function layersPage({ layerSamples, layerGraphs }) {
  const native = inFilesOfC({ layerGraphs });
  const rows = layerSamples().map((sample) => {
    const { name, layer, row } = sample;
    const named = typeof row !== "string";
    return line([
      ...[`\`${name}\``, layer.kind, "•", "•", native(name), "∂", explained(name)],
      named ? "yes" : `no: ${row}`,
      named ? pytorch(row, sample) : `no: ${row}`,
    ]);
  });
  const titles = ["Layer", "kind", "interpreter", "wasm", "c", "gradient", "explained"];
  const table = [
    line([...titles, "network file", "PyTorch"]),
    line(["---", "---", ":-:", ":-:", ":-:", ":-:", ":-:", "---", "---"]),
    ...rows,
  ];
  const source = "<!-- Generated from the rows in src/network-file by tools/generate.mjs. -->";
  return `${head}\n${source}\n\n${table.join("\n")}\n`;
}
