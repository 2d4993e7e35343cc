/**
 * Functions that exporters write out, such as x·σ(x): each pattern is a text in the standard's
 * operators, in which X is the function's argument, small letters are constants of one number each,
 * and capitals but X constants of any size.
 */

import type { Chosen } from "../../network-file/form.ts";
import { type Constant, fromFront, scalarOf } from "./constants.ts";
import { asWritten, flagOf, type Node } from "./nodes.ts";
import { isWhole, type Piece, type View, viewSizes } from "./pieces.ts";
import { chosen, type GraphReader, parameterValue } from "./reader.ts";

/** A pattern as a tree. */
type Tree =
  | { readonly kind: "argument" }
  | { readonly kind: "number"; readonly value: number }
  | { readonly kind: "constant"; readonly name: string }
  | { readonly kind: "call"; readonly op: string; readonly args: readonly Tree[] };

function parse(text: string): Tree {
  let at = 0;
  const read = (): Tree => {
    const word = /^[\w.-]+/.exec(text.slice(at))?.[0] ?? "";
    at += word.length;
    if (text[at] === "(") {
      const args: Tree[] = [];
      while (text[at] !== ")") {
        at++;
        args.push(read());
      }
      at++;
      return { kind: "call", op: word, args };
    }
    if (word === "X") return { kind: "argument" };
    if (/^-?\d/.test(word)) return { kind: "number", value: Number(word) };
    return { kind: "constant", name: word };
  };
  return read();
}

/** What stands for the argument and the constants. */
interface Bound {
  x?: string;
  /** The most axes of a constant. */
  rank: number;
  readonly constants: Map<string, Constant>;
}

const swaps = new Set(["Mul", "Add", "Or", "And"]);

const near = (a: number, b: number): boolean => Math.abs(a - b) <= 1e-6 * Math.max(1, Math.abs(b));

function fits(r: GraphReader, tree: Tree, name: string, bound: Bound): boolean {
  const value = r.values.get(name);
  if (tree.kind === "argument") {
    if (bound.x !== undefined) return bound.x === name;
    if (value?.kind !== "view") return false;
    bound.x = name;
    return true;
  }
  if (tree.kind !== "call") {
    if (value?.kind !== "constant") return false;
    const one = scalarOf(value);
    bound.rank = Math.max(bound.rank, value.shape.length);
    if (tree.kind === "number") return one !== undefined && near(one, tree.value);
    if (tree.name === tree.name.toLowerCase() && one === undefined) return false;
    const before = bound.constants.get(tree.name);
    if (before) return before === value || (one !== undefined && scalarOf(before) === one);
    bound.constants.set(tree.name, value);
    return true;
  }
  let maker = r.makers.get(name);
  // A cast between types of the same kind changes nothing here.
  while (maker?.op === "Cast" && maker.inputs[0]) maker = r.makers.get(maker.inputs[0]);
  return maker !== undefined && nodeFits(r, tree, maker, bound);
}

function nodeFits(
  r: GraphReader,
  tree: Extract<Tree, { kind: "call" }>,
  node: Node,
  bound: Bound,
): boolean {
  if (node.op !== tree.op || node.domain !== "" || node.inputs.length < tree.args.length)
    return false;
  const orders = swaps.has(node.op)
    ? [
        [0, 1],
        [1, 0],
      ]
    : [tree.args.map((_, i) => i)];
  return orders.some((order) => {
    const tried: Bound = { ...bound, constants: new Map(bound.constants) };
    const right = tree.args.every((arg, i) =>
      fits(r, arg, node.inputs[order[i] ?? i] ?? "", tried),
    );
    if (!right) return false;
    if (tried.x !== undefined) bound.x = tried.x;
    bound.rank = tried.rank;
    for (const [name, value] of tried.constants) bound.constants.set(name, value);
    return true;
  });
}

/** What a pattern becomes, given the numbers that stand in it; undefined where they do not fit. */
type Make = (
  given: { readonly [name: string]: number },
  bound: { readonly r: GraphReader; readonly x: View; readonly constants: Bound["constants"] },
) => Chosen | View | undefined;

