/** A formula that is typed: every part of it with value and derivatives, and the derivation. */
import { useEffect, useRef, useState } from "preact/hooks";
import type { ExpressionView, Failure, Level, PrintFormat, StepView, Wrong } from "../protocol.ts";
import { levels } from "../state/amount.ts";
import { announced, attempt, client, formula, language, strings } from "../state/app.ts";
import { names as fileNames, save } from "./download.ts";
import { long } from "./number.ts";
import { Facts } from "./told.tsx";
import { WalkButtons } from "./walk-buttons.tsx";

const formats: readonly PrintFormat[] = ["markdown", "latex", "html", "text", "json"];

export function FormulaTab() {
  const t = strings.value.formula;
  const [names, setNames] = useState<readonly string[]>(Object.keys(formula.peek().values));
  const [level, setLevel] = useState<Level>("full");
  const [view, setView] = useState<ExpressionView>();
  const [wrong, setWrong] = useState<Wrong>();
  const { text, values, by } = formula.value;
  const derive = async (announce: boolean) => {
    const asked = { ...formula.peek(), level };
    const found = await attempt(() => client.guarded("formula", [asked, language.peek()]));
    if (!found) return;
    const failed = "failure" in found ? found : undefined;
    setWrong(failed);
    if ("failure" in found) return;
    setView(found);
    setNames(found.names);
    const result = found.steps.find((s) => s.section === "result");
    if (announce && result) announced.value = result.spoken;
  };
  // At first, and in another language, as it stands.
  useEffect(() => void derive(false), [language.value, level, by]);
  useEffect(() => {
    let late = false;
    void client.call("formulaNames", [text]).then((found) => {
      // While something is typed that cannot be read, the fields stay.
      if (!late && found.length > 0) setNames(found);
    });
    return () => {
      late = true;
    };
  }, [text]);
  return (
    <div class="typed">
      <p>{t.text}</p>
      <form
        onSubmit={(e) => {
          e.preventDefault();
          void derive(true);
        }}
      >
        <Field
          name={t.formula}
          value={text}
          wrong={wrong?.at === "" ? wrong.failure : undefined}
          change={(text) => {
            formula.value = { ...formula.peek(), text };
          }}
        />
        {names.map((name) => (
          <Field
            key={name}
            name={`${name} =`}
            value={(Object.hasOwn(values, name) && values[name]) || ""}
            wrong={wrong?.at === name ? wrong.failure : undefined}
            change={(value) => {
              const now = formula.peek();
              formula.value = { ...now, values: { ...now.values, [name]: value } };
            }}
          />
        ))}
        <div class="row">
          <button type="submit" class="main">
            {t.derive}
          </button>
          <label>
            <span>{t.by}</span>
            <select
              value={by !== undefined && names.includes(by) ? by : names[0]}
              onChange={(e) => {
                formula.value = { ...formula.peek(), by: e.currentTarget.value };
              }}
            >
              {names.map((name) => (
                <option key={name} value={name}>
                  {name}
                </option>
              ))}
            </select>
          </label>
          <label>
            <span>{strings.value.amount.level}</span>
            <select value={level} onChange={(e) => setLevel(e.currentTarget.value as Level)}>
              {levels.map((name) => (
                <option key={name} value={name}>
                  {strings.value.amount.levels[name]}
                </option>
              ))}
            </select>
          </label>
        </div>
      </form>
      {view && (
        <div class={wrong ? "stale" : undefined}>
          <Walked view={view} />
          <h3>{strings.value.sharing.download}</h3>
          <div class="row">
            {formats.map((format) => (
              <button
                key={format}
                type="button"
                data-formula={format}
                onClick={() =>
                  void attempt(async () => {
                    const made = await client.call("exportFormula", [format]);
                    save(fileNames[format], new Blob([made]));
                  })
                }
              >
                {strings.value.sharing.formats[format]}
              </button>
            ))}
          </div>
        </div>
      )}
    </div>
  );
}

interface FieldProps {
  readonly name: string;
  readonly value: string;
  readonly wrong: Failure | undefined;
  readonly change: (text: string) => void;
}

/** What is typed, and below it what is wrong with it. */
function Field({ name, value, wrong: failure, change }: FieldProps) {
  const wrong = failure && strings.value.told(failure);
  return (
    <>
      <label class="wide code">
        <span>{name}</span>
        <input
          value={value}
          spellcheck={false}
          autocapitalize="off"
          autocomplete="off"
          aria-invalid={wrong !== undefined}
          onInput={(e) => change(e.currentTarget.value)}
        />
      </label>
      {wrong && (
        <div class="problem" role="alert">
          <p class="wrong">{wrong.message}</p>
          <Facts of={wrong} />
        </div>
      )}
    </>
  );
}

