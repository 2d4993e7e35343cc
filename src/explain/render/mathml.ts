/** MathML Core from the TeX that formulas are printed as: the part of TeX that they use. */
import { at } from "../../core/at.ts";

export const escapeXml = (text: string): string =>
  text.replace(
    /[&<>"]/g,
    (ch) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[ch] ?? ch,
  );

/** Signs by their names in TeX. */
export const signs: Readonly<Record<string, string>> = {
  partial: "∂",
  cdot: "·",
  times: "×",
  delta: "δ",
  eta: "η",
  sigma: "σ",
  theta: "θ",
  sum: "∑",
  prod: "∏",
  approx: "≈",
  le: "≤",
  infty: "∞",
  land: "∧",
  lor: "∨",
  lnot: "¬",
  lfloor: "⌊",
  rfloor: "⌋",
  lceil: "⌈",
  rceil: "⌉",
  vert: "|",
  Vert: "‖",
  pi: "π",
  alpha: "α",
  beta: "β",
  varepsilon: "ε",
  lambda: "λ",
  varphi: "φ",
  Delta: "Δ",
  Sigma: "Σ",
  Phi: "Φ",
  Pi: "Π",
  int: "∫",
  ge: "≥",
  ne: "≠",
  to: "→",
  odot: "⊙",
  surd: "√",
  cdots: "⋯",
  vdots: "⋮",
  ddots: "⋱",
};
/** Commands whose argument is text. */
const worded = /^(math(rm|it|cal|sf)|operatorname|text|texttt)$/;

export function toMathML(
  tex: string,
  options: { display?: boolean; spoken?: string } = {},
): string {
  const p = new Parser(tex);
  const body = p.row(() => p.done());
  const alt = options.spoken ? ` alttext="${escapeXml(options.spoken)}"` : "";
  return `<math${options.display ? ' display="block"' : ""}${alt}>${body}</math>`;
}

function fence(token: string, tall: boolean): string {
  const name = token.replace(/^\\/, "");
  if (name === ".") return "";
  const size = tall ? "" : ' stretchy="false"';
  return `<mo${size} lspace="0em" rspace="0em">${escapeXml(signs[name] ?? name)}</mo>`;
}

class Parser {
  readonly #tokens: readonly string[];
  #at = 0;

  constructor(tex: string) {
    this.#tokens = tex.match(/\\[a-zA-Z]+ ?|\\.|\d+(?:\.\d+)?|\s+|[^\s]/gu) ?? [];
  }

  #peek(): string {
    while (/^\s+$/.test(this.#tokens[this.#at] ?? "")) this.#at++;
    return (this.#tokens[this.#at] ?? "").trim();
  }
  #next(): string {
    const token = this.#peek();
    this.#at++;
    return token;
  }
  done(): boolean {
    return this.#peek() === "";
  }

  /** Atoms with their scripts until `end` holds. */
  row(end: () => boolean): string {
    const parts: string[] = [];
    let first = true;
    while (!this.done() && !end()) {
      // A sign at the start, or after a relation, belongs to what follows.
      const relation = /^(=|<|\\approx|\\le)$/.test(this.#peek());
      parts.push(this.#scripted(first));
      first = relation;
    }
    return parts.length === 1 ? parts.join("") : `<mrow>${parts.join("")}</mrow>`;
  }

  #scripted(first: boolean): string {
    const base = this.#atom(first);
    let [below, above] = ["", ""];
    for (;;) {
      const token = this.#peek();
      if (token === "_" && below === "") {
        this.#next();
        below = this.#atom();
      } else if (token === "^" && above === "") {
        this.#next();
        above = this.#atom();
      } else break;
    }
    if (below && above) return `<msubsup>${base}${below}${above}</msubsup>`;
    if (below) return `<msub>${base}${below}</msub>`;
    return above ? `<msup>${base}${above}</msup>` : base;
  }

  /** The raw text of a braced argument. */
  #raw(): string {
    this.#next();
    let text = "";
    for (let depth = 1; this.#at < this.#tokens.length; ) {
      const token = at(this.#tokens, this.#at++);
      if (token === "{") depth++;
      if (token === "}" && --depth === 0) break;
      text += token;
    }
    return text.replace(/\\([_%#&$ ])/g, "$1");
  }

  #atom(first = false): string {
    const token = this.#next();
    if (token === "{") {
      const inner = this.row(() => this.#peek() === "}");
      this.#next();
      return inner;
    }
    if (/^\d/.test(token)) return `<mn>${token}</mn>`;
    if (token.startsWith("\\")) return this.#command(token.slice(1));
    if (/^[a-zA-Z]$/.test(token)) return `<mi>${token}</mi>`;
    if (/^[()[\]|]$/.test(token)) return `<mo stretchy="false">${token}</mo>`;
    const sign = token === "-" && first ? ' form="prefix"' : "";
    return `<mo${sign}>${token === "-" ? "−" : escapeXml(token)}</mo>`;
  }

  #command(name: string): string {
    if (name === "frac" || name === "tfrac") {
      const [top, bottom] = [this.#atom(), this.#atom()];
      return `<mfrac>${top}${bottom}</mfrac>`;
    }
    if (name === "hat") return `<mover accent="true">${this.#atom()}<mo>^</mo></mover>`;
    if (name === "sqrt") return `<msqrt>${this.#atom()}</msqrt>`;
    if (name === "left") {
      const open = this.#next();
      const inner = this.row(() => this.#peek() === "\\right");
      this.#next();
      // Browsers keep room beside brackets that could become larger.
      const tall = /<m(?:frac|table)/.test(inner);
      return `<mrow>${fence(open, tall)}${inner}${fence(this.#next(), tall)}</mrow>`;
    }
    if (name === "begin") return this.#environment();
    if (name === "htmlData") {
      const data = /^(\w+)=(.*)$/s.exec(this.#raw());
      return `<mrow data-${data?.[1]}="${escapeXml(data?.[2] ?? "")}">${this.#atom()}</mrow>`;
    }
    if (worded.test(name)) {
      const variant =
        name === "texttt" ? ' class="code"' : name === "mathit" ? "" : ' mathvariant="normal"';
      return `<mi${variant}>${escapeXml(this.#raw())}</mi>`;
    }
    if (name === "quad") return '<mspace width="1em"></mspace>';
    if (/^[,; !]$/.test(name)) return '<mspace width="0.2em"></mspace>';
    // What is no sign is a function: ln, tanh.
    const sign = signs[name] ?? name;
    return /[α-ωa-zA-Z∞∂]/.test(sign) ? `<mi>${sign}</mi>` : `<mo>${sign}</mo>`;
  }

  #environment(): string {
    const name = this.#raw();
    const rows: string[] = [];
    const cellEnd = () => ["&", "\\\\", "\\end"].includes(this.#peek());
    let cells: string[] = [];
    for (;;) {
      cells.push(this.row(cellEnd));
      const token = this.#next();
      if (token === "&") continue;
      rows.push(cells.map((c) => `<mtd>${c}</mtd>`).join(""));
      cells = [];
      if (token !== "\\\\") break;
    }
    this.#raw();
    const table = `<mtable class="${name}" displaystyle="true">${rows.map((r) => `<mtr>${r}</mtr>`).join("")}</mtable>`;
    return name === "cases" ? `<mrow><mo>{</mo>${table}</mrow>` : table;
  }
}