const plain =
  (name: string): Make =>
  () =>
    chosen(name);

const scales = (name: string, constants: Bound["constants"]): Constant | undefined =>
  constants.get(name);

/** Whether means are taken along the last axis, of which the pattern does not speak. */
function meansOfLast(r: GraphReader, x: View): boolean {
  const rank = viewSizes(x).length;
  for (let node: Node | undefined = r.node; node; ) {
    if (node.op === "ReduceMean") {
      const axes = r.values.get(node.inputs[1] ?? "");
      const given =
        axes?.kind === "constant" ? Array.from(axes.data) : node.attributes.ints("axes");
      const keeps = flagOf(node.attributes, "keepdims", true);
      return keeps && given?.length === 1 && fromFront(given[0] ?? 0, rank) === rank - 1;
    }
    const from: readonly string[] = node.inputs;
    node = from.map((name) => r.makers.get(name)).find((n) => n && reaches(r, n, "ReduceMean", 8));
  }
  return false;
}

/** Whether a node of this operator stands among those before, so many steps away at most. */
function reaches(r: GraphReader, node: Node, op: string, depth: number): boolean {
  if (node.op === op) return true;
  if (
    depth === 0 ||
    !["Add", "Mul", "Div", "Sub", "Neg", "Sqrt", "Reciprocal", "Pow", "Cast"].includes(node.op)
  )
    return false;
  return node.inputs.some((name) => {
    const maker = r.makers.get(name);
    return maker !== undefined && reaches(r, maker, op, depth - 1);
  });
}

const rms: Make = ({ e = 0 }, { r, x, constants }) => {
  const w = scales("W", constants);
  if (!meansOfLast(r, x)) return undefined;
  const size = viewSizes(x).at(-1) ?? 1;
  if (w && w.data.length !== size) return undefined;
  return r.alongLast(
    x,
    chosen("rmsNorm", { epsilon: asWritten(e), affine: w !== undefined }),
    w ? [[0, "weight", parameterValue([size], w.data, w)]] : [],
  );
};

const centred = "Sub(X,ReduceMean(X))";
const deviation = `Sqrt(Add(ReduceMean(Pow(${centred},2)),e))`;
const layerNorm: Make = ({ e = 0 }, { r, x, constants }) => {
  const [w, b] = [scales("W", constants), scales("B", constants)];
  const size = viewSizes(x).at(-1) ?? 1;
  if (!w || !b || w.data.length !== size || b.data.length !== size || !meansOfLast(r, x))
    return undefined;
  return r.alongLast(x, chosen("layerNorm", { epsilon: asWritten(e) }), [
    [0, "weight", parameterValue([size], w.data, w)],
    [0, "bias", parameterValue([size], b.data, b)],
  ]);
};

/** x · γ/σ, which TensorFlow adds −μ · γ/σ to. */
const inverse = `Mul(Reciprocal(${deviation}),W)`;
const mean = "ReduceMean(X)";

/** Slopes for each feature: of our layer those of axis 1, which is the last one of rows. */
const slopes: Make = (_, { r, x, constants }) => {
  const a = scales("W", constants);
  const [, size, ...rest] = viewSizes(x);
  if (!a || rest.length > 0 || a.data.length !== size || !isWhole(x)) return undefined;
  const weight = Float32Array.from(a.data, (v) => -v);
  return r.after(
    x,
    [chosen("prelu", { perChannel: true })],
    [[0, "weight", parameterValue([size], weight, a)]],
  );
};

const sixth: (name: string) => Make =
  (name) =>
  ({ r = 0 }) =>
    near(r, 1 / 6) ? chosen(name) : undefined;

const sqrtHalf = Math.SQRT1_2;
const isRoot = (r: number | undefined): boolean => r !== undefined && near(r, Math.SQRT2);

