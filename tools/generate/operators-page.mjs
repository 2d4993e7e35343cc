/**
 * docs/operators.md: which operator takes which element type, and what of it is checked. The table
 * is that of test/support/cells.ts: test/table runs the check that each mark stands for.
 */

const head = `# Operators

Every operator, the element types that its record takes, and what is checked of it on each backend:

- • the value: on the interpreter, which is the definition, its type, and that single precision gives
  what double precision does but for rounding; on any other backend, that it gives the same (whole
  numbers and truth values exactly, real numbers within the rounding of a few elementary functions);
  on \`c\`, where a compiler is found, that it has the bits of strict WebAssembly (test/backends/c);
- ∂ and ∂² the first and the second derivatives, likewise, and in double precision against finite
  differences, in reverse and in forward mode;
- ✎ the derivation that \`explain\` makes: its formulas, paths and laws lead to the gradient.

Each mark is a test that runs. Where there is none, there is nothing to check by nature:

- – the record's type rule refuses the element type. The operator's function converts first: booleans
  to \`i32\` where numbers are needed, and integers to \`f32\` where real numbers are;
- ℤ whole numbers and truth values have no derivative;
- 0 the record's derivative is zero, for the reason that its law says (in the second table).

The column “derivative” says what kind of rule the record has. *Zero*: piecewise constant, or not a
function of real numbers. *Compose*: that of the operators that it is made of. *Repeat*: that of each
step of a loop. What each operator computes, and its derivative in words, is in the
[API reference](api/operators.md); \`loop\` is what [scan, whileLoop and cond](api/loops-as-part-of-a-graph.md)
make. What PyTorch gives for the same numbers is recorded and compared, too (test/ops/torch.test.ts).
`;

const signs = { type: "–", whole: "ℤ", zero: "0" };

/** What stands in a cell: its marks, and the reason for those that are not there. */
function text({ op, marks, none }) {
  const shown = marks.map(([mark]) => mark);
  if (shown.length === 0 && none === undefined) throw new Error(`${op.name}: a cell is empty`);
  // A type that is refused has one sign; a derivative that does not exist stands behind the value.
  return [...shown, ...(none === undefined ? [] : [signs[none]])].join(" ");
}

const line = (cells) => `| ${cells.join(" | ")} |`;

/** The cells of the backend c: what its test has in files of C, with how many derivatives. */
export function withNative({ dtypes, operatorGraphs }, table) {
  const known = new Map();
  for (const dtype of dtypes) {
    for (const { op, outputs } of operatorGraphs(dtype)) {
      const key = `${op.name} ${dtype}`;
      known.set(key, Math.max(known.get(key) ?? 0, outputs.length));
    }
  }
  return table.map(({ op, cells }) => {
    const place = cells.findIndex(({ column }) => column === "explained");
    const others = cells.filter(({ column }) => column === "wasm");
    const own = others.map(({ dtype, none }) => {
      const outputs = known.get(`${op.name} ${dtype}`) ?? 0;
      const names = outputs === 0 ? [] : outputs === 1 ? ["•"] : ["•", "∂", "∂²"];
      return { dtype, column: "c", none, marks: names.map((name) => [name]) };
    });
    return { op, cells: [...cells.slice(0, place), ...own, ...cells.slice(place)] };
  });
}

/** @param table the rows: records with their cells */
export function operatorsPage({ dtypes, table }) {
  const [{ cells: first }] = table;
  const columns = [...new Set(first.map(({ column }) => column))];
  const types = columns.map((column) =>
    column === "explained" ? dtypes.filter((dtype) => dtype.startsWith("f")) : dtypes,
  );
  const places = columns.flatMap((column, i) => types[i].map((dtype) => [column, dtype]));
  const rows = table.map(({ op, cells }) => [
    `\`${op.name}\``,
    op.derivative.kind,
    ...places.map(([column, dtype]) => {
      const own = cells.find((cell) => cell.column === column && cell.dtype === dtype);
      return text({ op, ...own });
    }),
  ]);
  const constant = table.filter(({ op }) => op.derivative.kind === "zero");
  const lines = [
    line(["Operator", "derivative", ...places.map((place) => place.join(" "))]),
    line(["---", "---", ...places.map(() => ":-:")]),
    ...rows.map(line),
    "",
    line(["Operator", "why nothing flows back"]),
    line(["---", "---"]),
    ...constant.map(({ op }) => line([`\`${op.name}\``, op.law.en])),
  ];
  const source = "<!-- Generated from the records in src/ops by tools/generate.mjs. -->";
  return `${head}\n${source}\n\n${lines.join("\n")}\n`;
}
