/** What the parts of a network file say against each other. */
import {
  buildLayers,
  buildOptimizer,
  layerProblems,
  penalizedModel,
  relocated,
  rowOfInputs,
  shapeBehind,
  sizeProblems,
} from "./build.ts";
import type { Chosen } from "./form.ts";
import { fittingOf } from "./loss-row.ts";
import { lossProblems, resolvedLoss } from "./losses.ts";
import type { ExamplesSection, ImagesSection, NetworkFile } from "./network.ts";
import { NetworkFileError, type Problem, type Source } from "./source.ts";
import { formatWords, nearestFix, show } from "./wording.ts";

export function consistencyProblems(network: NetworkFile, source: Source): Problem[] {
  const { data } = network;
  const inputs = network.inputs ?? data?.examples?.[0]?.inputs.length;
  const problems: Problem[] = [];
  // A layer or an optimizer that cannot be made says so itself.
  const attempt = (f: () => readonly Problem[]) => {
    try {
      problems.push(...f());
    } catch (error) {
      const known = relocated(error, source, []);
      if (!(known instanceof NetworkFileError)) throw error;
      problems.push(...known.problems);
    }
  };
  // Where the number of inputs follows from data that are not read yet, the rest comes later.
  const shape = inputs === undefined ? undefined : rowOfInputs(inputs);
  const values = layerProblems(source, network.layers, shape);
  problems.push(...values);
  if (values.length === 0 && shape !== undefined) {
    attempt(() => {
      const model = buildLayers(source, network.layers, shape);
      penalizedModel(network, source, model);
      return sizeProblems(source, model);
    });
  }
  problems.push(
    ...lossProblems(network.loss).map(([path, complaint]) =>
      source.problem(["loss", network.loss.name, ...path], complaint),
    ),
  );
  problems.push(...targetProblems(network, source, shapeBehind(network.layers, shape)?.at(-1)));
  attempt(() => {
    buildOptimizer(network, source);
    return [];
  });
  if (data?.examples) problems.push(...exampleProblems(network, source, data.examples, []));
  const { validation } = data ?? {};
  if (typeof validation === "object" && validation.examples) {
    problems.push(...exampleProblems(network, source, validation.examples, ["validation"]));
  }
  problems.push(...dataProblems(network, source), ...checkpointProblems(network, source));
  problems.push(...averageProblems(network, source));
  return problems;
}

/** Averages that are to be validated must be kept, and there must be data to do it with. */
function averageProblems({ training, data, optimizer }: NetworkFile, source: Source): Problem[] {
  if (!training.validateAverages) return [];
  const path = ["training", "validateAverages"];
  if (!keepsAverages(optimizer)) {
    return [
      source.problem(path, {
        message:
          "The averages of the parameters are to be validated, and the optimizer keeps none.",
        expected: "averageDecay: 0.999, for example, among the optimizer's options",
        found: optimizer.name,
      }),
    ];
  }
  if (data === undefined || data.validation !== undefined) return [];
  return [
    source.problem(path, {
      message: "The averages are to be validated, and there are no data to do it with.",
      expected: "data: { validation: 0.2 }",
      found: "no validation",
    }),
  ];
}

/** asgd keeps an average of its own; of groups one is enough. */
function keepsAverages({ name, options }: Chosen): boolean {
  const { averageDecay, groups } = options as Readonly<Record<string, unknown>>;
  const inner = Array.isArray(groups) ? groups : [];
  return (
    name === "asgd" ||
    averageDecay !== undefined ||
    inner.some(({ optimizer }: { optimizer?: Chosen }) => optimizer && keepsAverages(optimizer))
  );
}

/** What is to be saved on the way must be said, and be measured. */
function checkpointProblems({ training, data }: NetworkFile, source: Source): Problem[] {
  const { checkpoints } = training;
  if (checkpoints === undefined) return [];
  const { every, best } = checkpoints;
  const path = ["training", "checkpoints"];
  if (every === undefined && best === undefined) {
    const message = "Checkpoints are asked for, and not said when.";
    const expected = "every: 10, best: loss, or both";
    return [source.problem(path, { message, expected, found: "neither" })];
  }
  if (!best?.startsWith("validation.") || data === undefined || data.validation !== undefined) {
    return [];
  }
  return [
    source.problem([...path, "best"], {
      message: "The best checkpoint is decided by data held out, and there are none.",
      expected: "data: { validation: 0.2 }, or best: loss",
      found: best,
    }),
  ];
}

/** The name of a class, or those of a list; of numbers, none. */
const namesOf = (targets: unknown): readonly string[] =>
  [targets].flat().filter((name) => typeof name === "string");

