/**
 * docs/operators.md: which operator takes which element type, and that every backend has it with
 * its derivatives. Each cell is found by running the operator's samples on the backend and holding
 * the result against the interpreter; a cell that should be filled and is not is an error.
 */

const head = `# Operators

Every operator, the element types that its record takes, and the backends that run it. A dot (•)
says that the values are right; ∂ that the first and second derivatives are, too. Where there is
neither, the operator does not take the type: its function converts first, booleans to \`i32\` where
numbers are needed and integers to \`f32\` where real numbers are.

Each mark was found by running the operator on that backend and comparing with the interpreter,
which is the definition: whole numbers and truth values exactly, real numbers within the rounding of
a few elementary functions. Nothing is left to another backend: what an operator does is compiled
from its record, and this page cannot be generated while anything is missing.

The column “derivative” says what kind of rule the record has. *Zero*: piecewise constant, or not a
function of real numbers. *Compose*: that of the operators that it is made of. What each operator
computes, and its derivative in words, is in the [API reference](api/operators.md).
`;

/** What is wrong with one sample on one backend, if anything. */
function problem(lib, backend, { inputs, attributes, y }, real) {
  try {
    const outputs = [y, ...derivatives(lib, y, real)];
    const graph = { inputs, outputs };
    const values = inputs.map((x) => x.dataSync());
    const expected = lib.interpreter.compile(graph).run(values);
    const found = backend.compile(graph).run(values);
    const wrong = outputs.findIndex(
      ({ dtype }, i) => !agree(lib, found[i], expected[i], lib.rounding[dtype]),
    );
    return wrong < 0 ? undefined : `output ${wrong} differs from the interpreter's`;
  } catch (error) {
    return `${error.message} (attributes ${JSON.stringify(attributes)})`;
  }
}

/** First and second derivatives by the given inputs. */
function derivatives({ gradient, onesLike }, y, real) {
  if (real.length === 0) return [];
  const first = gradient(y, real, onesLike(y));
  const total = first.map((g) => g.square().sum()).reduce((a, b) => a.add(b));
  return [...first, ...gradient(total, real)];
}

const agree = ({ isClose }, found, expected, tolerance) =>
  found.length === expected.length && expected.every((v, i) => isClose(found[i], v, tolerance));

/** The cell of one operator, backend and type; holes are added to the list. */
function cell(lib, op, backend, dtype, samples, holes) {
  const smooth = op.derivative.kind !== "zero";
  let differentiable = false;
  for (const sample of samples) {
    const real = lib.differentiable(sample)
      ? sample.inputs.filter((x) => lib.isFloat(x.dtype))
      : [];
    differentiable ||= real.length > 0;
    const wrong = problem(lib, backend, sample, real);
    if (wrong === undefined) continue;
    holes.push(`${op.name} of ${dtype} on ${backend.name}: ${wrong}`);
    return "missing";
  }
  if (samples.length === 0) return "";
  return differentiable && smooth ? "• ∂" : "•";
}

export function operatorsPage(lib) {
  const { dtypes, interpreter, operators, typedSamples, wasm } = lib;
  const backends = [interpreter, wasm];
  const holes = [];
  const rows = operators()
    .filter((op) => op.derivative.kind !== "leaf")
    .map((op) => {
      const samples = dtypes.map((dtype) => typedSamples(op, dtype));
      if (samples.every((list) => list.length === 0)) holes.push(`${op.name} has no samples`);
      const cells = backends.flatMap((backend) =>
        dtypes.map((dtype, i) => cell(lib, op, backend, dtype, samples[i], holes)),
      );
      return [`\`${op.name}\``, op.derivative.kind, ...cells];
    });
  if (holes.length > 0) throw new Error(`not every backend runs everything:\n${holes.join("\n")}`);
  const columns = backends.flatMap(({ name }) => dtypes.map((dtype) => `${name} ${dtype}`));
  const line = (cells) => `| ${cells.join(" | ")} |`;
  const table = [
    line(["Operator", "derivative", ...columns]),
    line(["---", "---", ...columns.map(() => ":-:")]),
    ...rows.map(line),
  ];
  const source = "<!-- Generated from the records in src/ops by tools/generate.mjs. -->";
  return `${head}\n${source}\n\n${table.join("\n")}\n`;
}
