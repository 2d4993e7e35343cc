/** The derivation beside the picture, and the walk through it. */
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import type { DerivationView, Section, StepView } from "../protocol.ts";
import {
  asking,
  derivation,
  element,
  goTo,
  grain,
  hidden,
  hovered,
  isTrained,
  moments,
  notation,
  opened,
  playing,
  position,
  practised,
  setNotation,
  slice,
  stale,
  stepBy,
  strings,
  structure,
  values,
} from "../state/app.ts";
import { found } from "../state/read.ts";
import { type Grain, grains } from "../state/timeline.ts";
import { Action } from "./action.tsx";
import { AmountRow, Refused } from "./amount.tsx";
import { long } from "./number.ts";
import { WalkButtons } from "./walk-buttons.tsx";

/** Sections that are open from the start: the way from the question to the update. */
const openSections: readonly Section[] = [
  "chain",
  "substitution",
  "paths",
  "batch",
  "result",
  "update",
];

export function Derivation() {
  const t = strings.value;
  const d = derivation.value;
  const root = useRef<HTMLElement>(null);
  useMarks(root, d);
  usePrinting(root);
  useScrolling(root, d);
  useWalkHeight(root);
  return (
    <section
      class="derivation"
      ref={root}
      aria-label={t.derivation}
      onPointerOver={(e) => {
        hovered.value = symbolOf(e.target);
      }}
      onPointerLeave={() => {
        hovered.value = undefined;
      }}
    >
      {d && practised.value === undefined && <Lead d={d} />}
      {practised.value === undefined ? <Walk /> : <p class="lead">{t.practice.covered}</p>}
      {d && (
        <div class={stale.value ? "steps stale" : "steps"}>
          <Refused />
          <Sections d={d} />
          {practised.value === undefined && isChecked(d) && (
            <p class="verdict">{d.passed ? t.checked : t.disagrees}</p>
          )}
        </div>
      )}
    </section>
  );
}

const symbolOf = (target: EventTarget | null): string | undefined =>
  (target instanceof Element && target.closest<HTMLElement>("[data-symbol]")?.dataset.symbol) ||
  undefined;

/** Where a number is not finite there is nothing to hold against anything. */
const isChecked = (d: DerivationView): boolean => d.steps.some((s) => s.section === "check");

/** One sentence for those who have just come. */
function Lead({ d }: { readonly d: DerivationView }) {
  const t = strings.value;
  const loss = structure.value?.loss ?? "E";
  const v = values.value;
  const e = element.value;
  const kind = stale.value ? "lead stale" : "lead";
  if (v && e.kind === "loss") {
    return (
      <p class="lead">
        <Later of={loss}>{t.leadLoss(loss, long(v.loss), isPart())}</Later>
      </p>
    );
  }
  const u = e.kind === "unit" ? structure.value?.columns[e.column]?.units[e.unit] : undefined;
  if (v && e.kind === "unit" && u?.delta) {
    const [out, delta] = [v.outs[e.column]?.[e.unit], v.deltas[e.column]?.[e.unit]];
    const name = u.out ?? u.net ?? "";
    return (
      <p class="lead">
        <Later of={name}>{t.leadUnit(name, long(out))}</Later>{" "}
        <Later of={u.delta}>{t.leadDelta(u.delta, long(delta))}</Later>
      </p>
    );
  }
  const { symbol, gradient } = d;
  const value = long(d.value);
  const slope =
    gradient === 0 || Number.isNaN(gradient)
      ? t.leadFlat(loss)
      : t.lead(loss, long(gradient), gradient > 0);
  const taken = d.taken === undefined ? "" : ` ${t.leadTaken(long(d.taken))}`;
  const held = isTrained(d.chosen) ? "" : t.leadFrozen;
  const next = d.next === undefined ? held : t.leadNext(long(d.next));
  return (
    <p class={kind}>
      {t.leadValue(symbol, value)} <Later of={d.gradientSymbol}>{slope + taken}</Later>{" "}
      <Later of={d.nextSymbol ?? d.gradientSymbol}>{next}</Later>
    </p>
  );
}

