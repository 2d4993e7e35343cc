/** Per layer and parameter: how large weights, gradients and updates are, and which units are dead. */
import { ChainruleError } from "../core/errors.ts";
import type { Dataset } from "../data/dataset.ts";
import { subset } from "../data/dataset.ts";
import { normOf } from "../explain/engine/layer-report.ts";
import { explain, gradientReport } from "../explain/index.ts";
import type { Trainer } from "../train/trainer.ts";
import { parameterCounts } from "./layers.ts";

/** A parameter with its size and that of its gradient. */
interface ParameterRow {
  readonly name: string;
  readonly shape: readonly number[];
  readonly frozen: boolean;
  /** ‖θ‖ = √Σθ². */
  readonly norm: number;
  /** ‖∂E/∂θ‖ over the batch; absent where it could not be taken. */
  readonly gradient?: number;
}

/** A layer's line of the ledger: what `gradientReport` says of it. */
export type LedgerLayer = Awaited<ReturnType<typeof gradientReport>>["layers"][number];

/** Sizes of weights, gradients and updates at the end of training. */
export interface Ledger {
  /** How many examples the batch had: the first of the training data. */
  readonly examples: number;
  readonly parameters: readonly ParameterRow[];
  readonly layers: readonly LedgerLayer[];
  /** Why there are no layers, where this network is not looked into. */
  readonly reason?: string;
}

/** Examples in the batch whose gradient is taken. */
const batch = 32;
/** The largest network that is drawn with its numbers. */
const mostDrawn = 60;

const firstOf = (data: Dataset, count: number): Dataset =>
  subset(
    data,
    Array.from({ length: Math.min(count, data.size) }, (_, i) => i),
  );

/** What a derivation cannot do is no reason to have no report. */
const unless = (error: unknown): string => {
  if (error instanceof ChainruleError) return error.message.split("\n", 1)[0] ?? "";
  throw error;
};

export async function ledgerOf(trainer: Trainer, data: Dataset): Promise<Ledger> {
  const examples = firstOf(data, batch);
  const found = await gradientReport(trainer, { data: examples }).catch(unless);
  const norms = typeof found === "string" ? {} : found.norms;
  const values = trainer.arrays();
  const parameters = Object.entries(trainer.model.parameters).map(([name, spec]): ParameterRow => {
    const gradient = norms[name];
    return {
      name,
      shape: spec.shape,
      frozen: spec.frozen,
      norm: normOf(values[name] ?? []),
      ...(gradient === undefined ? {} : { gradient }),
    };
  });
  return {
    examples: examples.size,
    parameters,
    layers: typeof found === "string" ? [] : found.layers,
    ...(typeof found === "string" ? { reason: found } : {}),
  };
}

/** A small network with the numbers of its first example, as SVG. */
export async function networkDrawing(trainer: Trainer, data: Dataset): Promise<string | undefined> {
  if (parameterCounts(trainer.model).total > mostDrawn) return undefined;
  const made = await explain(trainer, { data: firstOf(data, 1) }).catch(unless);
  return typeof made === "string" ? undefined : made.toSvg();
}