/** Step by step, or all of it: what comes later is not there yet. */
function Walked({ view }: { readonly view: ExpressionView }) {
  const t = strings.value;
  const { steps, headings, pieces } = view;
  const [at, setAt] = useState<number>();
  useEffect(() => setAt(undefined), [view]);
  const go = (to: number) => {
    const next = Math.max(0, Math.min(to, steps.length - 1));
    setAt(next);
    announced.value = steps[next]?.spoken ?? "";
  };
  const groups: { readonly title: string; readonly steps: StepView[] }[] = [];
  const shown = steps.slice(0, (at ?? steps.length) + 1);
  shown.forEach((step, i) => {
    const before = steps[i - 1];
    if (before?.section === step.section) groups.at(-1)?.steps.push(step);
    else groups.push({ title: headings[step.section], steps: [step] });
  });
  const reached = new Set(shown.map((s) => s.symbol));
  return (
    <>
      <Pieces pieces={pieces} known={at === undefined ? undefined : reached} />
      <fieldset class="row" aria-label={t.walk}>
        <WalkButtons
          toStart={() => go(0)}
          back={() => go((at ?? steps.length) - 1)}
          forward={() => go((at ?? -1) + 1)}
        />
        <button type="button" aria-disabled={at === undefined} onClick={() => setAt(undefined)}>
          {t.showAll}
        </button>
        <span>{at === undefined ? "" : t.position(at + 1, steps.length)}</span>
      </fieldset>
      {groups.map(({ title, steps: some }) => (
        <section key={some[0]?.id}>
          <h3>{title}</h3>
          {some.map((step) => (
            <Step key={step.id} step={step} current={steps[at ?? -1] === step} />
          ))}
        </section>
      ))}
    </>
  );
}

interface StepProps {
  readonly step: StepView;
  readonly current: boolean;
}

function Step({ step, current }: StepProps) {
  const self = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (current) self.current?.scrollIntoView({ block: "nearest" });
  }, [current]);
  return (
    <div
      ref={self}
      class={current ? "step current" : "step"}
      data-step={step.id}
      aria-current={current ? "step" : undefined}
      dangerouslySetInnerHTML={{ __html: step.html }}
    />
  );
}

interface PiecesProps {
  readonly pieces: ExpressionView["pieces"];
  /** The symbols that the walk has come to; undefined: all. */
  readonly known: ReadonlySet<string | undefined> | undefined;
}

/** The parts of the formula as a table. */
function Pieces({ pieces, known }: PiecesProps) {
  const t = strings.value;
  if (pieces.length === 0) return <p>{t.formula.many}</p>;
  const reached = (name: string) => known === undefined || known.has(name);
  const last = pieces.at(-1)?.symbol ?? "";
  return (
    <>
      <h3>{t.formula.parts}</h3>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what is wider than the page is scrolled */}
      <section class="scroll" tabIndex={0} aria-label={t.formula.parts}>
        <table class="pieces">
          <thead>
            <tr>
              <th scope="col">{t.formula.part}</th>
              <th scope="col">{t.value}</th>
              <th scope="col">
                {t.formula.adjoint} ∂<span dangerouslySetInnerHTML={{ __html: last }} />
                /∂…
              </th>
              <th scope="col">{t.formula.locals}</th>
            </tr>
          </thead>
          <tbody>
            {pieces.map((p) => {
              const hidden = !reached(p.name);
              return (
                <tr key={p.name}>
                  <th
                    scope="row"
                    dangerouslySetInnerHTML={{ __html: equals(p.symbol, p.formula) }}
                  />
                  <td class="n">{hidden ? "…" : long(p.value)}</td>
                  <td class="n">{known !== undefined ? "…" : long(p.adjoint)}</td>
                  <td>
                    {p.locals.map((l) => (
                      <div
                        key={l.symbol}
                        class="local"
                        dangerouslySetInnerHTML={{
                          __html: reached(l.name)
                            ? `${equals(l.symbol, l.formula)} = ${long(l.value)}`
                            : `${l.symbol} = …`,
                        }}
                      />
                    ))}
                  </td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </section>
    </>
  );
}

const equals = (symbol: string, formula: string): string =>
  formula === "" ? symbol : `${symbol} = ${formula}`;
