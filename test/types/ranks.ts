/**
 * Checked by the compiler alone, `npm run typecheck`: ranks and names that stand in a program's text
 * are known of what it reads, and whatever is not known goes everywhere.
 */
import {
  adam,
  add,
  concatenate,
  expandDims,
  eye,
  full,
  grad,
  hessian,
  initialValues,
  jacobian,
  type Layer,
  layer,
  linear,
  mapTensors,
  matmul,
  meanSquaredError,
  range,
  relu,
  sequential,
  sin,
  stack,
  sum,
  type Tensor,
  type Trainer,
  tanh,
  tensor,
  trainer,
  uniform,
  zeros,
  zerosLike,
} from "../../src/index.ts";

/** Passes if both types are the same. */
type Same<A, B> =
  (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const same = <A, B>(_: Same<A, B>): void => {};
/** Passes if a value has exactly this type. */
const is = <A>() => ({ of: <B>(_: B, __: Same<A, B>): void => {} });

declare const n: number;
declare const x: Tensor;
declare const shape: readonly number[];
declare const rows: readonly number[] | readonly (readonly number[])[];

// What is read.
is<number>().of(tensor(1).arraySync(), true);
is<number[]>().of(tensor([1, n]).arraySync(), true);
is<number[]>().of(tensor(new Float64Array(3)).arraySync(), true);
is<number[][]>().of(tensor([[true, false]]).arraySync(), true);
is<number[][][]>().of(tensor([[[n]]]).arraySync(), true);
is<Promise<number[][]>>().of(zeros([2, n]).array(), true);
same<ReturnType<typeof x.arraySync>, ReturnType<Tensor["arraySync"]>>(true);
// @ts-expect-error what is read of a tensor of any rank may be one number or nested arrays
x.arraySync().length;
// @ts-expect-error
export const wrong: number[] = zeros([2, 2]).arraySync();

// What is made.
is<Tensor<2>>().of(tensor([1, 2, 3, 4], { shape: [2, 2] }), true);
is<Tensor<0>>().of(full([], 2), true);
is<Tensor<1>>().of(range(3), true);
is<Tensor<2>>().of(eye(n), true);
is<Tensor>().of(zeros(shape), true);
is<Tensor>().of(tensor([1, 2], { shape }), true);
is<Tensor>().of(zeros([...shape, 1]), true);
is<Tensor>().of(tensor(rows as readonly number[][]).reshape(shape), true);
declare const options: { readonly shape?: readonly number[] };
is<Tensor>().of(tensor([1, 2], options), true);

// What operators make of it.
is<Tensor<2>>().of(
  sin(zeros([2, 3]))
    .relu()
    .mul(2)
    .neg(),
  true,
);
is<Tensor<2>>().of(tanh(zerosLike(zeros([2, 3]))), true);
is<Tensor<3>>().of(zeros([3]).add(zeros([2, 1, 3])), true);
is<Tensor<2>>().of(add(zeros([2, 3]), 1), true);
is<Tensor>().of(zeros([2, 3]).add(x), true);
is<Tensor<0>>().of(zeros([2, 3]).mean(), true);
is<Tensor<1>>().of(sum(zeros([2, 3]), { axis: 0 }), true);
is<Tensor<2>>().of(zeros([2, 3]).max({ axis: -1, keepDims: true }), true);
is<Tensor>().of(zeros([2, 3]).sum({ axis: [0] }), true);
is<Tensor<2>>().of(matmul(zeros([2, 3]), eye(3)), true);
is<Tensor>().of(matmul(zeros([2, 3]), zeros([3])), true);
is<Tensor<2>>().of(
  zeros([2, 3])
    .transpose()
    .cast("f64")
    .slice({ start: [1] }),
  true,
);
is<Tensor<1>>().of(zeros([2, 3]).at(0, 1), true);
is<Tensor<2>>().of(stack([zeros([3]), zeros([3])]), true);
is<Tensor<1>>().of(concatenate([zeros([3]), zeros([2])]), true);
is<Tensor>().of(expandDims(zeros([3]), 0), true);

// An unknown rank goes where a known one is, and the other way round; two known ones differ.
let total = tensor(0);
total = total.add(x);
let h = zeros([1, 16]);
h = x.matmul(h).tanh();
export const known = [total, h];
export const general: Tensor = zeros([2]);
// @ts-expect-error
total = zeros([2]);

// Tensors of several ranks in one list can be worked on like any.
const parameters = [zeros([3, 2]), zeros([3])];
export const next: Tensor[] = parameters.map((p, i) => p.sub(zerosLike(p).mul(i)));
export const all: Tensor = concatenate(parameters.map((p) => p.reshape([-1])));

// Derivatives: a gradient has the shape of its point, a Jacobian another.
const point = { w: zeros([2]), b: tensor(0) };
const f = ({ w, b }: typeof point) => w.square().sum().add(b);
is<typeof point>().of(grad(f)(point), true);
is<{ w: Tensor; b: Tensor }>().of(jacobian(f)(point), true);
is<Tensor>().of(hessian((w: Tensor<1>) => w.square().sum())(zeros([2])), true);
is<{ w: Tensor; b: Tensor }>().of(
  mapTensors((t) => t.sum(), point),
  true,
);

// A model's parameters by name.
const model = sequential(
  linear(4, 8),
  relu(),
  (t: Tensor) => t.mul(2),
  sequential(linear(8, 3, { sharedBias: true }), tanh),
  linear(3, 2, { bias: false, weight: [[1, 2, 3], [4, 5, 6]] }), // biome-ignore format: a matrix
);
interface Ranks {
  "0.weight": 2;
  "0.bias": 1;
  "3.0.weight": 2;
  "3.0.bias": 0;
  "4.weight": 2;
}
const t = trainer(model, { loss: meanSquaredError, optimizer: adam() });
is<{ readonly [N in keyof Ranks]: Tensor<Ranks[N]> }>().of(t.parameters, true);
is<{ [N in keyof Ranks]: Tensor<Ranks[N]> }>().of(initialValues(model).parameters, true);
is<number[][]>().of(t.parameters["0.weight"].arraySync(), true);
// @ts-expect-error there is none of this name
t.parameters["4.bias"];
export const anyTrainer: Trainer = t;
export const anyModel: Layer<4, 2> = model;
export const byName: Readonly<Record<string, Tensor>> = t.parameters;

const own = layer({
  name: "own",
  inputSize: "same",
  outputSize: "same",
  parameters: { slope: { shape: [8], initial: uniform(0, 1), frozen: false } },
  apply: (y, { slope }) => y.mul(slope),
});
is<number[]>().of(initialValues(own).parameters.slope.arraySync(), true);

// Of layers in a list, or with options from elsewhere, nothing is known.
declare const layers: readonly Layer[];
declare const linearOptions: Parameters<typeof linear>[2];
is<Record<string, Tensor>>().of(initialValues(sequential(...layers)).parameters, true);
is<Record<string, Tensor>>().of(initialValues(linear(1, 2, linearOptions)).parameters, true);
