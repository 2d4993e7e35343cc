/** Everything that changes the state of the page. */
import { batch, computed, effect, signal } from "@preact/signals";
import { Client, EngineError } from "../client.ts";
import type {
  Amount,
  Chosen,
  Frame,
  HistoryView,
  Language,
  Look,
  Notation,
  Opened,
  Source,
  Values,
} from "../protocol.ts";
import { en, type Strings } from "../strings/en.ts";
import { usualAmount } from "./amount.ts";
import { beginAgain, beginHere, course, trouble } from "./course.ts";
import { chosenFor, type Element, elementFor, exists, firstOf } from "./places.ts";
import type { Preset } from "./presets.ts";
import {
  amount,
  announced,
  derivation,
  element,
  example,
  failure,
  findings,
  ghost,
  grain,
  history,
  hovered,
  language,
  moments,
  notation,
  opened,
  perFrame,
  playing,
  position,
  practised,
  practising,
  preset,
  source,
  strings,
  structure,
  tab,
  theme,
  undoable,
  values,
} from "./signals.ts";
import { move } from "./timeline.ts";

export * from "./signals.ts";

export const client = new Client();

/** Shows what the library says about a failure. */
function tell(error: unknown, title: string): void {
  const known = error instanceof EngineError ? error.failure : undefined;
  failure.value = {
    ...(known ?? { code: "internal", message: String((error as Error)?.message ?? error) }),
    title,
  };
}

/** Networks that were asked for or have come: what is shown of one ends with it. */
export const turn = signal(0);
/** Networks that were asked for and have not come yet. */
let opening = 0;

/** Runs what may fail; its failure is shown, not thrown. */
export async function attempt<T>(work: () => Promise<T>): Promise<T | undefined> {
  const mine = turn.peek();
  try {
    return await work();
  } catch (error) {
    // What was asked of a network that has been left has no answer, and needs none.
    if (mine === turn.peek()) tell(error, strings.value.failed);
    return undefined;
  }
}

export const isTrained = ({ name }: Chosen): boolean =>
  opened.value?.parameters.find((p) => p.name === name)?.trained ?? false;

export const look = (): Look => ({
  example: example.value,
  notation: notation.value,
  language: language.value,
});

/** Whether somebody is asked for what the derivation shows. */
export const quizzed = computed(
  () => tab.value === "practice" && ["whole", "blanks"].includes(practising.value),
);
/** Who is asked, is asked along the whole derivation, whatever else is shown. */
export const asking = computed((): Amount => (quizzed.value ? usualAmount : amount.value));

let asked = 0;
/** The amount that was last asked for. */
let written = JSON.stringify(["full", "scalar", undefined]);

/** Derives what is chosen, and looks for trouble; an answer that comes too late is dropped. */
export async function derive(announce = false): Promise<void> {
  const s = structure.value;
  // The engine may know another network already: that one is derived when it is shown.
  if (!s || playing.value || opening > 0) return;
  const mine = ++asked;
  const found = await attempt(() =>
    client.guarded("derive", [chosenFor(s, element.value), asking.value]),
  );
  if (mine !== asked) return;
  batch(() => {
    derivation.value = found;
    if (!found) return;
    if (position.value !== undefined) {
      position.value = Math.min(position.value, found.steps.length - 1);
    }
    // With the derivation, not after the report: by then one may have heard a step of the walk.
    const result = found.steps.find((step) => step.section === "result");
    // In practice, the person is to work it out.
    if (announce && result && tab.value !== "practice") announced.value = result.spoken;
  });
  const report = await client.guarded("report", []).catch(() => undefined);
  if (mine === asked) findings.value = [...trouble(), ...(report?.findings ?? [])];
}

export async function choose(e: Element): Promise<void> {
  batch(() => {
    element.value = e;
    position.value = undefined;
    hovered.value = undefined;
  });
  await derive(true);
}

export function show(o: Opened): void {
  opened.value = o;
  structure.value = o.structure;
  values.value = o.values;
}

const nothing: HistoryView = { epochs: new Float64Array(0), losses: new Float64Array(0) };

interface Opening {
  readonly source: Source;
  readonly preset?: Preset;
  readonly chosen?: Chosen;
  readonly element?: Element;
}

