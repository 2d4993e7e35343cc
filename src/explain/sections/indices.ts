/** The derivation as sums over indices: the rules for every unit, before the numbers of one. */
import { at } from "../../core/at.ts";
import type { Section, Sentence } from "../derivation.ts";
import type { Context } from "../engine/context.ts";
import { appliedTo, type DenseLayer, denseChain } from "../engine/dense-chain.ts";
import type { Formula } from "../engine/expr.ts";
import { generalName, type Letter } from "../engine/general.ts";
import { type Name, ofExample } from "../engine/notation.ts";
import { type Entry, matrixOf } from "../engine/parameters.ts";
import { say } from "../say.ts";

/** The rules of every layer in general: forward, and back to the parameters that are asked for. */
export class IndexForm {
  readonly #c: Context;
  readonly #layers: readonly DenseLayer[];
  readonly #made = new Set<string>();

  constructor(c: Context) {
    this.#c = c;
    this.#layers = denseChain(c, "index");
  }

  forward(): void {
    const c = this.#c;
    let why = [say("indexText")];
    this.#layers.forEach((layer, i) => {
      const l = i + 1;
      const terms = [this.#sum("k", [this.#name("weight", l, "jk"), this.#before(l)])];
      if (layer.bias) terms.push(this.#name("bias", l, layer.bias.tensor.size === 1 ? "" : "j"));
      this.#line("forward", this.#name("net", l, "j"), c.symbol(plus(terms)), why);
      why = [];
      if (!layer.activation) return;
      const z = c.symbol(this.#name("net", l, "j"));
      this.#line("forward", this.#name("out", l, "j"), appliedTo(c, layer, z));
    });
  }

  /** The chain rule for every parameter of the layer, and for the error terms behind it. */
  explain(e: Entry): void {
    const c = this.#c;
    const l = e.parameter.layer;
    const layer = at(this.#layers, l - 1);
    const isBias = e.parameter === layer.bias;
    const columns = matrixOf(e.parameter)?.columns ?? 1;
    const shared = isBias && e.parameter.tensor.size === 1;
    const place = [Math.floor(e.index / columns), e.index % columns].map((i) => i + c.names.first);
    const [j = 0, k = 0] = place;
    const of = isBias ? this.#name("bias", l, shared ? "" : "j") : this.#name("weight", l, "jk");
    const many = c.trace.examples > 1;
    const factors = [this.#name("delta", l, "j"), ...(isBias ? [] : [this.#before(l)])];
    const own = many ? factors.map(ofAny) : factors;
    const inner = many ? this.#sum("n", own) : times(own);
    const whole = shared ? this.#sum("j", [inner]) : inner;
    const here = say(isBias ? (shared ? "indexShared" : "indexRow") : "indexPlace", { j, k });
    this.#line("chain", c.names.gradient(of), c.symbol(whole), [say("indexChain"), here]);
    for (let i = l; i <= this.#layers.length; i++) {
      const last = i === this.#layers.length;
      const why = say(last ? "matrixLast" : "indexBack", { l: i });
      this.#line("chain", this.#name("delta", i, "j"), c.symbol(this.#rule(i)), [why]);
    }
  }

  #rule(l: number): Name {
    const { activation } = at(this.#layers, l - 1);
    const last = l === this.#layers.length;
    const net = this.#name("net", l, "j");
    const out = activation ? this.#name("out", l, "j") : net;
    const { names } = this.#c;
    if (activation && !activation.slopes) {
      // Every output of the layer depends on every net input of it.
      const other = this.#name("out", l, "m");
      const slope = {
        text: `∂${other.text}/∂${net.text}`,
        tex: `\\frac{\\partial ${other.tex}}{\\partial ${net.tex}}`,
      };
      return this.#sum("m", [names.gradient(other), slope]);
    }
    const back = last
      ? names.gradient(out)
      : this.#sum("m", [this.#name("weight", l + 1, "mj"), this.#name("delta", l + 1, "m")]);
    if (!activation) return back;
    const slope = { text: `f′(${net.text})`, tex: `f'\\left(${net.tex}\\right)` };
    return times([last ? back : bracketed(back), slope]);
  }

  #name = (what: Letter, l: number, index: string): Name =>
    generalName(this.#c.general, what, l, index);

  #before = (l: number): Name =>
    this.#name(l > 1 && !at(this.#layers, l - 2).activation ? "net" : "out", l - 1, "k");

  #sum(over: string, factors: readonly Name[]): Name {
    const { text, tex } = times(factors);
    return { text: `Σ${lowered[over] ?? over} ${text}`, tex: `\\sum_{${over}} ${tex}` };
  }

  #line(section: Section, of: Name, form: Formula, why: readonly Sentence[] = []): void {
    const key = `${section} ${of.text}`;
    if (this.#made.has(key)) return;
    this.#made.add(key);
    const result = this.#c.symbol(of);
    this.#c.push({ section, kind: "note", why, result, expression: [form] });
  }
}

const lowered: Readonly<Record<string, string>> = { j: "ⱼ", k: "ₖ", m: "ₘ", n: "ₙ" };

const joined = (all: readonly Name[], text: string, tex: string): Name => ({
  text: all.map((x) => x.text).join(text),
  tex: all.map((x) => x.tex).join(tex),
});
const times = (all: readonly Name[]): Name => joined(all, " · ", " \\cdot ");
const plus = (all: readonly Name[]): Name => joined(all, " + ", " + ");
const bracketed = ({ text, tex }: Name): Name => ({
  text: `(${text})`,
  tex: `\\left(${tex}\\right)`,
});

/** For example n of the batch, whichever that is. */
const ofAny = (of: Name): Name => {
  const { tex } = ofExample(of, 0);
  return { text: `${of.text}⁽ⁿ⁾`, tex: tex.replace(/\^\{\(1\)\}$/, "^{(n)}") };
};
