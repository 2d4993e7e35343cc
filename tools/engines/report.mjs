/** What the engines found, side by side. */

/** The one row whose bits are the engine's own matter. */
const free = "without deterministic";

const digits = 8;
const short = (hash) => hash.slice(0, digits);

/** Many hashes as one, in their order. */
function joined(hashes) {
  let [a, b] = [0x811c9dc5, 0x6c62272e];
  for (const code of hashes.join("\n")) {
    a = Math.imul(a ^ code.charCodeAt(0), 0x01000193);
    b = Math.imul(b ^ code.charCodeAt(0), 0x01000193) ^ (a >>> 15);
  }
  return [a, b].map((lane) => (lane >>> 0).toString(16).padStart(8, "0")).join("");
}

const unique = (list) => [...new Set(list)];

/** The hashes of one engine's row by way: "1 thread" → [hash of each part]. */
function ways(result, row) {
  const found = new Map();
  for (const { row: of, way, hash } of result.hashes) {
    if (of === row) found.set(way, [...(found.get(way) ?? []), hash]);
  }
  return [...found].map(([way, hashes]) => ({ way, hash: joined(hashes) }));
}

/** @param results [{ name, version, threads, hashes: [{ row, part, way, hash }] }] */
export function compare(results) {
  const all = unique(results.flatMap(({ hashes }) => hashes.map(({ row }) => row)));
  const rows = all
    .filter((row) => row !== free)
    .map((row) => ({ row, cells: results.map((result) => ways(result, row)) }));
  const parts = new Map();
  for (const { name, hashes } of results) {
    for (const { row, part, way, hash } of hashes) {
      if (row === free) continue;
      const key = `${row}: ${part}`;
      parts.set(key, [...(parts.get(key) ?? []), { name, way, hash }]);
    }
  }
  const differences = [...parts].filter(
    ([, found]) => unique(found.map(({ hash }) => hash)).length > 1,
  );
  const groups = new Map();
  for (const result of results) {
    const hash = joined(result.hashes.filter(({ row }) => row === free).map(({ hash }) => hash));
    groups.set(hash, [...(groups.get(hash) ?? []), result.name]);
  }
  return { results, rows, parts, differences, groups };
}

/** One hash where all ways came to it, else each with its way. */
const cellText = (cell) => {
  if (cell.length === 0) return "–";
  const hashes = unique(cell.map(({ hash }) => hash));
  if (hashes.length === 1) return short(hashes[0]);
  return cell.map(({ way, hash }) => `${way} ${short(hash)}`).join(", ");
};

export function* lines({ results, rows, parts, differences, groups }, options) {
  const head = ["", ...results.map(({ name }) => name)];
  const body = rows.map(({ row, cells }) => [row, ...cells.map(cellText)]);
  const widths = head.map((_, i) => Math.max(...[head, ...body].map((line) => line[i].length)));
  for (const line of [head, ...body]) {
    yield line
      .map((cell, i) => cell.padEnd(widths[i]))
      .join("  ")
      .trimEnd();
  }
  yield "";
  for (const { name, version, threads } of results) {
    yield `${name} ${version}: ${threads === 1 ? "one thread only" : `up to ${threads} threads`}`;
  }
  yield "";
  for (const [hash, names] of groups) {
    yield `without deterministic  ${short(hash)}  ${names.join(", ")}`;
  }
  for (const [part, found] of options.parts ? parts : differences) {
    const by = new Map();
    for (const { name, way, hash } of found) {
      const who = way === "" ? name : `${name} (${way})`;
      by.set(hash, [...(by.get(hash) ?? []), who]);
    }
    yield "";
    yield by.size > 1 ? `different  ${part}` : `same  ${part}`;
    for (const [hash, who] of by) yield `  ${short(hash)}  ${who.join(", ")}`;
  }
  yield "";
  yield differences.length === 0
    ? `${rows.length} rows of ${parts.size} parts: the same bits on ${results.length} engines.`
    : `${differences.length} of ${parts.size} parts have different bits.`;
}

const intro = `# The same bits on every engine

With \`deterministic: true\`, or \`--deterministic\`, training comes to the same bits on every engine and
every processor, with as many threads as there are: same seed, same data, same checkpoint. So do first
values, made-up data, the interpreter, derivations and the tour, always. \`npm run engines\` shows it:
it runs one script in every engine that is here, hashes what comes out and compares. This page is what
it wrote, by \`npm run engines -- --write\`.
`;

const about = `Each row is one hash of many parts: a network for every layer, optimizer and loss that a network file
may name, trained for four epochs by one thread and by two; every initializer and every generator; each
function at 527 numbers from 5·10⁻³²⁴ to 1.8·10³⁰⁸ with its gradient. \`npm run engines -- --parts\`
prints them one by one. Node, Deno and Bun also run the command line, whose checkpoint must be the one
that the library writes.
`;

const freely = `## Without it

WebAssembly has a multiply-add that may round once or twice, as the engine likes. It is faster, so it is
used where nobody asks for the same bits everywhere. Engines then fall into groups: those that round
once, and those that round twice (Bun 1.4) or do not have the instruction (Node 20, WebKit 2.50). One
network, trained in f32 and in f64:
`;

/** docs/engines.md */
export function documentOf({ results, rows, groups }, skipped) {
  const line = (cells) => `| ${cells.join(" | ")} |`;
  const table = [
    line(["", ...results.map(({ name }) => name)]),
    line(["", ...results].map(() => "---")),
    ...rows.map(({ row, cells }) => line([row, ...cells.map(cellText)])),
  ];
  const versions = results.map(({ name, version, threads }) => {
    const many = threads === 1 ? "one thread" : `${threads} threads`;
    return `- ${name}: ${version}, ${many}`;
  });
  const missing = skipped.map((text) => `- not here: ${text}`);
  const grouped = [...groups].map(([hash, names]) => `- ${short(hash)}: ${names.join(", ")}`);
  return [
    intro,
    ...table,
    "",
    about,
    "What was run:",
    "",
    ...versions,
    ...missing,
    "",
    freely,
    ...grouped,
    "",
  ].join("\n");
}