/** Opens a network. What was open stays if it cannot be. */
export async function open({ source: given, preset: p, ...wish }: Opening): Promise<boolean> {
  meant = undefined;
  const wanted = { ...look(), notation: p?.notation ?? notation.value };
  turn.value++;
  opening++;
  const found = await attempt(() => client.guarded("open", [given, wanted]));
  opening--;
  if (!found) {
    void derive();
    return false;
  }
  batch(() => {
    turn.value++;
    findings.value = [];
    source.value = given;
    preset.value = p?.id ?? "own";
    notation.value = wanted.notation;
    example.value = Math.min(example.value, found.examples - 1);
    show(found);
    history.value = nothing;
    ghost.value = undefined;
    undoable.value = false;
    failure.value = undefined;
    position.value = undefined;
    // What became of a table is heard, not only seen: rows that it has lost, say.
    announced.value = found.notes.map(strings.value.noted).join(" ");
    if (p) perFrame.value = p.perFrame;
    const s = found.structure;
    const first = wish.element ?? (wish.chosen && elementFor(s, wish.chosen));
    element.value = first && exists(s, first) ? first : firstOf(s);
  });
  await derive();
  return true;
}

export const openPreset = (p: Preset): Promise<boolean> => {
  example.value = p.example ?? 0;
  return open({ source: { text: p.text, files: {} }, preset: p, chosen: p.chosen });
};

/** Other first weights, also in place of those that a file writes out. */
export async function newSeed(): Promise<void> {
  const text = await attempt(() => client.call("reseeded", []));
  if (text === undefined) return;
  await open({ source: { text, files: source.value.files }, element: element.value });
}

export async function reset(): Promise<void> {
  meant = undefined;
  const found = await attempt(() => client.call("reset", []));
  if (!found) return;
  batch(() => {
    values.value = found;
    history.value = nothing;
    undoable.value = false;
    ghost.value = undefined;
    failure.value = undefined;
  });
  await derive();
}

/** Takes back a number that was changed, or an epoch. */
export async function undo(): Promise<void> {
  if (!undoable.value || playing.value) return;
  meant = undefined;
  const found = await attempt(() => client.call("undo", []));
  if (!found) return;
  batch(() => {
    values.value = found.values;
    history.value = found.history;
    undoable.value = found.more;
    ghost.value = undefined;
    failure.value = undefined;
    position.value = undefined;
    announced.value = `${strings.value.undone} ${course(found.values)}`;
    beginAgain();
  });
  await derive();
}

/**
 * What training is meant to do, also while it is stopped for a moment to change something: to go on
 * until an epoch, or for ever. Undefined: to rest.
 */
let meant: { readonly until?: number } | undefined;

/** Trains: on and on, or so many epochs. */
export async function train(epochs?: number): Promise<void> {
  const from = values.value?.epoch;
  if (playing.value || from === undefined) return;
  await play(epochs === undefined ? {} : { until: from + epochs });
}

async function play(goal: NonNullable<typeof meant>): Promise<void> {
  meant = goal;
  batch(() => {
    playing.value = true;
    position.value = undefined;
    ghost.value = undefined;
    failure.value = undefined;
  });
  const begun = await attempt(async () => {
    await client.call("play", [{ perFrame: perFrame.value, ...goal }]);
    return true;
  });
  if (!begun) playing.value = false;
}

/** Trains on as it was meant to, unless something else has made it do so. */
async function goOn(): Promise<void> {
  if (meant && !playing.value) await play(meant);
}

/** Trains on at another pace. */
export async function setPace(epochs: number): Promise<void> {
  perFrame.value = epochs;
  if (!playing.value) return;
  await attempt(() => client.call("stop", []));
  await goOn();
}

export const pause = async (): Promise<void> => {
  meant = undefined;
  await attempt(() => client.call("stop", []));
};

/** Pictures that have come and wait to be drawn, one for each frame of the screen. */
const pictures: Frame[] = [];

/** The next picture is made while this one is drawn; a second one waits, and the engine with it. */
function awaitNext(): void {
  requestAnimationFrame(drawNext);
  if (pictures[0]?.playing) void client.call("acknowledge", []);
}

function drawNext(): void {
  const frame = pictures.shift();
  if (!frame) return;
  draw(frame);
  if (pictures.length > 0) awaitNext();
}

client.onframe = (frame) => {
  pictures.push(frame);
  if (pictures.length === 1) awaitNext();
};
client.onanswer = () => {
  const held = pictures.length > 1 && pictures.at(-1)?.playing;
  for (const frame of pictures.splice(0)) draw(frame);
  if (held) void client.call("acknowledge", []);
};

