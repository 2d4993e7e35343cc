/** What is chosen, with all its digits; its numbers can be changed. */
import { useLayoutEffect, useState } from "preact/hooks";
import type { Structure } from "../protocol.ts";
import {
  choose,
  derivation,
  element,
  example,
  ghost,
  hidden,
  isTrained,
  opened,
  playing,
  setExample,
  setParameter,
  setShownExample,
  stale,
  strings,
  structure,
  values,
} from "../state/app.ts";
import { chosenFor, type Element, type Part, weightsInto } from "../state/places.ts";
import { at, columnAt, found, gradientAt, parameterAt } from "../state/read.ts";
import { full, long, read } from "./number.ts";

/** Puts the cursor into the first number that can be changed. */
export function focusEditor(): void {
  const field = document.querySelector<HTMLInputElement>(".inspector input.exact");
  field?.focus();
  field?.select();
}

export function Inspector() {
  const s = structure.value;
  const v = values.value;
  const o = opened.value;
  const e = element.value;
  const t = strings.value;
  if (!s || !v) return <div class="inspector" />;
  const input = e.kind === "unit" && e.column === 0 ? v.outs[0]?.[e.unit] : undefined;
  const [target] = v.targets;
  return (
    <div class="inspector">
      {(e.kind === "weight" || e.kind === "bias") && <ParameterRow />}
      {e.kind === "unit" && e.column === 0 && input !== undefined && (
        <Exact
          name={s.columns[0]?.units[e.unit]?.out ?? `x${e.unit + 1}`}
          value={input}
          change={(n) => void setExample("inputs", e.unit, n)}
        />
      )}
      {e.kind === "unit" && e.column > 0 && <UnitRow />}
      {e.kind === "loss" && s.classes && target !== undefined && (
        <Fact name={at(s.targets, 0)} value={s.classes[target] ?? String(target)} />
      )}
      {e.kind === "loss" &&
        !s.classes &&
        [...v.targets]
          .slice(0, 4)
          .map((value, i) => (
            <Exact
              key={s.targets[i]}
              name={at(s.targets, i)}
              value={value}
              change={(n) => void setExample("targets", i, n)}
            />
          ))}
      {e.kind === "loss" && <Fact name={s.loss} value={long(v.loss)} />}
      {o && o.examples > 1 && (
        <label class="example">
          <span>{t.example}</span>
          <input
            type="number"
            min={0}
            max={o.examples - 1}
            value={example.value}
            onChange={(x) => {
              const wanted = Math.round(Number(x.currentTarget.value));
              const n = Math.max(0, Math.min(wanted, o.examples - 1));
              x.currentTarget.value = String(n);
              void setShownExample(n);
            }}
          />
        </label>
      )}
      {ghost.value && <span class="edited">{t.edited}</span>}
    </div>
  );
}

function ParameterRow() {
  const s = found(structure.value);
  const v = found(values.value);
  const d = derivation.value;
  const t = strings.value;
  const chosen = chosenFor(s, element.value);
  const { name = `${chosen.name}[${chosen.index}]`, gradient = t.gradient } = namesOf(
    s,
    element.value,
  );
  const mine = d?.chosen.name === chosen.name && d.chosen.index === chosen.index;
  const known = mine && !stale.value;
  const held = isTrained(chosen) ? "–" : t.frozen;
  const next = known ? (d.next === undefined ? held : long(d.next)) : "…";
  return (
    <>
      <Exact
        name={name}
        value={parameterAt(v, chosen)}
        change={(n) => void setParameter(chosen, n)}
      />
      <Fact name={gradient} part="gradient" value={long(gradientAt(v, chosen))} />
      <Fact name={t.afterUpdate} value={hidden(d?.nextSymbol) ? "…" : next} />
    </>
  );
}

function UnitRow() {
  const s = found(structure.value);
  const v = found(values.value);
  const e = element.value;
  const t = strings.value;
  if (e.kind !== "unit") return null;
  const column = columnAt(s, e.column);
  const u = column.units[e.unit];
  const { bias } = column;
  const into = { kind: "bias", column: e.column, unit: e.unit } as const;
  const chosen = bias && chosenFor(s, into);
  return (
    <>
      {chosen && (
        <>
          <Exact
            name={u?.bias ?? `${chosen.name}[${chosen.index}]`}
            value={parameterAt(v, chosen)}
            change={(n) => void setParameter(chosen, n)}
          />
          <button type="button" onClick={() => void choose(into)}>
            {u?.biasGradient ?? t.gradient}
          </button>
        </>
      )}
      <Fact name={u?.net ?? t.net} part="net" value={long(v.nets[e.column]?.[e.unit])} />
      {u?.out && <Fact name={u.out} part="out" value={long(v.outs[e.column]?.[e.unit])} />}
      <Fact name={u?.delta ?? t.delta} part="delta" value={long(v.deltas[e.column]?.[e.unit])} />
    </>
  );
}

/** How the picture calls a weight or a bias, and its gradient. */
function namesOf(s: Structure, e: Element): { readonly name?: string; readonly gradient?: string } {
  const pair = (name: string | undefined, gradient: string | undefined) => ({
    ...(name === undefined ? {} : { name }),
    ...(gradient === undefined ? {} : { gradient }),
  });
  if (e.kind === "weight") {
    const w = weightsInto(s, e.column);
    return pair(w?.names[e.index], w?.gradients[e.index]);
  }
  const u = e.kind === "bias" ? s.columns[e.column]?.units[e.unit] : undefined;
  return pair(u?.bias, u?.biasGradient);
}

interface FactProps {
  readonly name: string;
  readonly value: string;
  /** What it is, where the picture has no name for it. */
  readonly part?: Part;
}

const Fact = ({ name, value, part }: FactProps) => (
  <span class="fact">
    <span data-symbol={name}>{name}</span> <b>{hidden(name, part) ? "…" : value}</b>
  </span>
);

interface ExactProps {
  readonly name: string;
  readonly value: number;
  readonly change: (n: number) => void;
}

/** From the inspector back to where one is in the picture. */
function leave(field: HTMLInputElement): void {
  const there =
    field.closest(".inspector") && document.querySelector<SVGElement>('.frame [tabindex="0"]');
  if (there) there.focus();
  else field.blur();
}

/** A number with every digit that it has; taken over with Enter, left alone with Escape. */
export function Exact({ name, value, change }: ExactProps) {
  const t = strings.value;
  const [wrong, setWrong] = useState(false);
  const [draft, setDraft] = useState<string>();
  const forget = () => {
    setWrong(false);
    setDraft(undefined);
  };
  useLayoutEffect(forget, [name, value]);
  return (
    <label class="fact">
      <span>{name} =</span>
      <input
        class="exact"
        inputMode="decimal"
        size={22}
        value={draft ?? full(value)}
        disabled={playing.value}
        data-entered={draft === undefined}
        aria-label={t.editNumber(name)}
        aria-invalid={wrong}
        onInput={(e) => setDraft(e.currentTarget.value)}
        onChange={(e) => {
          const n = read(e.currentTarget.value);
          setWrong(n === undefined);
          if (n === value) setDraft(undefined);
          else if (n !== undefined) change(n);
        }}
        onKeyDown={(e) => {
          if (e.key !== "Escape") return;
          e.currentTarget.value = full(value);
          forget();
          leave(e.currentTarget);
        }}
      />
      {wrong && <span class="wrong">{t.notNumber}</span>}
    </label>
  );
}
