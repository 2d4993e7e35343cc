/** What the page shows before anything has been asked of it. */
import { evaluateTensors } from "../../../src/backends/interpreter/evaluate.ts";
import { installEvaluator } from "../../../src/core/runtime.ts";
import "../../../src/ops/methods.ts";
import type { First } from "../state/first.ts";
import { presets } from "../state/presets.ts";
import { Engine } from "./engine.ts";

installEvaluator(evaluateTensors);

export async function first(): Promise<First> {
  const engine = new Engine();
  const { text, notation, chosen } = presets[0];
  const look = { example: 0, notation, language: "en" } as const;
  const opened = await engine.open({ text, files: {} }, look);
  return { opened, derivation: await engine.derive(chosen) };
}
