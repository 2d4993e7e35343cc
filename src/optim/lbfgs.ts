/** L-BFGS with a line search: for small problems whose loss is evaluated as a whole, many times a step. */

import { valueAndGrad } from "../autodiff/transforms.ts";
import { byPath, leaves, rebuild, type Tree } from "../autodiff/tree.ts";
import { at } from "../core/at.ts";
import { arrayOf, isFloat } from "../core/dtype.ts";
import { fail } from "../core/errors.ts";
import { aFunction, checkKind, isNumber } from "../core/kinds.ts";
import { checkNames } from "../core/options.ts";
import { sameShape } from "../core/shape.ts";
import { Tensor } from "../core/tensor.ts";
import { shown } from "../core/wording.ts";
import { constantTensor } from "../ops/leaf.ts";
import { type Trial, wolfePoint } from "./wolfe.ts";

/** The settings of `lbfgs`. */
export interface LbfgsOptions {
  /** The length of the first try along each direction. Default 1. */
  readonly learningRate?: number;
  /** Directions in one `step`. Default 20. */
  readonly iterations?: number;
  /** Evaluations of the loss in one `step`, after which it ends. Default 1.25·iterations. */
  readonly evaluations?: number;
  /** It ends where no entry of the gradient is larger. Default 1e-7. */
  readonly gradientTolerance?: number;
  /** It ends where neither the loss nor any parameter changes by more. Default 1e-9. */
  readonly changeTolerance?: number;
  /** So many changes are remembered. Default 100. */
  readonly history?: number;
  /** Strong Wolfe conditions, or steps of the length `learningRate`. Default "strongWolfe". */
  readonly lineSearch?: "strongWolfe" | "none";
}

/** L-BFGS at work on parameters. */
export interface LbfgsUpdater<P extends Tree> {
  readonly parameters: P;
  /** As many directions as `iterations` says, for this loss of the parameters; the loss before. */
  step(loss: (parameters: P) => Tensor): number;
  /** Parameters and memory by name, to be saved. */
  stored(): Record<string, Tensor>;
  /**
   * Goes on from what `stored` gave, with the same bits.
   *
   * @throws ChainruleError "bad-argument" where a name or a shape is another.
   */
  restore(stored: ReadonlyMap<string, unknown> | Readonly<Record<string, unknown>>): void;
}

/** What is remembered from direction to direction. */
interface Memory {
  count: number;
  direction: Float64Array;
  length: number;
  scale: number;
  gradient: Float64Array;
  changes: { readonly y: Float64Array; readonly s: Float64Array; readonly rho: number }[];
}

/**
 * θ ← θ + t·d with d = −H·∂E/∂θ: H follows from the last changes of θ and of the gradient (Nocedal
 * 1980), t satisfies the strong Wolfe conditions, found by cubic interpolation; the numbers are those of
 * PyTorch's LBFGS. It evaluates the loss as often as it needs, so it is no optimizer of a training
 * step: a trainer's problem is `lbfgs().for(t.parameters).step((p) => …)` and `t.setParameters`.
 *
 * ```ts
 * import { lbfgs, tensor } from "chainrule";
 *
 * const o = lbfgs().for({ x: tensor([-1.2, 1], { dtype: "f64" }) });
 * for (let k = 0; k < 5; k++)
 *   o.step(({ x }) => {
 *     const [a, b] = [x.slice({ start: [0], end: [1] }), x.slice({ start: [1], end: [2] })];
 *     return b.sub(a.square()).square().mul(100).add(a.mul(-1).add(1).square()).sum();
 *   });
 * console.log(o.parameters.x.arraySync().map((v) => v.toFixed(3)));
 * ```
 *
 * ```text
 * [ '1.000', '1.000' ]
 * ```
 *
 * @throws ChainruleError "bad-argument" for settings that mean nothing.
 */
