/** A derivation as the panel shows it: a piece of HTML for each step, symbols marked in it. */
import { at, entry } from "../../../src/core/at.ts";
import { entryOf } from "../../../src/core/by-name.ts";
import { callSite, withSite } from "../../../src/core/call-site.ts";
import { ChainruleError } from "../../../src/core/errors.ts";
import type { Dataset } from "../../../src/data/dataset.ts";
import { type DerivationData, type Step, sections } from "../../../src/explain/derivation.ts";
import { symbolsOf } from "../../../src/explain/engine/expr.ts";
import { indexText } from "../../../src/explain/engine/parameters.ts";
import { explain } from "../../../src/explain/explain.ts";
import {
  type Block,
  documentOf,
  headingOf,
  type Inline,
  printInline,
  styleOf,
  wording,
} from "../../../src/explain/render/blocks.ts";
import type { Derivation } from "../../../src/explain/render/index.ts";
import { escapeXml, toMathML } from "../../../src/explain/render/mathml.ts";
import { printFormula, type Style } from "../../../src/explain/render/print.ts";
import { texOf } from "../../../src/explain/render/tex.ts";
import type { Trainer } from "../../../src/train/trainer.ts";
import type { Amount, Chosen, DerivationView, Failure, Section, StepView } from "../protocol.ts";
import { usualAmount } from "../state/amount.ts";
import { failureOf } from "./failure.ts";

interface Question {
  readonly chosen: Chosen;
  readonly look: {
    readonly notation: DerivationData["notation"];
    readonly language: DerivationData["language"];
  };
  readonly lossName: string;
  /** Within the batch. */
  readonly example: number;
}

export const parameterText = (trainer: Trainer, { name, index }: Chosen): string =>
  name + indexText(entryOf(trainer.model.parameters, name).shape, index);

export interface Derived {
  readonly derivation: Derivation;
  /** Where the gradient and the update stand, however little was asked for. */
  readonly facts: DerivationData;
  /** Why it is not in the form that was asked for. */
  readonly refused?: Failure;
}

const telling: Amount = { ...usualAmount, sections: ["result", "update"] };

/** The library's derivation of one gradient. */
export async function derive(
  trainer: Trainer,
  batch: Dataset,
  q: Question,
  amount: Amount = usualAmount,
): Promise<Derived> {
  const make = ({ level, form, sections: some }: Amount) =>
    withSite(callSite(), () =>
      explain(trainer, {
        data: batch,
        example: q.example,
        parameter: parameterText(trainer, q.chosen),
        notation: q.look.notation,
        language: q.look.language,
        lossName: q.lossName,
        level,
        form,
        ...(some ? { sections: some } : {}),
      }),
    );
  let refused: Failure | undefined;
  const derivation = await make(amount).catch((error: unknown) => {
    // A form that not every network has: the reason stands beside the one that each has.
    const other = error instanceof ChainruleError && error.code === "unsupported";
    if (!other || amount.form === "scalar") throw error;
    refused = failureOf(error);
    return make({ ...amount, form: "scalar" });
  });
  const whole = amount.level !== "brief" && amount.sections === undefined;
  const facts = whole ? derivation.data : (await make(telling)).data;
  return { derivation, facts, ...(refused ? { refused } : {}) };
}

/** Formulas with each symbol marked, so that the page can find it again. */
function marked(style: Style): Style {
  const symbols = Object.fromEntries(
    Object.entries(style.symbols).map(([name, sign]) => [
      name,
      { ...sign, tex: `\\htmlData{symbol=${name}}{${sign.tex}}` },
    ]),
  );
  return { ...style, symbols };
}

/** The steps of a derivation as HTML, and what their sections are called. */
export function stepsOf({ data }: Derivation): Pick<DerivationView, "steps" | "headings"> {
  const style = marked(styleOf(documentOf(data), true));
  const w = wording(data.language, data.digits);
  const inline = (text: readonly Inline[]) =>
    printInline(text, style, (tex) => toMathML(tex), escapeXml);
  const heading = (section: Section) =>
    [section, w.message(headingOf(section, data)).join("")] as const;
  return {
    headings: Object.fromEntries(sections.map(heading)) as DerivationView["headings"],
    steps: data.steps.map((step) => stepView(step, data, inline, style)),
  };
}

