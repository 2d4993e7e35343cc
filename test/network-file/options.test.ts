/**
 * What the library's losses, optimizers, schedules, trainer and fit take, a network file can say, too:
 * the names are asked of the library itself, so that a new option cannot be forgotten. What is not
 * there on purpose has its reason here.
 */
import { describe, expect, it } from "vitest";
import * as c from "../../src/index.ts";
import type { Option } from "../../src/network-file/form.ts";
import { losses } from "../../src/network-file/losses.ts";
import { networkForm } from "../../src/network-file/network.ts";
import { optimizers } from "../../src/network-file/optimizers.ts";
import { penaltiesForm } from "../../src/network-file/penalties.ts";
import { schedules } from "../../src/network-file/schedules.ts";
import { failure } from "../support/failure.ts";

type Call = (...given: unknown[]) => unknown;
const library = c as unknown as Record<string, Call>;

/** The names of options, as the error for one that there is not lists them. */
function namesFrom(call: (options: object) => unknown): string[] {
  const { expected = "", message } = failure("bad-argument", () => call({ "no such": 0 }));
  expect(message).toContain("has no option");
  expect(expected).not.toContain("more");
  return [...expected.matchAll(/"([^"]+)"/g)].map(([, name]) => name!);
}

const fieldsOf = ({ form }: Pick<Option, "form">): string[] =>
  form.kind === "record" ? Object.keys(form.fields) : [];

/** Names that the library has and the file has not, but for those with a reason; and reasons in vain. */
function forgotten(
  ours: readonly string[],
  file: readonly string[],
  reasons: Readonly<Record<string, string>>,
) {
  return {
    forgotten: ours.filter((name) => !file.includes(name) && !(name in reasons)),
    invented: file.filter((name) => !ours.includes(name)),
    inVain: Object.keys(reasons).filter((name) => file.includes(name) || !ours.includes(name)),
  };
}
const nothing = { forgotten: [], invented: [], inVain: [] };

const ofExamples = { weights: "it gives a loss for each example, so a list would weigh examples" };
const classesLast = { axis: "in a file the classes are the last axis of what the layers give" };

/** What losses take that a file has no word for. */
const lossReasons: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  crossEntropy: { ...classesLast, ...ofExamples },
  negativeLogLikelihood: { ...classesLast, ...ofExamples },
  multiMargin: ofExamples,
  multiLabelSoftMargin: ofExamples,
  multiLabelMargin: ofExamples,
  cosineEmbedding: ofExamples,
  ctc: {
    ...ofExamples,
    inputLengths: "a tensor for each batch; in a file all sequences have the length of the inputs",
    targetLengths: "lists of labels that end early are filled up with -1",
    batchFirst: "in a file the first axis is that of the examples",
  },
};

const x = c.tensor([[0.5, 0.25]], { dtype: "f64" });

describe("options of a network file", () => {
  it.each(Object.keys(losses).filter((name) => name !== "combinedLoss"))("loss %s", (name) => {
    const call = library[name]!;
    const three = ["marginRanking", "cosineEmbedding"].includes(name);
    const ours = namesFrom((options) => (three ? call(x, x, x, options) : call(x, x, options)));
    expect(forgotten(ours, fieldsOf(losses[name]!), lossReasons[name] ?? {})).toEqual(nothing);
  });
  it("parts of combinedLoss", () => {
    const ours = namesFrom((part) => c.combinedLoss([{ loss: c.huber, ...part }]));
    const { form } = losses.combinedLoss!;
    const parts = form.kind === "record" ? form.fields.parts!.form : form;
    const part = parts.kind === "list" ? parts.of : parts;
    expect(forgotten(ours, fieldsOf({ form: part as never }), {})).toEqual(nothing);
  });
  it("reductions", () => {
    const { expected } = failure("bad-argument", () =>
      c.huber(x, x, { reduction: "median" as never }),
    );
    const { form } = losses.huber!;
    const words = form.kind === "record" ? form.fields.reduction!.form : form;
    // "none" is left out: what training makes small is one number.
    expect([...(words.kind === "word" ? words.words : []), "none"].sort()).toEqual(
      expected!.split(/, | or /).sort(),
    );
  });
  it.each(Object.keys(optimizers).filter((name) => name !== "parameterGroups"))(
    "optimizer %s",
    (name) => {
      const ours = namesFrom((options) => library[name]!(options));
      expect(forgotten(ours, fieldsOf(optimizers[name]!), {})).toEqual(nothing);
    },
  );
  it("parameterGroups and its groups", () => {
    const options = namesFrom((given) => c.parameterGroups([{ frozen: true }], given));
    const groups = namesFrom((group) => c.parameterGroups([{ ...group }]));
    const { form } = optimizers.parameterGroups!;
    const own = form.kind === "record" ? form.fields : {};
    const inner = own.groups!.form;
    expect(forgotten(["groups", ...options], Object.keys(own), {})).toEqual(nothing);
    const fields = inner.kind === "list" ? fieldsOf({ form: inner.of as never }) : [];
    expect(forgotten(groups, fields, {})).toEqual(nothing);
  });
  it("penalties", () => {
    const ours = namesFrom((options) => c.penalized(c.linear(1, 1), { l2: 1, ...options }));
    const reasons = { layers: "outputs says which, since all layers are in one model" };
    expect(forgotten(ours, fieldsOf({ form: penaltiesForm.of }), reasons)).toEqual(nothing);
  });
  it("every maker of schedules has a row", () => {
    const made = Object.keys(library).filter((name) =>
      /Decay$|^cyclic|^oneCycle|Schedule$|Restarts$|^warmup$|Ramp$|^constantStart$/.test(name),
    );
    const notRows = made.filter((name) => !(name in schedules) && name !== "toSchedule");
    expect(notRows).toEqual([]);
  });
  it("trainer and fit", () => {
    const training = Object.keys(networkForm.fields.training.form.fields);
    const model = c.linear(1, 1);
    const given = { loss: c.huber, optimizer: c.sgd() };
    const trainer = namesFrom((options) => c.trainer(model, { ...given, ...options }));
    const t = c.trainer(model, given);
    const fit = namesFrom((options) => t.fit({ inputs: [[1]], targets: [1] }, options));
    const machine = "the command line says it: it decides about the time, not the result";
    const watching = "it is a function or a signal of a program";
    const reasons = {
      ...{ loss: "a section of its own", optimizer: "a section of its own" },
      ...{ backend: machine, deterministic: machine, threads: machine, parallel: machine },
      ...{ reproducible: machine, shard: machine },
      ...{ validation: "it is part of the data", untilEpoch: "epochs are those in all" },
      ...{ signal: watching, onEpoch: watching, onStep: watching },
      checkpoint: "checkpoints: the command knows the path",
    };
    expect(forgotten([...trainer, ...fit], [...training], reasons)).toEqual({
      ...nothing,
      invented: ["checkpoints"],
    });
  });
});
