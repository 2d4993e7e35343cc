/** Requests to answers, one engine behind them. */
import { fail } from "../../../src/core/errors.ts";
import type { Derivation } from "../../../src/explain/render/index.ts";
import type { Api, EngineEvent, Method, Request } from "./api.ts";
import { Boundary } from "./boundary.ts";
import { compare } from "./compare.ts";
import { Engine } from "./engine.ts";
import type { Exercises } from "./exercises.ts";
import { exported, printed } from "./exports.ts";
import { failureOf } from "./failure.ts";
import { formsOf } from "./forms.ts";
import { reseeded } from "./network-text.ts";
import { overTable } from "./over-table.ts";
import { Training } from "./training.ts";

type Handlers = {
  [M in Method]: (...args: Parameters<Api[M]>) => ReturnType<Api[M]> | Promise<ReturnType<Api[M]>>;
};

export function serve(send: (event: EngineEvent) => void): (request: Request) => Promise<void> {
  const engine = new Engine();
  const training = new Training(engine, (frame) => send({ frame }));
  const boundary = new Boundary();
  let formula: Derivation | undefined;
  let exercises: Exercises | undefined;
  const drawn = () => exercises ?? fail("usage", { message: "No exercises have been drawn yet." });
  let comparing: AbortController | undefined;

  /** What changes the state by hand does so between two runs. */
  const stopped = async <T>(work: () => T | Promise<T>): Promise<T> => {
    await training.stop();
    return work();
  };

  const handlers: Handlers = {
    open: (source, look) =>
      stopped(async () => {
        comparing?.abort();
        const opened = await engine.open(source, look);
        training.forget();
        return opened;
      }),
    forms: () => formsOf(),
    inspect: async (files) => (await import("./model-file.ts")).inspected(files),
    takeModel: async (files) => (await import("./model-file.ts")).taken(files),
    reseeded: () => reseeded(engine),
    overTable: (text, table) => overTable(text, table),
    look: (look) => engine.look(look),
    derive: (chosen, amount) => engine.derive(chosen, amount),
    setParameter: (chosen, value) => stopped(() => engine.setParameter(chosen, value)),
    setExample: (part, at, value) => stopped(() => engine.setExample(part, at, value)),
    setLearningRate: (rate) => training.setLearningRate(rate),
    setBatchSize: (size) => stopped(() => engine.setBatchSize(size)),
    play: (pace) => training.play(pace),
    stop: () => {
      comparing?.abort();
      return training.stop();
    },
    acknowledge: () => training.acknowledge(),
    undo: () =>
      stopped(async () => {
        await training.undo();
        return { values: engine.values(), history: engine.history(), more: training.undoable };
      }),
    reset: () =>
      stopped(() => {
        training.forget();
        return engine.reset();
      }),
    line: (chosen) => engine.line(chosen),
    report: () => engine.report(),
    diagnose: (chosen, given, quantity) => engine.diagnose(chosen, given, quantity),
    diagnoseSheet: (text, quantity) => engine.diagnoseSheet(text, quantity),
    exercises: async (asked, language) => {
      exercises ??= new (await import("./exercises.ts")).Exercises();
      return exercises.make(engine.current, asked, language);
    },
    gradeExercise: (place, answer, language) => drawn().grade(place, answer, language),
    exerciseAnswer: (place) => drawn().answer(place),
    exportExercises: (format, solved) => drawn().print(format, solved),
    compare: (a, b, epochs) =>
      stopped(() => {
        comparing = new AbortController();
        return compare(engine.current.source, [a, b], epochs, comparing.signal);
      }),
    canvas: (canvas) => boundary.use(canvas),
    paint: (dark) => boundary.paint(engine.trainer, engine.current, dark),
    export: (format) => exported(engine, format),
    late: async () => {
      await Promise.all([import("./expression.ts"), import("./exercises.ts")]);
    },
    formulaNames: async (text) => (await import("./expression.ts")).namesIn(text),
    formula: async (asked, language) => {
      const { expression } = await import("./expression.ts");
      const found = await expression(asked, { language });
      if (!("view" in found)) return found;
      formula = found.derivation;
      return found.view;
    },
    exportFormula: (format) =>
      formula ? printed(formula, format) : fail("usage", { message: "Nothing was derived yet." }),
  };

  return async ({ id, method, args }) => {
    try {
      if (!Object.hasOwn(handlers, method)) throw new Error(`There is no request "${method}".`);
      const handler = handlers[method] as (...args: readonly unknown[]) => unknown;
      send({ id, result: await handler(...args) });
    } catch (error) {
      send({ id, failure: failureOf(error) });
    }
  };
}
