/**
 * How the losses of batches become the loss of all their examples: a sum is added up, a mean counts
 * by the number of rows, and a quotient by its divisor: Σ numerators/Σ denominators.
 */
import { interpreter } from "../backends/interpreter/index.ts";
import type { ArrayTensor } from "../core/array-tensor.ts";
import { allocate, isFloat } from "../core/dtype.ts";
import type { Expression } from "../core/expression.ts";
import { dependents, nodesOf } from "../core/graph.ts";
import type { TensorType } from "../core/op.ts";
import { sizeOf } from "../core/shape.ts";
import type { Tensor } from "../core/tensor.ts";
import type { Loss } from "../nn/losses.ts";
import { cast } from "../ops/cast.ts";
import { input } from "../ops/leaf.ts";

/**
 * What a loss that is a weighted mean of its examples is divided by, Σ w (f64, []); undefined for
 * one that is none. `batch` are the placeholders of the batch: what does not depend on them is a
 * constant, which may be added to a quotient or be its factor.
 */
export function divisorOf(loss: Tensor, batch: readonly Tensor[]): Tensor | undefined {
  for (let at = loss; ; ) {
    const next = looked(at, batch);
    if (next === undefined) return undefined;
    if (next.divisor === undefined) at = next.single!;
    else return sumIn(next.divisor, batch);
  }
}

/** The sum in a divisor, where constants are added to it or it is scaled: Σ w + ε, max(Σ w, 1). */
function sumIn(divisor: Tensor, batch: readonly Tensor[]): Tensor | undefined {
  for (let at = divisor; ; ) {
    const meaning = at.op.meaning(at.inputs, at, at.attributes);
    if (meaning.loop === "reduce") {
      return meaning.combine === "sum" && at.rank === 0 ? cast(at, "f64") : undefined;
    }
    const next = looked(at, batch);
    if (next?.single === undefined) return undefined;
    at = next.single;
  }
}

/** What a single number follows from, if that is one other, or a quotient that depends on both. */
function looked(
  node: Tensor,
  batch: readonly Tensor[],
): { readonly single?: Tensor; readonly divisor?: Tensor } | undefined {
  const meaning = node.op.meaning(node.inputs, node, node.attributes);
  if (meaning.loop === "compose") return { single: meaning.build(node.inputs) };
  if (meaning.loop !== "map" || node.size !== 1) return undefined;
  const depending = dependents(nodesOf(node.inputs), batch);
  const varying = node.inputs.filter((x) => depending.has(x));
  const [a, b] = argumentsOf(meaning.value, "div") ?? [];
  const divisor = b?.kind === "load" ? node.inputs[b.input] : undefined;
  if (a?.kind === "load" && divisor && depending.has(divisor)) return { divisor };
  const [single] = varying;
  return varying.length === 1 && single!.size === 1 ? { single: single! } : undefined;
}

/** What a function is applied to, casts aside. */
function argumentsOf(e: Expression, fn: string): readonly Expression[] | undefined {
  if (e.kind === "cast") return argumentsOf(e.value, fn);
  return e.kind === "apply" && e.fn === fn ? e.args : undefined;
}

/**
 * Whether the loss of a batch is the sum of its examples' losses. A loss that does not say so is
 * asked: for the first example twice, a sum is twice what it is for it once.
 *
 * @param output the type of the model's output for one example, if there can be one
 */
export function addsUp(loss: Loss, output: TensorType | undefined, targets: ArrayTensor): boolean {
  if (output === undefined) return false;
  const { dtype } = output;
  const shape = output.shape.slice(1);
  const size = sizeOf(shape);
  const row = sizeOf(targets.shape.slice(1));
  const lossOf = (rows: number): number => {
    const o = input("output", [rows, ...shape], dtype);
    const type = isFloat(targets.dtype) ? dtype : targets.dtype;
    const t = input("target", [rows, ...targets.shape.slice(1)], type);
    // Numbers between 0 and 1, which have logarithms and may be logits, too.
    const outputs = allocate(dtype, rows * size).map((_, i) => ((i % size) * 0.618 + 0.3) % 1);
    const given = allocate(type, rows * row).map((_, i) => targets.data[i % row]!);
    const [value] = interpreter
      .compile({ inputs: [o, t], outputs: [loss(o, t)] })
      .run([outputs, given]);
    return value!.length === 1 ? value![0]! : Number.NaN;
  };
  try {
    const [once, twice] = [lossOf(1), lossOf(2)];
    return once !== 0 && Math.abs(twice - 2 * once) <= 1e-5 * Math.abs(once);
  } catch {
    // What is wrong with it is said where it is used.
    return false;
  }
}