export function lbfgs(options: LbfgsOptions = {}): {
  for<const P extends Tree>(parameters: P): LbfgsUpdater<P>;
} {
  const settings = checked(options);
  return {
    for(parameters) {
      for (const { dtype } of leaves(parameters, "lbfgs changes tensors.")) {
        if (isFloat(dtype)) continue;
        fail("bad-dtype", {
          message: "lbfgs changes real numbers.",
          expected: "tensors of f32 or f64",
          found: dtype,
        });
      }
      let own = parameters;
      const memory: Memory = {
        ...{ count: 0, length: 0, scale: 1, changes: [] },
        ...{ direction: new Float64Array(), gradient: new Float64Array() },
      };
      return {
        get parameters() {
          return own;
        },
        step(loss) {
          checkKind("step of lbfgs", loss, aFunction("(parameters) => a scalar tensor"));
          const error = valueAndGrad(loss as (p: Tree) => Tensor);
          const evaluate = (x: Float64Array) => {
            const [value, gradients] = error(filled(own, x));
            return { f: value.item(), g: flat(gradients as Tree) };
          };
          const found = descent(settings, memory, flat(own), evaluate);
          own = filled(own, found.x);
          return found.first;
        },
        stored: () => ({ ...byPath({ parameters: own }), ...storedMemory(memory) }),
        restore(stored) {
          const given: Readonly<Record<string, unknown>> =
            stored instanceof Map ? Object.fromEntries(stored) : stored;
          const next = restored(given, { parameters: own });
          own = next.tree.parameters;
          Object.assign(memory, next.memory);
        },
      };
    },
  };
}

const flat = (tree: Tree): Float64Array =>
  Float64Array.from(leaves(tree).flatMap((t) => Array.from(t.dataSync() as Float64Array)));

function filled<P extends Tree>(like: P, x: Float64Array): P {
  let from = 0;
  const tensors = leaves(like).map(({ shape, dtype, size }) => {
    from += size;
    return constantTensor(arrayOf(dtype, x.slice(from - size, from)), shape);
  });
  return rebuild(like, tensors);
}

const row = (data: Float64Array): Tensor => constantTensor(data, [data.length]);

/** The memory as vectors; the changes one after another. */
function storedMemory(m: Memory): Record<string, Tensor> {
  const joined = (part: "y" | "s") => Float64Array.from(m.changes.flatMap((c) => [...c[part]]));
  return {
    "memory/numbers": row(Float64Array.of(m.count, m.length, m.scale)),
    "memory/direction": row(m.direction),
    "memory/gradient": row(m.gradient),
    "memory/y": row(joined("y")),
    "memory/s": row(joined("s")),
    "memory/rho": row(Float64Array.from(m.changes, ({ rho }) => rho)),
  };
}

/** What was stored, if it is of these parameters. */
function restored<T extends Tree>(given: Readonly<Record<string, unknown>>, like: T) {
  const names = Object.keys(byPath(like));
  const parts = ["numbers", "direction", "gradient", "y", "s", "rho"];
  checkNames("restore of lbfgs", given, [...names, ...parts.map((part) => `memory/${part}`)]);
  const wrong = (name: string): never =>
    fail("bad-argument", {
      message: "The state of lbfgs does not fit.",
      expected: `${name} as stored() gives it`,
      found: shown(given[name]),
    });
  const values = Object.entries(byPath(like)).map(([name, { dtype, shape }]) => {
    const found = given[name];
    return found instanceof Tensor && found.dtype === dtype && sameShape(found.shape, shape)
      ? found
      : wrong(name);
  });
  const size = values.reduce((n, t) => n + t.size, 0);
  const read = (part: string, fits: (n: number) => boolean): Float64Array => {
    const found = given[`memory/${part}`];
    if (!(found instanceof Tensor) || found.dtype !== "f64" || !fits(found.size)) {
      return wrong(`memory/${part}`);
    }
    return Float64Array.from(found.dataSync());
  };
  const numbers = read("numbers", (n) => n === 3);
  const rho = read("rho", () => true);
  const vector = (n: number) => n === 0 || n === size;
  const [y, s] = ["y", "s"].map((part) => read(part, (n) => n === rho.length * size));
  const memory: Memory = {
    ...{ count: at(numbers, 0), length: at(numbers, 1), scale: at(numbers, 2) },
    ...{ direction: read("direction", vector), gradient: read("gradient", vector) },
    changes: Array.from(rho, (by, k) => ({
      y: (y ?? rho).slice(k * size, (k + 1) * size),
      s: (s ?? rho).slice(k * size, (k + 1) * size),
      rho: by,
    })),
  };
  return { tree: rebuild(like, values), memory };
}

const dot = (a: Float64Array, b: Float64Array): number =>
  a.reduce((sum, v, i) => sum + v * at(b, i), 0);
const largest = (a: Float64Array): number => a.reduce((m, v) => Math.max(m, Math.abs(v)), 0);
const moved = (x: Float64Array, t: number, d: Float64Array): Float64Array =>
  x.map((v, i) => v + t * at(d, i));

