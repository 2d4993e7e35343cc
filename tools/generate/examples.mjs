/**
 * The executed example of an operator in the API reference: the call, what it gives, and the
 * gradient of its sum. A docstring may give the call and its inputs,
 *
 *     @example sum(x, { axis: 0 }) with x = [[1, 2], [3, 4]]
 *
 * and need not where a function takes tensors alone: the inputs then come from the record's domain.
 * What is printed is executed here as it stands, so that no answer is written by hand.
 */

/** The parameters of a function or an activation; undefined where one is no tensor. */
function tensorParameters(signature) {
  if (/: Activation</.test(signature)) return ["x"];
  const flat = signature.replace(/\s+/g, " ").replace("( ", "(").replace(/,? \)/, ")");
  const [, list] =
    /^(?:const \w+: |function \w+)(?:<[^(]*>)?\((.*)\)(?: =>|:) Tensor/.exec(flat) ?? [];
  const all = list?.split(", ").map((parameter) => parameter.split(": "));
  return all?.every(([, type]) => /^(?:Tensor|Operand)(?:<\w>)?$/.test(type))
    ? all.map(([name]) => name)
    : undefined;
}

const points = [-1.5, -0.5, 0.25, 0.5, 1, 2, 2.5, 3];

/** Three points inside the record's domain, in turn from below and from above. */
function pointsFor(sampling, k) {
  const [low, high] = sampling?.domain?.[k] ?? sampling?.domain?.at(-1) ?? [-2, 2];
  const inside = points.filter((x) => x > low && x < high);
  const three = [inside[0], inside[inside.length >> 1], inside.at(-1)];
  return `[${(k % 2 === 0 ? three : three.reverse()).join(", ")}]`;
}

/** "f(x) with x = [1, 2]; y = [3]" as the call and the inputs by name. */
function parsed(text) {
  const [call, inputs] = text.replace(/\s+/g, " ").split(" with ");
  return { call, given: inputs?.split("; ").map((input) => input.split(" = ")) ?? [] };
}

function derived(name, signature, record) {
  const parameters = tensorParameters(signature);
  if (parameters === undefined) return undefined;
  return {
    call: `${name}(${parameters.join(", ")})`,
    given: parameters.map((parameter, k) => [parameter, pointsFor(record?.sampling, k)]),
  };
}

/** Numbers as people write them down: five digits. */
function written(value) {
  if (Array.isArray(value)) return `[${value.map(written).join(", ")}]`;
  if (typeof value === "object")
    return `{ ${Object.entries(value)
      .map(([name, x]) => `${name}: ${written(x)}`)
      .join(", ")} }`;
  return typeof value === "number" ? String(Number(value.toPrecision(5))) : String(value);
}

/** The program's lines with what the calls give, or undefined where nothing says what to call. */
export function example({ declarations, name, tags }, record, lib) {
  const tag = tags.find((t) => t.name === "example");
  const parts = tag ? parsed(tag.text) : derived(name, declarations[0], record);
  if (parts === undefined) return undefined;
  const { call, given } = parts;
  const inputs = given.map(([input, value]) =>
    value.startsWith("[") ? `const ${input} = tensor(${value});` : `const ${input} = ${value};`,
  );
  const run = (expression) =>
    new Function(...Object.keys(lib), `${inputs.join("\n")} return ${expression};`)(
      ...Object.values(lib),
    );
  const answer = (expression) => `${expression}; // ${written(run(`${expression}.arraySync()`))}`;
  const lines = [...inputs, answer(call)];
  const isReal = (expression) => lib.isFloat(run(`${expression}.dtype`));
  const by = isReal(call) ? given.map(([input]) => input).filter(isReal) : [];
  if (by.length === 1) lines.push(answer(`grad((${by[0]}) => ${call}.sum())(${by[0]})`));
  if (by.length > 1) {
    const slope = `grad(({ ${by.join(", ")} }) => ${call}.sum())({ ${by.join(", ")} })`;
    lines.push(`const slope = ${slope};`);
    for (const input of by) {
      lines.push(`slope.${input}; // ${written(run(`${slope}.${input}.arraySync()`))}`);
    }
  }
  return lines;
}