/** Whether E is that of some of the examples. */
const isPart = (): boolean => {
  const o = opened.value;
  return o !== undefined && o.batchSize < o.examples;
};

interface LaterProps {
  readonly of: string | undefined;
  readonly children: ComponentChildren;
}

/** Words that come with a step of the walk; until then their place stays free. */
const Later = ({ of, children }: LaterProps) => (
  <span class={hidden(of) ? "later" : undefined}>{children}</span>
);

function Walk() {
  const t = strings.value;
  const n = moments.value.length;
  const at = position.value;
  const phase = at === undefined ? undefined : moments.value[at]?.phase;
  return (
    <fieldset class="walk" aria-label={t.walk}>
      <div class="row">
        <WalkButtons
          toStart={() => goTo(0)}
          back={() => stepBy(-1)}
          forward={() => stepBy(1)}
          keys={{ back: "[", forward: "]" }}
        />
        <label>
          <span>{t.by}</span>
          <select
            value={grain.value}
            onChange={(e) => {
              grain.value = e.currentTarget.value as Grain;
            }}
          >
            {grains.map((g) => (
              <option key={g} value={g}>
                {t.grains[g]}
              </option>
            ))}
          </select>
        </label>
        <Action off={at === undefined} act={() => goTo(undefined)}>
          {t.showAll}
        </Action>
        <label>
          <span>{t.notation}</span>
          <select
            value={notation.value}
            onChange={(e) => void setNotation(e.currentTarget.value as typeof notation.value)}
          >
            <option value="net-out">net, out, w5</option>
            <option value="canonical">z, a, w¹₁₁</option>
            <option value="bp">BP1 … BP4</option>
            <option value="torch">PyTorch</option>
          </select>
        </label>
      </div>
      <input
        type="range"
        min={0}
        max={Math.max(0, n - 1)}
        value={at ?? Math.max(0, n - 1)}
        aria-label={t.scrubber}
        aria-valuetext={`${t.position((at ?? n - 1) + 1, n)}${phase ? `, ${t.phases[phase]}` : ""}`}
        onInput={(e) => goTo(Number(e.currentTarget.value))}
      />
      <AmountRow />
      <p class="where">
        {playing.value
          ? t.stale(derivation.value?.epoch ?? 0)
          : at === undefined
            ? t.hint
            : t.label(t.position(at + 1, n), phase ? t.phases[phase] : "")}
      </p>
    </fieldset>
  );
}

function Sections({ d }: { readonly d: DerivationView }) {
  const at = position.value;
  const wanted = at === undefined ? slice.value : undefined;
  const limit = practised.value;
  const now = at === undefined ? undefined : d.steps[at];
  const groups: { section: Section; steps: StepView[] }[] = [];
  for (const step of d.steps) {
    if (wanted && !wanted.has(step.id)) continue;
    if (limit !== undefined && d.steps.indexOf(step) > limit) break;
    const last = groups.at(-1);
    if (last?.section === step.section) last.steps.push(step);
    else groups.push({ section: step.section, steps: [step] });
  }
  const { level, sections: some } = asking.value;
  const all = wanted !== undefined || some !== undefined || level === "brief";
  return (
    <>
      {groups.map(({ section, steps }) => (
        <details
          key={`${section}${steps[0]?.id}${element.value.kind}${all}`}
          open={all || openSections.includes(section) || (now !== undefined && steps.includes(now))}
        >
          <summary>
            <h2>{d.headings[section]}</h2>
          </summary>
          {steps.map((step) => (
            <Step key={step.id} step={step} now={now} later={isLater(d, step, at)} />
          ))}
        </details>
      ))}
    </>
  );
}

const isLater = (d: DerivationView, step: StepView, at: number | undefined): boolean =>
  at !== undefined && d.steps.indexOf(step) > at;

