/** What whole layers are called, and their numbers in general: z² and z²ⱼ. */
import type { Name, Notation } from "./notation.ts";

const raised = (n: number): string =>
  [...String(n)].map((c) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[Number(c)] ?? c).join("");
const lowered: Readonly<Record<string, string>> = { j: "ⱼ", k: "ₖ", m: "ₘ" };

/** A quantity of a layer. */
export type Letter = "net" | "out" | "delta" | "weight" | "bias";

interface Layered {
  readonly notation: Notation;
  /** How many layers there are. */
  readonly layers: number;
  /** What PyTorch calls the modules of layer l. */
  readonly netPath: (l: number) => string;
  readonly outPath: (l: number) => string;
}

const plain = {
  net: ["z", "z"],
  out: ["a", "a"],
  delta: ["δ", "\\delta"],
  weight: ["w", "w"],
  bias: ["b", "b"],
} as const;
const capitals: Partial<Record<Letter, string>> = { net: "Z", out: "A", delta: "Δ", weight: "W" };
const spelled = {
  net: ["net", "\\mathit{net}"],
  out: ["out", "\\mathit{out}"],
  delta: ["δ", "\\delta"],
  weight: ["w", "w"],
  bias: ["b", "b"],
} as const;

/**
 * The name of a layer's quantity: of the whole, where `at` is empty, or of its number at the indices
 * `at`, such as "jk". Layer 0 is the input. `many`: it has a column for each example.
 */
export function generalName(g: Layered, what: Letter, l: number, at = "", many = false): Name {
  const gradient = what === "delta" ? ({ role: "gradient" } as const) : {};
  const whole = at === "";
  if (g.notation === "torch") {
    const own =
      l === 0 ? "x" : what === "out" ? `${g.outPath(l)}.out` : `${g.netPath(l)}.${torch[what]}`;
    const text = whole ? own : `${own}[${[...at].join(",")}]`;
    return { text, tex: `\\texttt{${text.replace(/_/g, "\\_")}}`, ...gradient };
  }
  const below = [...at].map((i) => lowered[i] ?? i).join("");
  if (l === 0) {
    const [text, tex] = whole && many ? ["X", "X"] : ["x", "x"];
    return { text: text + below, tex: whole ? tex : `${tex}_{${at}}` };
  }
  const upper = whole && (many || what === "weight") ? capitals[what] : undefined;
  if (g.notation === "net-out") {
    const [base, tex] = spelled[what];
    const unit = l === g.layers ? "o" : g.layers === 2 ? "h" : `h${l}`;
    const name = what === "weight" && whole ? "W" : base;
    const texName = what === "weight" && whole ? "W" : tex;
    const index = whole ? unit : `${unit},${at}`;
    return { text: `${name}_${index}`, tex: `${texName}_{\\mathrm{${index}}}`, ...gradient };
  }
  const [base, tex] = plain[what];
  const letter = upper === "Δ" ? "\\Delta" : (upper ?? tex);
  return {
    text: (upper ?? base) + raised(l) + below,
    tex: `${letter}^{${l}}${whole ? "" : `_{${at}}`}`,
    ...gradient,
  };
}

const torch = {
  net: "out",
  out: "out",
  delta: "out.grad",
  weight: "weight",
  bias: "bias",
} as const;
