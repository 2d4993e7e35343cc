/**
 * Operators that work on whole matrices, by loops: no formula for one number of theirs is worth reading.
 * What they make, and the derivatives by the record's own rule, are worked out as numbers.
 */

import { interpreter } from "../../backends/interpreter/index.ts";
import { at, only } from "../../core/at.ts";
import { arrayOf, type TypedArray } from "../../core/dtype.ts";
import type { RuleContext } from "../../core/op.ts";
import { node as apply, type Tensor } from "../../core/tensor.ts";
import { input } from "../../ops/leaf.ts";
import { computed, type Operator } from "./expr.ts";

/** An element of a node: see origins.ts, which reads this module. */
interface Element {
  readonly node: Tensor;
  readonly index: number;
}

/** Whether it is such a node. */
export const isEntire = ({ op }: Tensor): boolean => op.isBatched === true;

type Run = (values: readonly TypedArray[]) => TypedArray;

const placeholder = (x: Tensor): Tensor => input("x", x.shape, x.dtype);

function runs(inputs: readonly Tensor[], result: Tensor): Run {
  const program = interpreter.compile({ inputs, outputs: [result] });
  return (values) => only(program.run(values)).slice();
}

/** What the nodes of one derivation give, each worked out once. */
export class Entire {
  readonly #values: ReadonlyMap<Tensor, TypedArray>;
  readonly #value: (e: Element) => number;
  readonly #results = new Map<Tensor, TypedArray>();
  readonly #rules = new Map<Tensor, Map<number, Run>>();
  readonly #rows = new Map<string, TypedArray>();

  constructor(values: ReadonlyMap<Tensor, TypedArray>, value: (e: Element) => number) {
    this.#values = values;
    this.#value = value;
  }

  /** All numbers of a node: traced, or worked out. */
  #valuesOf(node: Tensor): TypedArray {
    const traced = this.#values.get(node);
    if (traced) return traced;
    if (isEntire(node)) return this.#result(node);
    const each = Array.from({ length: node.size }, (_, index) => this.#value({ node, index }));
    return arrayOf(node.dtype, each);
  }

  /** How one number of a node is written, and what it is. */
  operator({ node, index }: Element, indices: readonly number[]): Operator {
    const { name } = node.op;
    const place = indices.join(",");
    return {
      text: `${name}(#*)${place && `[${place}]`}`,
      tex: `\\operatorname{${name}}\\left(#*\\right)${place && `_{${place}}`}`,
      precedence: 5,
      expansion: computed(at(this.#valuesOf(node), index)),
    };
  }

  #result(node: Tensor): TypedArray {
    const known = this.#results.get(node);
    if (known) return known;
    const inputs = node.inputs.map(placeholder);
    const run = runs(inputs, apply(node.op, inputs, node.attributes));
    const made = run(node.inputs.map((x) => this.#valuesOf(x)));
    this.#results.set(node, made);
    return made;
  }

  /** ∂y[index]/∂x_k, by all of x_k: the record's rule, asked with a unit upstream gradient. */
  slopes(node: Tensor, index: number, k: number): TypedArray {
    const key = `${node.id} ${index} ${k}`;
    const known = this.#rows.get(key);
    if (known) return known;
    const rules = this.#rules.get(node) ?? new Map<number, Run>();
    this.#rules.set(node, rules);
    const run = rules.get(k) ?? ruleOf(node, k);
    rules.set(k, run);
    const g = this.#valuesOf(node).slice().fill(0);
    g[index] = 1;
    const made = run([...node.inputs.map((x) => this.#valuesOf(x)), this.#valuesOf(node), g]);
    this.#rows.set(key, made);
    return made;
  }
}

function ruleOf(node: Tensor, k: number): Run {
  const rule = node.op.derivative;
  const x = node.inputs.map(placeholder);
  const [y, g] = [placeholder(node), placeholder(node)];
  const r: RuleContext = { x, y, attributes: node.attributes };
  const result = rule.kind === "general" ? rule.reverse(g, r, k) : at(x, k);
  return runs([...x, y, g], result);
}