/** −H·g by the remembered changes, the last first and then the first first. */
function directionOf({ changes, scale }: Memory, g: Float64Array): Float64Array {
  const q = g.map((v) => -v);
  const alphas = [...changes].reverse().map(({ y, s, rho }) => {
    const alpha = dot(s, q) * rho;
    y.forEach((v, i) => {
      q[i] = at(q, i) - alpha * v;
    });
    return alpha;
  });
  const d = q.map((v) => v * scale);
  for (const [k, { y, s, rho }] of changes.entries()) {
    const by = at(alphas, changes.length - 1 - k) - dot(y, d) * rho;
    s.forEach((v, i) => {
      d[i] = at(d, i) + by * v;
    });
  }
  return d;
}

type Evaluate = (x: Float64Array) => { readonly f: number; readonly g: Float64Array };

/** The directions of one step. */
function descent(
  o: Required<LbfgsOptions>,
  memory: Memory,
  start: Float64Array,
  evaluate: Evaluate,
) {
  let { f, g } = evaluate(start);
  const first = f;
  let x = start;
  let evaluations = 1;
  for (let k = 1; largest(g) > o.gradientTolerance && k <= o.iterations; k++) {
    memory.count++;
    if (memory.count === 1) memory.direction = g.map((v) => -v);
    else {
      const y = moved(g, -1, memory.gradient);
      const s = memory.direction.map((v) => v * memory.length);
      const ys = dot(y, s);
      if (ys > 1e-10) {
        if (memory.changes.length === o.history) memory.changes.shift();
        memory.changes.push({ y, s, rho: 1 / ys });
        memory.scale = ys / dot(y, y);
      }
      memory.direction = directionOf(memory, g);
    }
    const d = memory.direction;
    memory.gradient = g;
    const size = g.reduce((sum, v) => sum + Math.abs(v), 0);
    memory.length = (memory.count === 1 ? Math.min(1, 1 / size) : 1) * o.learningRate;
    const slope = dot(g, d);
    if (slope > -o.changeTolerance) break;
    const before = f;
    const along = (t: number): Trial => {
      const there = evaluate(moved(x, t, d));
      return { t, ...there, slope: dot(there.g, d) };
    };
    if (o.lineSearch === "strongWolfe") {
      const origin = { t: 0, f, g, slope };
      const found = wolfePoint(along, origin, memory.length, {
        ...{ tolerance: o.changeTolerance / largest(d), most: o.evaluations - evaluations },
      });
      evaluations += found.count;
      memory.length = found.point.t;
      ({ f, g } = found.point);
    } else if (k < o.iterations) {
      ({ f, g } = along(memory.length));
      evaluations++;
    }
    x = moved(x, memory.length, d);
    if (evaluations >= o.evaluations) break;
    if (largest(d) * Math.abs(memory.length) <= o.changeTolerance) break;
    if (Math.abs(f - before) < o.changeTolerance) break;
  }
  return { x, first };
}

function checked(options: LbfgsOptions): Required<LbfgsOptions> {
  const names = ["learningRate", "iterations", "evaluations", "gradientTolerance"];
  checkNames("lbfgs", options, [...names, "changeTolerance", "history", "lineSearch"]);
  const { learningRate = 1, iterations = 20, history = 100, lineSearch = "strongWolfe" } = options;
  const { gradientTolerance = 1e-7, changeTolerance = 1e-9 } = options;
  const { evaluations = Math.floor((iterations * 5) / 4) } = options;
  const whole = (n: number) => Number.isSafeInteger(n) && n > 0;
  const finite = (n: number) => Number.isFinite(n) && n >= 0;
  const sizes = { iterations, evaluations, history };
  const amounts = { learningRate, gradientTolerance, changeTolerance };
  const wrong =
    Object.entries(sizes).find(([, n]) => !isNumber(n, whole)) ??
    Object.entries(amounts).find(([, n]) => !isNumber(n, finite)) ??
    (lineSearch === "strongWolfe" || lineSearch === "none"
      ? undefined
      : (["lineSearch", lineSearch] as const));
  if (wrong !== undefined) {
    fail("bad-argument", {
      message: `lbfgs cannot use this ${wrong[0]}.`,
      expected: 'whole numbers ≥ 1, finite numbers ≥ 0, and "strongWolfe" or "none"',
      found: shown(wrong[1]),
    });
  }
  return {
    ...{ learningRate, iterations, evaluations, gradientTolerance, changeTolerance },
    ...{ history, lineSearch },
  };
}
