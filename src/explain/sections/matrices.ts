/** The derivation in matrices: the same sections, every layer at once, its numbers in full. */
import { at } from "../../core/at.ts";
import type { Section, Sentence } from "../derivation.ts";
import type { Context } from "../engine/context.ts";
import {
  appliedTo,
  type DenseLayer,
  denseChain,
  type Grid,
  pointwise,
  product,
  turnedGrid,
} from "../engine/dense-chain.ts";
import {
  type Formula,
  type Matrix,
  productOf,
  type Symbolic,
  sumOf,
  symbolsOf,
} from "../engine/expr.ts";
import type { Factors } from "../engine/factor.ts";
import { generalName, type Letter } from "../engine/general.ts";
import { ofExample } from "../engine/notation.ts";
import { type Entry, matrixOf } from "../engine/parameters.ts";
import { say } from "../say.ts";
import { errors } from "./forward.ts";
import type { Route } from "./route.ts";

/** MatrixForm up to so many rows or columns are printed whole. */
const whole = 6;

interface Settings {
  readonly factors: Factors;
  readonly chosen: readonly Entry[];
}

export class MatrixForm {
  readonly #c: Context;
  readonly #layers: readonly DenseLayer[];
  readonly #factors: Factors;
  /** Rows and columns that are shown whatever is left out, by layer: those of what is asked for. */
  readonly #shown: ReadonlySet<number>;
  readonly #made = new Set<string>();

  constructor(c: Context, { factors, chosen }: Settings) {
    this.#c = c;
    this.#factors = factors;
    this.#layers = denseChain(c, "matrix");
    const [first, ...others] = chosen;
    const columns = first && matrixOf(first.parameter)?.columns;
    const places =
      !first || others.length > 0
        ? []
        : columns
          ? [Math.floor(first.index / columns), first.index % columns]
          : [first.index];
    this.#shown = new Set([...places, c.example]);
  }

