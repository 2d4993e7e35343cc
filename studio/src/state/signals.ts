/** The state of the page as signals, and what follows from it. */
import { computed, signal } from "@preact/signals";
import type {
  Amount,
  DerivationView,
  Failure,
  HistoryView,
  Language,
  ModelView,
  Notation,
  Opened,
  Source,
  Structure,
  TypedFormula,
  Values,
} from "../protocol.ts";
import { en, type Strings } from "../strings/en.ts";
import { usualAmount } from "./amount.ts";
import { coneOf, type Element, type Part, type Place, placesOf } from "./places.ts";
import { presets } from "./presets.ts";
import { type Grain, isHidden, momentsOf, sliceTo } from "./timeline.ts";

export type Theme = "auto" | "light" | "dark";
export type Tab =
  | "loss"
  | "plane"
  | "gains"
  | "line"
  | "table"
  | "compare"
  | "practice"
  | "formula";

/** The network of the first screen. */
export const usual = presets[0];

// What is open.
export const preset = signal<string>(usual.id);
export const source = signal<Source>({ text: usual.text, files: {} });
export const opened = signal<Opened | undefined>(undefined);
export const structure = signal<Structure | undefined>(undefined);
export const values = signal<Values | undefined>(undefined);
export const history = signal<HistoryView>({
  epochs: new Float64Array(0),
  losses: new Float64Array(0),
});

// How it is looked at.
export const language = signal<Language>("en");
export const strings = signal<Strings>(en);
export const theme = signal<Theme>("auto");
const systemColours = matchMedia("(prefers-color-scheme: dark)");
const systemDark = signal(systemColours.matches);
systemColours.addEventListener("change", (e) => {
  systemDark.value = e.matches;
});
/** For what is painted and not styled. */
export const dark = computed(() =>
  theme.value === "auto" ? systemDark.value : theme.value === "dark",
);
export const notation = signal<Notation>(usual.notation);
export const example = signal(0);
/** How much of the derivation is written down, and how. */
export const amount = signal<Amount>(usualAmount);

// What is chosen.
export const element = signal<Element>({ kind: "weight", column: 2, index: 0 });
export const derivation = signal<DerivationView | undefined>(undefined);
/** The last moment that has happened; undefined: all of them. */
export const position = signal<number | undefined>(undefined);
export const grain = signal<Grain>("step");
/** While somebody practises: the last moment that may be seen. */
export const practised = signal<number | undefined>(undefined);
export const hovered = signal<string | undefined>(undefined);

/** A formula that somebody types, and what its names stand for. */
export const formula = signal<TypedFormula>({
  text: "sum((x @ W + b)^2)",
  values: { x: "[[1, 2]]", W: "[[0.1], [0.2]]", b: "0.5" },
});

// Training.
export const playing = signal(false);
export const perFrame = signal(usual.perFrame);
export const undoable = signal(false);
/** Numbers as they were before the last edit. */
export const ghost = signal<Values | undefined>(undefined);

// The rest of the page.
export const tab = signal<Tab>("loss");
/** What somebody practises; of one number they are asked along its whole derivation. */
export const practising = signal<"whole" | "blanks" | "exercises" | "numbers">("whole");
export const panel = signal<"edit" | "share" | "help" | "model" | undefined>(undefined);
/** A file of another library that is looked into. */
export const modelFile = signal<
  { readonly view: ModelView; readonly files: readonly File[] } | undefined
>(undefined);
export const failure = signal<(Failure & { readonly title: string }) | undefined>(undefined);
/** The matrix that is shown as a heat map. */
export const mapped = signal<string | undefined>(undefined);
export const announced = signal("");
/** What stands out about the gradients: what a person should know without asking. */
export const findings = signal<readonly string[]>([]);

export const places = computed(
  (): ReadonlyMap<string, Place> => (structure.value ? placesOf(structure.value) : new Map()),
);
export const moments = computed(() =>
  derivation.value ? momentsOf(derivation.value, places.value) : [],
);
export const cone = computed(() =>
  structure.value ? coneOf(structure.value, element.value) : new Set<string>(),
);
/** Whether the derivation is of earlier numbers: while it trains, and until the next one is there. */
export const stale = computed(
  () => playing.value || derivation.value?.trainedSteps !== values.value?.steps,
);
/** The last moment that is shown. */
const seen = computed(() => practised.value ?? position.value);
/** Whether a value is not to be seen yet; `part` says what it is where it has no name. */
export const hidden = (symbol: string | undefined, part?: Part): boolean =>
  isHidden(moments.value, seen.value, symbol, places.value.get(symbol ?? "")?.part ?? part);
/** For a neuron or the error: the steps that it comes from; undefined: the whole derivation. */
export const slice = computed(() => {
  const s = structure.value;
  const d = derivation.value;
  const e = element.value;
  if (!s || !d || e.kind === "weight" || e.kind === "bias") return undefined;
  if (e.kind === "loss") return sliceTo(d.steps, [s.loss]);
  const unit = s.columns[e.column]?.units[e.unit];
  const wanted = [unit?.net, unit?.out, unit?.delta, unit?.gradient].filter((n) => n !== undefined);
  const found = sliceTo(d.steps, wanted);
  return found.size > 0 ? found : undefined;
});
