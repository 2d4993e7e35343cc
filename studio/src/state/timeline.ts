/** A training step as a row of moments. What is shown is a function of the position alone. */
import type { DerivationView, Section, StepView } from "../protocol.ts";
import type { Place } from "./places.ts";
import { found } from "./read.ts";

const phases = ["start", "forward", "error", "backward", "update", "after"] as const;
type Phase = (typeof phases)[number];

const phaseOf: Readonly<Record<Section, Phase>> = {
  setup: "start",
  forward: "forward",
  error: "error",
  question: "backward",
  chain: "backward",
  factors: "backward",
  substitution: "backward",
  paths: "backward",
  batch: "backward",
  result: "backward",
  update: "update",
  all: "after",
  again: "after",
  ledger: "after",
  check: "after",
  mistakes: "after",
};

interface Moment {
  readonly step: StepView;
  readonly phase: Phase;
  /** Where in the picture it happens, if it does. */
  readonly place?: Place;
}

export const grains = ["step", "neuron", "layer", "phase"] as const;
export type Grain = (typeof grains)[number];

export function momentsOf(
  view: Pick<DerivationView, "steps">,
  places: ReadonlyMap<string, Place>,
): readonly Moment[] {
  return view.steps.map((step) => {
    const place = step.symbol === undefined ? undefined : places.get(step.symbol);
    return { step, phase: phaseOf[step.section], ...(place ? { place } : {}) };
  });
}

/** What stays the same within one move of a grain. */
function keyOf(moment: Moment, at: number, grain: Grain): string {
  const { phase, place } = moment;
  switch (grain) {
    case "step":
      return String(at);
    case "neuron":
      return place ? `${phase} ${place.column} ${place.unit}` : `${phase} ${moment.step.section}`;
    case "layer":
      return place ? `${phase} ${place.column}` : phase;
    case "phase":
      return phase;
  }
}

/** The position after one move; a position is the last moment that has happened. */
export function move(
  moments: readonly Moment[],
  position: number,
  grain: Grain,
  direction: 1 | -1,
): number {
  const last = moments.length - 1;
  const key = (at: number) => keyOf(found(moments[at]), at, grain);
  if (moments.length === 0) return 0;
  if (direction === 1) {
    if (position >= last) return last;
    let at = position + 1;
    while (at < last && key(at + 1) === key(at)) at++;
    return at;
  }
  let at = position;
  while (at > 0 && key(at - 1) === key(at)) at--;
  return Math.max(0, at - 1);
}

/**
 * A value of the picture is hidden while the step that computes it lies ahead; one that the
 * derivation does not need, until its phase has passed. What has no name is not known earlier.
 */
export function isHidden(
  moments: readonly Moment[],
  position: number | undefined,
  symbol: string | undefined,
  part: Place["part"] | undefined,
): boolean {
  if (position === undefined || (symbol === undefined && part === undefined)) return false;
  const computes = ({ step }: Moment) => symbol !== undefined && step.symbol === symbol;
  // A formula may stand there before its numbers do.
  const at = moments.findIndex((m) => computes(m) && m.step.value !== undefined);
  if (at >= 0) return at > position;
  const said = moments.findLastIndex(computes);
  if (said >= 0) return said > position;
  const phase = phases.indexOf(own[part ?? "bias"]);
  // What is given is known from the start.
  if (phase === 0) return false;
  return moments.some((m, i) => i > position && phases.indexOf(m.phase) <= phase);
}

/** When a quantity of the picture comes to be known. */
const own: Readonly<Record<Place["part"], Phase>> = {
  weight: "start",
  bias: "start",
  input: "start",
  target: "start",
  net: "forward",
  out: "forward",
  term: "error",
  loss: "error",
  delta: "backward",
  gradient: "backward",
};

/** Of a derivation, the steps that a symbol comes from, itself included. */
export function sliceTo(steps: readonly StepView[], symbols: readonly string[]): Set<string> {
  const byId = new Map(steps.map((s) => [s.id, s]));
  const wanted = new Set<string>();
  const open = steps.filter((s) => s.symbol !== undefined && symbols.includes(s.symbol));
  for (let step = open.pop(); step; step = open.pop()) {
    if (wanted.has(step.id)) continue;
    wanted.add(step.id);
    open.push(...step.inputs.flatMap((id) => byId.get(id) ?? []));
  }
  return wanted;
}