export function viewOf(derived: Derived, trainer: Trainer, chosen: Chosen): DerivationView {
  const { derivation, facts, refused } = derived;
  const { data } = derivation;
  const gradient = facts.steps.find((s) => s.section === "result" && s.value !== undefined);
  const update = facts.steps.findLast((s) => s.section === "update" && s.value !== undefined);
  return {
    chosen,
    symbol: symbolOf(data) ?? parameterText(trainer, chosen),
    ...stepsOf(derivation),
    ...(refused ? { refused } : {}),
    value: at(entry(trainer.snapshot(), chosen.name), chosen.index),
    gradient: at(data.gradients, 0),
    ...(gradient?.result?.kind === "symbol" ? { gradientSymbol: gradient.result.name } : {}),
    ...(gradient?.value === undefined || trainer.update === "simultaneous"
      ? {}
      : takenOf(facts, gradient.value)),
    ...(update?.value === undefined ? {} : { next: update.value }),
    ...(update?.result?.kind === "symbol" ? { nextSymbol: update.result.name } : {}),
    passed: data.passed,
    epoch: trainer.progress.epoch,
    trainedSteps: trainer.progress.steps,
  };
}

/** Of the last layer the update takes the gradient itself, but for its rounding. */
const takenOf = ({ gradients }: DerivationData, taken: number) => {
  const exact = at(gradients, 0);
  return Math.abs(taken - exact) <= 1e-12 * Math.abs(exact) ? {} : { taken };
};

/** How the derivation calls the parameter that was asked for. */
const symbolOf = ({ asked = [] }: DerivationData): string | undefined => asked[0];

function stepView(
  step: Step,
  data: DerivationData,
  inline: (text: readonly Inline[]) => string,
  style: Style,
): StepView {
  const { diagram: _, ...rest } = data;
  const { blocks } = documentOf({ ...rest, parameters: [], steps: [step] });
  const content = blocks.filter((b) => b.kind !== "title" && b.kind !== "heading");
  const symbol = step.result?.kind === "symbol" ? step.result.name : undefined;
  const uses = [...new Set(step.expression.flatMap((e) => [...symbolsOf(e)]))];
  const formula = step.expression.find((e) => symbolsOf(e).size > 0);
  return {
    id: step.id,
    section: step.section as Section,
    ...(symbol === undefined ? {} : { symbol }),
    uses,
    inputs: step.inputs,
    html: content.map((b) => html(b, inline, style)).join(""),
    ...(step.result && formula && step.value !== undefined
      ? {
          question: toMathML(
            `${printFormula(step.result, style)} = ${printFormula(formula, style)}`,
            {
              display: true,
            },
          ),
        }
      : {}),
    ...(step.value === undefined ? {} : { value: step.value }),
    spoken: step.spoken[data.language] || plain(content, style),
  };
}

const isNumber = (text: readonly Inline[]): boolean => {
  const [only, ...others] = text;
  return others.length === 0 && typeof only === "object" && only.math.kind === "number";
};

function html(b: Block, inline: (text: readonly Inline[]) => string, style: Style): string {
  switch (b.kind) {
    case "paragraph":
      return `<p>${inline(b.text)}</p>`;
    case "equation":
      return `<div class="formula">${toMathML(texOf(b, style), {
        display: true,
        spoken: b.spoken,
      })}</div>`;
    case "table": {
      const head = b.head.map((c) => `<th scope="col">${inline(c)}</th>`).join("");
      const cells = (r: readonly (readonly Inline[])[]) =>
        r.map((c) => `<td${isNumber(c) ? ' class="n"' : ""}>${inline(c)}</td>`).join("");
      const rows = b.rows.map((r) => `<tr>${cells(r)}</tr>`).join("");
      return `<div class="scroll"><table><thead><tr>${head}</tr></thead><tbody>${rows}</tbody></table></div>`;
    }
    default:
      return "";
  }
}

/** What is read aloud of a step without a formula. */
function plain(blocks: readonly Block[], style: Style): string {
  const text = { ...style, tex: false };
  return blocks
    .flatMap((b) => (b.kind === "paragraph" ? [b.text] : []))
    .map((t) =>
      printInline(
        t,
        text,
        (s) => s,
        (s) => s,
      ),
    )
    .join(" ");
}