/** Scrolls the panel, but never the page: the picture is to stay where it is. */
function reveal(step: HTMLElement): void {
  const panel = found(step.closest(".derivation"));
  if (panel.scrollHeight <= panel.clientHeight) return;
  const walk = found(panel.querySelector(".walk")).getBoundingClientRect();
  const [own, box] = [step.getBoundingClientRect(), panel.getBoundingClientRect()];
  // The walk's box stays at the top of the panel, and below it the heading of the section. Below the
  // page's head the panel reaches out of the window.
  const heading = found(step.closest("details")?.querySelector("summary")).offsetHeight;
  const free = {
    top: box.top + walk.height + heading,
    bottom: Math.min(box.bottom, innerHeight) - 8,
  };
  if (own.top < free.top) panel.scrollTop += own.top - free.top;
  else if (own.bottom > free.bottom) {
    panel.scrollTop += Math.min(own.bottom - free.bottom, own.top - free.top);
  }
}

interface StepProps {
  readonly step: StepView;
  readonly now: StepView | undefined;
  readonly later: boolean;
}

/** The HTML is the library's own rendering; everything in it that came from a file is escaped. */
function Step({ step, now, later }: StepProps) {
  const self = useRef<HTMLDivElement>(null);
  const current = step === now;
  useEffect(() => {
    if (current) reveal(found(self.current));
  }, [current]);
  const kind = current ? "step current" : later ? "step later" : "step";
  return (
    <div
      ref={self}
      class={kind}
      data-step={step.id}
      aria-current={current ? "step" : undefined}
      dangerouslySetInnerHTML={{ __html: step.html }}
    />
  );
}

/** What is hovered in the picture is marked wherever it stands in the formulas. */
function useMarks(root: { readonly current: HTMLElement | null }, d: DerivationView | undefined) {
  const symbol = hovered.value;
  useEffect(() => {
    if (symbol === undefined) return;
    const found = root.current?.querySelectorAll(`[data-symbol="${CSS.escape(symbol)}"]`) ?? [];
    for (const mark of found) mark.classList.add("mark");
    return () => {
      for (const mark of found) mark.classList.remove("mark");
    };
  }, [symbol, d]);
}

/** All sections are open on paper, whatever an engine's style sheets can say of closed ones. */
function usePrinting(root: { readonly current: HTMLElement | null }) {
  useEffect(() => {
    let closed: readonly HTMLDetailsElement[] = [];
    const set = (open: boolean) => {
      for (const section of closed) section.open = open;
    };
    const before = () => {
      closed = [...found(root.current).querySelectorAll<HTMLDetailsElement>("details:not([open])")];
      set(true);
    };
    const after = () => set(false);
    addEventListener("beforeprint", before);
    addEventListener("afterprint", after);
    return () => {
      removeEventListener("beforeprint", before);
      removeEventListener("afterprint", after);
    };
  }, []);
}

/** Headings stay in sight below the walk's box, whose height depends on what is open in it. */
function useWalkHeight(root: { readonly current: HTMLElement | null }) {
  const walks = practised.value === undefined;
  useEffect(() => {
    const self = found(root.current);
    const walk = self.querySelector<HTMLElement>(".walk");
    const update = () => self.style.setProperty("--walk", `${walk?.offsetHeight ?? 0}px`);
    update();
    if (!walk) return;
    const observer = new ResizeObserver(update);
    observer.observe(walk);
    return () => observer.disconnect();
  }, [walks]);
}

/** What is wider than the panel can be scrolled with the keyboard, too. */
function useScrolling(root: { readonly current: HTMLElement | null }, d: unknown) {
  useEffect(() => {
    const self = found(root.current);
    const update = () => {
      for (const box of self.querySelectorAll<HTMLElement>(".formula, .scroll")) {
        if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
        else box.removeAttribute("tabindex");
      }
    };
    update();
    const observer = new ResizeObserver(update);
    observer.observe(self);
    // "toggle" does not bubble.
    self.addEventListener("toggle", update, true);
    return () => {
      observer.disconnect();
      self.removeEventListener("toggle", update, true);
    };
  }, [d]);
}