function draw(frame: Frame): void {
  batch(() => {
    values.value = frame.values;
    history.value = frame.history;
    playing.value = frame.playing;
    if (!frame.playing) undoable.value = true;
  });
  if (frame.playing) return;
  const t = strings.value;
  announced.value = course(frame.values);
  if (frame.failure) {
    meant = undefined;
    failure.value = { ...frame.failure, title: t.stopped };
    announced.value = t.label(t.stopped, t.told(frame.failure).message);
  }
  void derive();
}

async function edit(work: () => Promise<Values>): Promise<void> {
  meant = undefined;
  const before = values.value;
  const found = await attempt(work);
  if (!found) return;
  batch(() => {
    ghost.value = before;
    values.value = found;
    undoable.value = true;
    position.value = undefined;
    announced.value = strings.value.edited;
    beginHere();
  });
  await derive();
}

export const setParameter = (chosen: Chosen, value: number): Promise<void> =>
  edit(() => client.call("setParameter", [chosen, value]));
export const setExample = (part: "inputs" | "targets", at: number, value: number): Promise<void> =>
  edit(() => client.call("setExample", [part, at, value]));

export async function setLearningRate(rate: number): Promise<void> {
  // While it trains, from the next epoch on.
  await attempt(() => client.call("setLearningRate", [rate]));
  if (values.value) values.value = { ...values.value, learningRate: rate };
  await derive();
}

export async function setBatchSize(size: number): Promise<void> {
  const goesOn = playing.value;
  const found = await attempt(() => client.call("setBatchSize", [size]));
  if (!found) return;
  batch(() => {
    structure.value = found.structure;
    values.value = found.values;
    ghost.value = undefined;
    if (opened.value) opened.value = { ...opened.value, batchSize: size };
  });
  if (goesOn && meant) await goOn();
  else await derive();
}

export async function lookAgain(): Promise<void> {
  const found = await attempt(() => client.call("look", [look()]));
  if (!found) return;
  batch(() => {
    structure.value = found.structure;
    values.value = found.values;
  });
  await derive();
}

export const setNotation = (n: Notation): Promise<void> => {
  notation.value = n;
  return lookAgain();
};
export const setShownExample = (n: number): Promise<void> => {
  example.value = n;
  // What stood there before was another example's.
  ghost.value = undefined;
  return lookAgain();
};

/** Another length or form of the same derivation. */
export const setAmount = (change: Partial<Amount>): void => {
  position.value = undefined;
  amount.value = { ...amount.value, ...change };
};

export const chinese = async (): Promise<Strings> => (await import("../strings/zh.ts")).zh;

export async function setLanguage(wanted: Language, again = true): Promise<void> {
  const found = wanted === "en" ? en : await attempt(chinese);
  if (!found) return;
  strings.value = found;
  language.value = wanted;
  if (again) await lookAgain();
}

/** Goes to a position of the derivation; undefined shows all of it. */
export function goTo(at: number | undefined): void {
  position.value = at;
  const spoken = at === undefined ? undefined : moments.value[at]?.step.spoken;
  if (spoken) announced.value = spoken;
}

export function stepBy(direction: 1 | -1): void {
  if (moments.value.length === 0 || practised.value !== undefined) return;
  const from = position.value ?? (direction === 1 ? -1 : moments.value.length - 1);
  goTo(from === -1 ? 0 : move(moments.value, from, grain.value, direction));
}

/** After a worker was given up, another takes its place with what is open. */
client.onrestart = () => {
  pictures.length = 0;
  meant = undefined;
  playing.value = false;
  void attempt(async () => {
    const found = await client.call("open", [source.value, look()]);
    batch(() => {
      show(found);
      history.value = nothing;
      undoable.value = false;
      position.value = undefined;
    });
  });
};

effect(() => {
  const t = theme.value;
  if (t === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = t;
});
effect(() => {
  document.documentElement.lang = language.value === "zh" ? "zh-Hans" : "en";
  document.title = strings.value.title;
});
// A derivation that is there is written again; the first one comes with its network.
effect(() => {
  const { level, form, sections } = asking.value;
  const wanted = JSON.stringify([level, form, sections]);
  if (wanted === written) return;
  written = wanted;
  if (derivation.peek()) void derive();
});