const rows: readonly (readonly [string, Make])[] = [
  ["Mul(X,Sigmoid(X))", plain("silu")],
  ["Mul(X,Tanh(Softplus(X)))", plain("mish")],
  ["Mul(X,Tanh(Log(Add(Exp(X),1))))", plain("mish")],
  ["Sub(X,Tanh(X))", plain("tanhshrink")],
  ["Log(Sigmoid(X))", plain("logSigmoid")],
  ["Neg(Softplus(Neg(X)))", plain("logSigmoid")],
  ["Div(X,Add(Abs(X),1))", plain("softsign")],
  ["Mul(X,HardSigmoid(X))", plain("hardswish")],
  ["Div(Mul(X,Clip(Add(X,3),0,6)),6)", plain("hardswish")],
  ["Div(Clip(Add(X,3),0,6),6)", plain("hardsigmoid")],
  ["Mul(Mul(X,r),Clip(Add(X,3),0,6))", sixth("hardswish")],
  ["Mul(X,Mul(Clip(Add(X,3),0,6),r))", sixth("hardswish")],
  ["Mul(Clip(Add(X,3),0,6),r)", sixth("hardsigmoid")],
  ["Add(Relu(X),Mul(Relu(Neg(X)),W))", slopes],
  ["Log(Add(Exp(X),1))", plain("softplus")],
  ["Log(Softmax(X))", plain("logSoftmax")],
  ["Mul(Mul(X,Add(Erf(Div(X,r)),1)),0.5)", ({ r }) => (isRoot(r) ? chosen("gelu") : undefined)],
  ["Mul(Mul(X,0.5),Add(Erf(Div(X,r)),1))", ({ r }) => (isRoot(r) ? chosen("gelu") : undefined)],
  [
    "Mul(Mul(X,0.5),Add(Erf(Mul(X,r)),1))",
    ({ r = 0 }) => (near(r, sqrtHalf) ? chosen("gelu") : undefined),
  ],
  ["Mul(X,Mul(Add(Erf(Div(X,r)),1),0.5))", ({ r }) => (isRoot(r) ? chosen("gelu") : undefined)],
  [
    "Mul(Mul(X,0.5),Erfc(Mul(Neg(X),r)))",
    ({ r = 0 }) => (near(r, sqrtHalf) ? chosen("gelu") : undefined),
  ],
  [
    "Where(Greater(Abs(X),a),Sub(X,Mul(Sign(X),a)),Mul(X,0))",
    ({ a = 0 }) => chosen("softshrink", { lambda: asWritten(a) }),
  ],
  [
    "Add(Where(Greater(X,a),Sub(X,a),0),Where(Less(X,b),Add(X,a),0))",
    ({ a = 0, b = 0 }) => (a === -b ? chosen("softshrink", { lambda: asWritten(a) }) : undefined),
  ],
  [
    "Where(LessOrEqual(Abs(X),a),0,X)",
    ({ a = 0 }) => chosen("hardshrink", { lambda: asWritten(a) }),
  ],
  [
    "Where(Or(Greater(X,a),Less(X,b)),X,0)",
    ({ a = 0, b = 0 }) => (a === -b ? chosen("hardshrink", { lambda: asWritten(a) }) : undefined),
  ],
  [
    "Where(LessOrEqual(X,a),b,X)",
    ({ a = 0, b = 0 }) => chosen("threshold", { above: asWritten(a), value: asWritten(b) }),
  ],
  [
    "Where(Greater(X,a),X,b)",
    ({ a = 0, b = 0 }) => chosen("threshold", { above: asWritten(a), value: asWritten(b) }),
  ],
  ["Div(Softplus(Mul(X,a)),a)", ({ a = 1 }) => chosen("softplus", { beta: asWritten(a) })],
  [
    "Where(Greater(Mul(X,a),t),X,Div(Softplus(Mul(X,a)),a))",
    ({ a = 1, t = 0 }) => (t >= 20 ? chosen("softplus", { beta: asWritten(a) }) : undefined),
  ],
  ["Where(Greater(X,t),X,Softplus(X))", ({ t = 0 }) => (t >= 20 ? chosen("softplus") : undefined)],
  ["Mul(Mul(X,Reciprocal(Sqrt(Add(ReduceMean(Pow(X,2)),e)))),W)", rms],
  ["Mul(Mul(X,Reciprocal(Sqrt(Add(ReduceMean(Mul(X,X)),e)))),W)", rms],
  ["Mul(Div(X,Sqrt(Add(ReduceMean(Pow(X,2)),e))),W)", rms],
  ["Mul(Div(X,Sqrt(Add(ReduceMean(Mul(X,X)),e))),W)", rms],
  ["Mul(X,Reciprocal(Sqrt(Add(ReduceMean(Pow(X,2)),e))))", rms],
  ["Div(X,Sqrt(Add(ReduceMean(Mul(X,X)),e)))", rms],
  ["Div(X,Sqrt(Add(ReduceMean(Pow(X,2)),e)))", rms],
  [`Add(Mul(Div(${centred},${deviation}),W),B)`, layerNorm],
  [`Add(Add(Mul(X,${inverse}),Mul(Neg(${mean}),${inverse})),B)`, layerNorm],
  [`Add(Mul(X,${inverse}),Add(Mul(Neg(${mean}),${inverse}),B))`, layerNorm],
  [`Add(Mul(X,${inverse}),Sub(B,Mul(${mean},${inverse})))`, layerNorm],
  [`Add(Mul(Mul(${centred},Reciprocal(${deviation})),W),B)`, layerNorm],
];

