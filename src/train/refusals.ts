/** What a trainer cannot give, and what to do instead. */
import type { Backend } from "../backends/backend.ts";
import { fail } from "../core/errors.ts";

export const comesLater = ({ name }: Backend, instead: "stepAsync" | "evaluateAsync"): never =>
  fail("asynchronous", {
    message: `The backend "${name}" answers later, so that this cannot be given at once.`,
    fix: `Use \`await trainer.${instead}(data)\`.`,
  });

/** What is predicted is values: a function that is differentiated would take them for constants. */
export const refuseGradient = (): never =>
  fail("bad-argument", {
    message: "predict gives values, which no gradient goes through.",
    expected: "a call outside of functions that are differentiated or compiled",
    found: "one inside",
    fix: "Apply the model there: t.model.apply(x, { ...t.parameters, ...t.buffers }).",
  });

export const refuseStream = (): never =>
  fail("unsupported", {
    message: "Several processes do not train on a stream.",
    expected: "a data set, which each of them has",
    found: "a stream",
    fix: "Read the data first, or train on the stream in one process.",
  });
