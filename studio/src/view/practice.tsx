/** Predict, then reveal: for the whole gradient, or blank by blank. */
import { useLayoutEffect, useState } from "preact/hooks";
import type { Numeral } from "../../../src/explain/diagnose/agreement.ts";
import type { StepView } from "../protocol.ts";
import {
  attempt,
  client,
  derivation,
  element,
  places,
  practised,
  practising,
  strings,
  structure,
} from "../state/app.ts";
import { chosenFor } from "../state/places.ts";
import { type Answer, another, blanksOf, judge } from "../state/practice.ts";
import { found } from "../state/read.ts";
import { Exercises } from "./exercises.tsx";
import { Guess } from "./guess.tsx";
import { long } from "./number.ts";
import { OwnNumbers } from "./own-numbers.tsx";

const modes = ["whole", "blanks", "exercises", "numbers"] as const;

export function Practice() {
  const t = strings.value.practice;
  const mode = practising.value;
  const d = derivation.value;
  if (!d) return <p class="loading">…</p>;
  return (
    <div class="practice">
      <div class="row">
        {modes.map((name) => (
          <button
            key={name}
            type="button"
            data-mode={name}
            aria-pressed={mode === name}
            onClick={() => {
              practising.value = name;
            }}
          >
            {t[name]}
          </button>
        ))}
      </div>
      {(mode === "whole" || mode === "blanks") && <p>{t.text}</p>}
      {mode === "whole" && <Whole key={d.symbol} />}
      {mode === "blanks" && <Blanks key={d.symbol} />}
      {mode === "exercises" && <Exercises />}
      {mode === "numbers" && <OwnNumbers />}
    </div>
  );
}

/**
 * Covers on the page what comes after a step, as long as it is asked for: before the question is
 * painted, so that the answer is never seen beside it.
 */
function useCover(step: StepView | undefined, open: boolean): void {
  const at = step ? (derivation.value?.steps.indexOf(step) ?? -1) : -1;
  useLayoutEffect(() => {
    practised.value = open || at < 0 ? undefined : at - 1;
    return () => {
      practised.value = undefined;
    };
  }, [at, open]);
}

function Whole() {
  const t = strings.value.practice;
  const d = found(derivation.value);
  const s = found(structure.value);
  const [told, setTold] = useState("");
  const [open, setOpen] = useState(false);
  useCover(
    d.steps.find((step) => step.section === "question"),
    open,
  );
  const check = async (given: Numeral | undefined) => {
    // What was said of another number is not to stand beside this one.
    setTold("");
    if (!given) return;
    const chosen = chosenFor(s, element.peek());
    const found = await attempt(() => client.call("diagnose", [chosen, given.text]));
    if (!found) return;
    const { verdict, causes } = found;
    const other = another(given, undefined, d.steps);
    const unknown = other === undefined ? t.unknown : t.isAnother(other);
    const wrong = causes.length > 0 ? t.mistake(causes) : unknown;
    setTold(verdict === "wrong" ? wrong : t[verdict]);
    if (verdict === "right") setOpen(true);
  };
  const reveal = () => {
    setTold(long(d.gradient));
    setOpen(true);
  };
  return (
    <div>
      <p class="question">{t.gradient(`∂${s.loss}/∂${d.symbol}`)}</p>
      <Guess check={(n) => void check(n)} reveal={reveal} />
      <p class="answer" role="status">
        {told}
      </p>
    </div>
  );
}

function Blanks() {
  const t = strings.value.practice;
  const d = found(derivation.value);
  const all = blanksOf(d.steps);
  const [at, setAt] = useState(0);
  const [answer, setAnswer] = useState<Answer | "revealed">();
  const step = all[at];
  const open = answer === "revealed" || answer?.kind === "right";
  useCover(step, open || step === undefined);
  if (!step) return <p role="status">{t.done}</p>;
  const told = answer === undefined ? "" : words(answer);
  const known = d.steps.filter((s) => s.symbol !== undefined && places.value.has(s.symbol));
  return (
    <div>
      <p>{t.of(at + 1, all.length)}</p>
      <div class="question" dangerouslySetInnerHTML={{ __html: found(step.question) }} />
      <Guess
        key={step.id}
        ready={at > 0}
        check={(n) => setAnswer(n && judge(n, step, known))}
        reveal={() => setAnswer("revealed")}
      />
      <p class="answer" role="status">
        {told}
      </p>
      {(open || answer?.kind === "far") && <Solution step={step} />}
      {open && (
        <button
          type="button"
          onClick={() => {
            setAnswer(undefined);
            setAt(at + 1);
          }}
        >
          {t.next}
        </button>
      )}
    </div>
  );
}

function words(answer: Answer | "revealed"): string {
  const t = strings.value.practice;
  if (answer === "revealed") return "";
  switch (answer.kind) {
    case "right":
    case "unclear":
      return t[answer.kind];
    case "sign":
      return t.sign;
    case "another":
      return t.isAnother(answer.symbol);
    case "far":
      return t.far;
  }
}

const Solution = ({ step }: { readonly step: StepView }) => (
  <div class="step" dangerouslySetInnerHTML={{ __html: step.html }} />
);
