/** ONNX models with a node, an attribute or a shape changed: what no bit that flips is likely to make. */

/** Numbers that readers stumble over. */
const odd = [-1, 0, 1, 2, 3, 7, -3, 64, 100_000, 2 ** 31, -(2 ** 31)];

/** As factors and slopes: of extreme ones single precision keeps nothing to compare. */
const factors = [-1, 0, 0.25, 0.5, 1, 2, 7];

const changed = (list, i, value) => list.map((own, k) => (k === i ? value : own));
const without = (list, i) => list.filter((_, k) => k !== i);

/** A list of whole numbers with one other, one less, one more, or in another order. */
function otherNumbers(list, random) {
  const i = random(Math.max(1, list.length));
  const number = odd[random(odd.length)];
  return [
    () => changed(list, i, number),
    () => without(list, i),
    () => [...list, number],
    () => list.toReversed(),
  ][random(4)]();
}

const nodeChanges = [
  (node, random) => {
    const i = random(Math.max(1, node.attribute.length));
    const own = node.attribute[i];
    if (own === undefined) return node;
    const other = [
      () => ({ ...own, ints: otherNumbers(own.ints, random) }),
      () => ({ ...own, i: odd[random(odd.length)] }),
      () => ({ ...own, f: factors[random(factors.length)] }),
      () => ({ ...own, floats: own.floats.slice(1) }),
    ][random(4)]();
    return { ...node, attribute: changed(node.attribute, i, other) };
  },
  (node, random) => ({
    ...node,
    attribute: without(node.attribute, random(Math.max(1, node.attribute.length))),
  }),
  (node, random) => ({
    ...node,
    input: without(node.input, random(Math.max(1, node.input.length))),
  }),
  (node, random, graph) => {
    const names = [...graph.initializer, ...graph.input].map(({ name }) => name);
    const all = [...names, ...graph.node.flatMap(({ output }) => output), ""];
    const i = random(Math.max(1, node.input.length));
    return { ...node, input: changed(node.input, i, all[random(all.length)]) };
  },
  (node, random, graph) => ({
    ...node,
    op_type: graph.node[random(graph.node.length)].op_type,
  }),
  (node, random) => ({
    ...node,
    output: without(node.output, random(Math.max(1, node.output.length))),
  }),
];

/** Another shape for a tensor: its numbers stay, so most do not fit and are refused at once. */
function otherTensor(tensor, random) {
  const { dims } = tensor;
  const size = dims.reduce((a, b) => a * b, 1);
  const shapes = [[size], [size, 1], [1, size], [1, ...dims], [...dims, 1], dims.toReversed()];
  return { ...tensor, dims: shapes[random(shapes.length)] };
}

/** The model with one to three such changes; `random(n)` gives a number below n. */
export function changedModel(model, random) {
  let { graph } = model;
  for (let count = 1 + random(3); count > 0; count--) {
    const { node, initializer } = graph;
    if (random(3) === 0 && initializer.length > 0) {
      const i = random(initializer.length);
      graph = {
        ...graph,
        initializer: changed(initializer, i, otherTensor(initializer[i], random)),
      };
    } else if (node.length > 0) {
      const i = random(node.length);
      const change = nodeChanges[random(nodeChanges.length)];
      graph = { ...graph, node: changed(node, i, change(node[i], random, graph)) };
    }
  }
  return { ...model, graph };
}