const patterns = rows.map(([text, make]) => [parse(text), make] as const);

/** The halves of an axis, one behind a sigmoid: glu. */
function gated(r: GraphReader): View | undefined {
  if (r.node.op !== "Mul") return undefined;
  const [a, b] = [r.input(0), r.input(1)];
  if (a?.kind !== "view" || b?.kind !== "view" || !a.pick || !b.pick) return undefined;
  if (a.pick.factor !== b.pick.factor || a.pick.factor.size !== 2) return undefined;
  const isSigmoidOf = (g: Piece, x: Piece) =>
    g.layers.length === 1 && g.layers[0]?.name === "sigmoid" && g.from[0] === x;
  const [x, gate] = isSigmoidOf(b.piece, a.piece) ? [a, b] : [b, a];
  if (!isSigmoidOf(gate.piece, x.piece)) return undefined;
  if (x.pick?.index !== 0 || gate.pick?.index !== 1) return undefined;
  const half = x.pick.factor;
  const axis = x.piece.axes.findIndex((own) =>
    own.some((f) => f === half || f.parts?.[0] === half),
  );
  const own = x.axes[axis];
  const axes = x.piece.axes.map((a, i) => (i === axis && own ? own : a));
  const piece = r.append(x.piece, [chosen("glu", { axis: axis - x.piece.axes.length })], [], {
    axes,
  });
  return { kind: "view", piece, axes: x.axes, scale: 1 };
}

/** The function that ends with this node, where it is one that is written out. */
export function matched(r: GraphReader): View | undefined {
  const gate = gated(r);
  if (gate) return gate;
  for (const [tree, make] of patterns) {
    if (tree.kind !== "call") continue;
    const bound: Bound = { constants: new Map(), rank: 0 };
    if (!nodeFits(r, tree, r.node, bound) || bound.x === undefined) continue;
    const x = r.values.get(bound.x);
    if (x?.kind !== "view" || bound.rank > x.axes.length) continue;
    const numbers = [...bound.constants].flatMap(([name, value]) => {
      const one = scalarOf(value);
      return one === undefined ? [] : [[name, one] as const];
    });
    const made = make(Object.fromEntries(numbers), { r, x, constants: bound.constants });
    if (made === undefined) continue;
    if (!("name" in made)) return made;
    // Along an axis, not number by number.
    if (made.name === "logSoftmax") return isWhole(x) ? r.after(x, [made]) : r.alongLast(x, made);
    return r.elementwise(x, made);
  }
  return undefined;
}