/** Numbers in the place of targets must be as many as the outputs. */
function targetProblems(network: NetworkFile, source: Source, outputs = -1): Problem[] {
  const targets = network.data?.examples?.[0]?.targets;
  if (targets === undefined || namesOf(targets).length > 0 || network.data?.classes) return [];
  const count = [targets].flat().length;
  if (outputs < 0 || fittingOf(resolvedLoss(network.loss)).fits(outputs, count)) return [];
  return [
    source.problem(["data", "examples", 0, "targets"], {
      message: "The examples have another number of targets than the network has outputs.",
      expected: `${outputs} numbers, one for each output of the last layer`,
      found: `${count}`,
    }),
  ];
}

function dataProblems({ data }: NetworkFile, source: Source): Problem[] {
  if (data === undefined) return [];
  const problems: Problem[] = [];
  if (data.classes && !data.examples && !data.csv && !data.npz && !data.images) {
    problems.push(
      source.problem(["data", "classes"], {
        message: "The data bring their classes with them.",
        expected: "classes only with examples, csv, npz or images",
        fix: "Remove this line.",
      }),
    );
  }
  const repeated = data.classes?.findIndex((name, i) => data.classes?.indexOf(name) !== i) ?? -1;
  if (repeated >= 0) {
    problems.push(
      source.problem(["data", "classes", repeated], { message: "A class is listed twice." }),
    );
  }
  if (data.images) problems.push(...imageProblems(data.images, source));
  const { validation } = data;
  if (typeof validation === "object") {
    const kinds = ["examples", "csv", "idx", "images", "npz", "text", "generate"] as const;
    const [kind, other] = [data, validation].map((part) => kinds.find((k) => part[k]));
    if (kind !== other) {
      problems.push(
        source.problem(["data", "validation"], {
          message: "The validation data are of another kind than the training data.",
          expected: `${kind}: …`,
          found: `${other}: …`,
        }),
      );
    }
  }
  return problems;
}

/** What images become: there are no two channels, and lists are as long as what they speak of. */
function imageProblems(images: ImagesSection, source: Source): Problem[] {
  const { channels, size, mean, deviation } = images;
  const path = ["data", "images"];
  if (channels === 2) {
    const message = "Images become grey or red, green and blue.";
    return [source.problem([...path, "channels"], { message, expected: "1 or 3", found: "2" })];
  }
  const lists = {
    size: [size, 2],
    mean: [mean, channels],
    deviation: [deviation, channels],
  } as const;
  return Object.entries(lists).flatMap(([name, [given, length]]) =>
    typeof given === "number" || given.length === length
      ? []
      : [
          source.problem([...path, name], {
            message: `The list ${name} has another length than it should.`,
            expected: name === "size" ? "[height, width]" : `one number, or ${length}`,
            found: `${given.length}`,
          }),
        ],
  );
}

/** Every example must look like the first. */
function exampleProblems(
  network: NetworkFile,
  source: Source,
  examples: ExamplesSection,
  inside: readonly string[],
): Problem[] {
  const base = ["data", ...inside, "examples"];
  const [own] = examples;
  const first = network.data?.examples?.[0] ?? own;
  if (first === undefined) return [];
  const width = network.inputs ?? first.inputs.length;
  const kind = (targets: unknown) =>
    typeof targets === "string"
      ? "the name of a class"
      : Array.isArray(targets)
        ? namesOf(targets).length > 0
          ? "a list of names of classes"
          : `${targets.length} numbers`
        : "one number";
  const wanted = kind(first.targets);
  const classes = network.data?.classes;
  return examples.flatMap((example, i) => {
    const found: Problem[] = [];
    const { inputs, targets } = example;
    if (inputs.length !== width) {
      found.push(
        source.problem([...base, i, "inputs"], {
          message: "An example has another number of inputs.",
          expected:
            network.inputs === undefined
              ? `${width} numbers, as the first example has`
              : `${width} numbers, as the file says under inputs`,
          found: `${inputs.length}`,
        }),
      );
    }
    const at = [...base, i, "targets"];
    if (classes !== undefined) {
      const names = namesOf(targets);
      const unknown = names.find((name) => !classes.includes(name));
      const label = Number.isInteger(targets) && Number(targets) >= 0;
      if (names.length > 0 && unknown === undefined) return found;
      if (label && Number(targets) < classes.length) return found;
      const fix = unknown === undefined ? undefined : nearestFix(unknown, classes);
      found.push(
        source.problem(at, {
          message: "The target is none of the classes.",
          expected: `one of ${formatWords(classes)}, or a number from 0 to ${classes.length - 1}`,
          found: unknown === undefined ? JSON.stringify(targets) : show(unknown),
          ...(fix === undefined ? {} : { fix }),
        }),
      );
    } else if (kind(targets) !== wanted) {
      found.push(
        source.problem(at, {
          message: "An example has another kind of target than the first.",
          expected: wanted,
          found: kind(targets),
        }),
      );
    }
    return found;
  });
}