  /** Every layer, then the error. */
  forward(): void {
    const c = this.#c;
    const many = c.trace.examples > 1;
    const first = [say("matrixText"), ...(many ? [say("matrixColumns")] : [])];
    const { network } = c.trace;
    const x = this.#name("out", 0);
    this.#line("forward", x, [this.#matrix(at(this.#layers, 0).input)], first);
    this.#layers.forEach((layer, i) => {
      const l = i + 1;
      const { W, b, input, z, activation } = layer;
      const [w, before] = [this.#name("weight", l), this.#before(l)];
      const net = this.#name("net", l);
      this.#line("forward", w, [this.#matrix(W)], [say("layerForward", { l })]);
      const ones: Grid = { shape: [1, c.trace.examples], at: () => 1 };
      const bias = b && this.#name("bias", l);
      if (b && bias) this.#line("forward", bias, [this.#matrix(b)]);
      // A row of ones repeats the biases for each example.
      const row = c.symbol({ text: "1ᵀ", tex: "\\mathbf{1}^{\\mathsf{T}}" });
      const shift = bias ? [many ? productOf([bias, row]) : bias] : [];
      const added = b ? [many ? times(this.#matrix(b), this.#matrix(ones)) : this.#matrix(b)] : [];
      const form = sumOf([times(w, before), ...shift]);
      const numbers = sumOf([times(this.#matrix(W), this.#matrix(input)), ...added]);
      const why = [...(many && b ? c.once("onesRow") : []), shapes(W, input)];
      this.#line("forward", net, [form, numbers, this.#matrix(z)], why);
      if (!activation) return;
      const out = this.#name("out", l);
      this.#line(
        "forward",
        out,
        [appliedTo(c, layer, net), this.#matrix(activation.a)],
        [say("elementwise")],
      );
    });
    if (network) errors(c, c.terms);
  }

  /** From the question to the gradient of one number. */
  explain(e: Entry): void {
    const c = this.#c;
    const d = c.gradientSymbol(e);
    c.note("question", [say("ask", { loss: c.loss, w: c.parameterSymbol(e), d })]);
    this.#entry(e, this.#whole(e));
  }

  /** Whether all examples are added up at once. */
  readonly together = true;

  /** The same of another number of a matrix, which is written down if it is not yet. */
  inShort({ entry }: Route): Formula {
    this.#whole(entry);
    return sumOf(this.#parts(entry));
  }

  /** The gradient of the whole matrix that a number stands in. */
  #whole(e: Entry): Symbolic {
    const c = this.#c;
    const l = e.parameter.layer;
    const layer = at(this.#layers, l - 1);
    const isBias = e.parameter === layer.bias;
    const answer = this.#gradientName(isBias ? "bias" : "weight", l);
    const delta = this.#name("delta", l);
    const before = this.#before(l);
    const many = c.trace.examples > 1;
    const ones = c.symbol({ text: "1", tex: "\\mathbf{1}" });
    const rule = isBias
      ? many
        ? productOf([delta, ones])
        : delta
      : times(delta, this.#turned(before));
    this.#once("chain", answer, [rule], [say(isBias ? "matrixBias" : "matrixWeight", { l })]);
    for (let k = l; k <= this.#layers.length; k++) {
      const name = this.#name("delta", k);
      const why = k === this.#layers.length ? "matrixLast" : "matrixBack";
      this.#once("chain", name, [this.#rule(k)], [say(why, { l: k })]);
    }
    for (let k = this.#layers.length; k >= l; k--) this.#delta(k);
    const right: Grid = isBias
      ? { shape: [c.trace.examples, 1], at: () => 1 }
      : turnedGrid(layer.input);
    const made = product(layer.delta, right);
    const same = isBias && !many;
    const numbers = same ? [] : [times(this.#matrix(layer.delta), this.#matrix(right))];
    const why = same ? [] : [shapes(layer.delta, right)];
    this.#once("substitution", answer, [rule, ...numbers, this.#matrix(made)], why);
    return answer;
  }

  /** What a number of the matrix is a sum of: δ times what comes in, for each example. */
  #parts({ parameter, index }: Entry): Formula[] {
    const c = this.#c;
    const layer = at(this.#layers, parameter.layer - 1);
    const isBias = parameter === layer.bias;
    const columns = isBias ? 1 : layer.W.shape[1];
    const [j, k] = [Math.floor(index / columns), index % columns];
    const units = layer.W.shape[0];
    const shared = isBias && parameter.tensor.size === 1 && units > 1;
    const rows = shared ? Array.from({ length: units }, (_, i) => i) : [j];
    return rows.flatMap((row) =>
      Array.from({ length: c.trace.examples }, (_, n) => {
        const z = { node: layer.net, index: n * units + row };
        const sign =
          n === c.example ? c.gradientSign(z) : ofExample(c.names.delta(parameter.layer, row), n);
        const g = c.symbol(sign, layer.delta.at(row, n));
        return isBias ? g : productOf([g, this.#inputOf(layer, parameter.layer, k, n)]);
      }),
    );
  }

  /** The number that was asked for: one of the matrix. */
  #entry(e: Entry, answer: Symbolic): void {
    const c = this.#c;
    const { parameter, index } = e;
    const layer = at(this.#layers, parameter.layer - 1);
    const isBias = parameter === layer.bias;
    const columns = isBias ? 1 : layer.W.shape[1];
    const [j, k] = [Math.floor(index / columns), index % columns];
    const shared = isBias && parameter.tensor.size === 1 && layer.W.shape[0] > 1;
    const why = [
      say(isBias ? "matrixRow" : "matrixEntry", {
        d: answer,
        j: j + c.names.first,
        k: k + c.names.first,
      }),
    ];
    c.equation({
      section: "substitution",
      kind: "chain",
      result: c.gradientSymbol({ parameter, index }),
      forms: [sumOf(this.#parts(e))],
      why: shared ? [say("matrixShared", { d: answer })] : why,
    });
  }

  /** What comes into a layer from unit k for example n. */
  #inputOf(layer: DenseLayer, l: number, k: number, n: number): Symbolic {
    const c = this.#c;
    const before = this.#layers[l - 2];
    const node = before ? (before.activation?.out ?? before.net) : c.trace.network?.x;
    const name = node && c.nameIfAny({ node, index: n * layer.W.shape[1] + k });
    return name ?? c.symbol({ text: "a", tex: "a" }, layer.input.at(k, n));
  }

  /** δ of a layer in numbers, what it is made of before it. */
  #delta(k: number): void {
    const c = this.#c;
    const layer = at(this.#layers, k - 1);
    const next = this.#layers[k];
    const { activation, delta, net } = layer;
    const name = this.#name("delta", k);
    if (this.#made.has(`substitution ${name.name}`)) return;
    const root = { node: c.trace.loss, index: 0 };
    const own = (node: DenseLayer["net"]) => ({ node, index: c.example * at(node.shape, 1) });
    if (!activation) {
      if (!next) {
        this.#factors.symbol(root, own(net));
        this.#once("substitution", name, [this.#matrix(delta)], [say("eachLikewise")]);
        return;
      }
      const turned = turnedGrid(next.W);
      const numbers = times(this.#matrix(turned), this.#matrix(next.delta));
      this.#once(
        "substitution",
        name,
        [this.#rule(k), numbers, this.#matrix(delta)],
        [shapes(turned, next.delta)],
      );
      return;
    }
    const back = this.#gradientName("out", k);
    if (!next) {
      this.#factors.symbol(root, own(activation.out));
      this.#once("substitution", back, [this.#matrix(activation.gradient)], [say("eachLikewise")]);
    } else {
      const turned = turnedGrid(next.W);
      const form = times(this.#turned(this.#name("weight", k + 1)), this.#name("delta", k + 1));
      const numbers = times(this.#matrix(turned), this.#matrix(next.delta));
      this.#once(
        "substitution",
        back,
        [form, numbers, this.#matrix(activation.gradient)],
        [shapes(turned, next.delta), say("gradientOf", { a: this.#name("out", k) })],
      );
    }
    this.#factors.symbol(own(activation.out), own(net));
    const { slopes } = activation;
    if (!slopes) {
      const why = [say("notElementwise", { l: k })];
      this.#once("substitution", name, [this.#matrix(delta)], why);
      return;
    }
    const slope = this.#slope(k);
    this.#once("substitution", slope, [this.#matrix(slopes)], [say("eachLikewise")]);
    const numbers = this.#hadamard(this.#matrix(activation.gradient), this.#matrix(slopes));
    const result = pointwise(activation.gradient, slopes, (x, y) => x * y);
    this.#once(
      "substitution",
      name,
      [this.#hadamard(back, slope), numbers, this.#matrix(result)],
      [say("deltaOf", { z: this.#name("net", k) })],
    );
  }

  /** δ of a layer in symbols. */
  #rule(k: number): Formula {
    const next = k < this.#layers.length;
    const { activation } = at(this.#layers, k - 1);
    const back = next
      ? times(this.#turned(this.#name("weight", k + 1)), this.#name("delta", k + 1))
      : this.#gradientName(activation ? "out" : "net", k);
    if (!activation) return back;
    const jacobian = activation.slopes ? undefined : this.#turned(this.#slope(k));
    return jacobian ? times(jacobian, back) : this.#hadamard(back, this.#slope(k));
  }

  #name(what: Letter, l: number): Symbolic {
    const c = this.#c;
    return c.symbol(generalName(c.general, what, l, "", c.trace.examples > 1));
  }

  #before = (l: number): Symbolic =>
    l > 1 && !at(this.#layers, l - 2).activation
      ? this.#name("net", l - 1)
      : this.#name("out", l - 1);

  #gradientName(what: Letter, l: number): Symbolic {
    const c = this.#c;
    return c.symbol(c.names.gradient(c.sign(this.#name(what, l))));
  }

  /** f′(z) */
  #slope(l: number): Symbolic {
    const c = this.#c;
    const { text, tex } = c.sign(this.#name("net", l));
    return c.symbol({ text: `f′(${text})`, tex: `f'\\left(${tex}\\right)` });
  }

  #turned = (e: Formula): Formula => this.#apply("transpose", "#0ᵀ", "{#0}^{\\mathsf{T}}", 4, [e]);
  #hadamard = (a: Formula, b: Formula): Formula =>
    this.#apply("hadamard", "#0 ⊙ #1", "#0 \\odot #1", 2.2, [a, b]);

  #apply(name: string, text: string, tex: string, precedence: number, args: Formula[]): Formula {
    const op = `matrix/${name}`;
    this.#c.elements.operators[op] ??= { text, tex, precedence };
    return { kind: "apply", op, args };
  }

  #matrix({ shape, at: from }: Grid): Matrix {
    const [rows, columns] = shape.map((n) => this.#places(n)) as [number[], number[]];
    return {
      kind: "matrix",
      shape,
      rows,
      columns,
      values: rows.map((i) => columns.map((j) => from(i, j))),
    };
  }

  /** All rows of a small matrix; of a large one the first two, those asked for, and the last. */
  #places(n: number): number[] {
    const all = Array.from({ length: n }, (_, i) => i);
    return n <= whole ? all : all.filter((i) => i < 2 || i === n - 1 || this.#shown.has(i));
  }

  /** Once for all parameters. */
  #once(section: Section, result: Symbolic, forms: Formula[], why: Sentence[] = []): void {
    const key = `${section} ${result.name}`;
    if (this.#made.has(key)) return;
    this.#made.add(key);
    this.#line(section, result, forms, why);
  }

  #line(section: Section, result: Symbolic, expression: Formula[], why: Sentence[] = []): void {
    const c = this.#c;
    const used = new Set(expression.flatMap((f) => [...symbolsOf(f)]));
    const inputs = [...used].flatMap((name) => c.defined.get(name) ?? []);
    const kind =
      section === "forward" ? "affine" : section === "chain" ? "chain" : "vector-Jacobian product";
    const { id } = c.push({ section, kind, why, result, expression, inputs });
    if (section !== "chain") c.defined.set(result.name, id);
  }
}

const times = (a: Formula, b: Formula): Formula => ({ kind: "product", args: [a, b] });

/** The dimension check of a product. */
function shapes(a: Grid, b: Grid): Sentence {
  const [rows, inner] = a.shape;
  const [own, columns] = b.shape;
  const size = (m: number, n: number) => `(${m}×${n})`;
  return say("matrixShapes", {
    a: size(rows, inner),
    b: size(own, columns),
    c: size(rows, columns),
    n: String(inner),
  });
}
