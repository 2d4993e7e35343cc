#!/usr/bin/env node
/** The command line. Commands are loaded when they are called, so that --help is there at once. */
import module from "node:module";
import { Argument, Command, CommanderError, Option } from "commander";
import type { BackendEntry } from "../backends/registry.ts";
import {
  collectArgument as collect,
  listArgument as listed,
  fromZeroArgument as nonNegative,
  wordOption as oneOf,
  wholeArgument as whole,
} from "./arguments.ts";
import { after, layout } from "./help.ts";
import { handleEvents } from "./process-events.ts";
import { width } from "./terminal.ts";

/** Put here by the build. */
declare const CHAINRULE_VERSION: string;

// What is loaded from here on need not be compiled again each time, where Node keeps that.
(module as { enableCompileCache?: () => unknown }).enableCompileCache?.();

type Run = () => Promise<number>;

/** The table of backends, where it is shown or asked: it brings the backends along. */
async function backendsFor(
  words: readonly string[],
  { commands }: Command,
): Promise<readonly BackendEntry[]> {
  const options = commands.find((c) => c.name() === words[0])?.options ?? [];
  const takes = options.some(({ long }) => long === "--backend");
  if (!takes || !words.some((w) => /^(-h|--help|--backend(=.*)?)$/.test(w))) return [];
  // Whether the compiled one can run here is known once the compiler is.
  await (await import("../backends/compiler.ts")).fetchCompiler();
  await import("../backends/c/install.ts");
  return (await import("../backends/registry.ts")).backendEntries;
}

/** What may be asked for, and what of that cannot be had here. */
function backendOption(entries: readonly BackendEntry[]): Option {
  // Those that are asked for by name alone say what they lack when they are: it takes a while to find.
  const asked = entries.filter(({ byNameOnly }) => !byNameOnly);
  const reasons = asked.map((entry) => [entry.name, entry.canRun()] as const);
  const missing = reasons.flatMap(([name, why]) =>
    why === true ? [] : `${name} cannot run here: ${why.charAt(0).toLowerCase()}${why.slice(1)}`,
  );
  const text = ["what runs the steps; default: auto", ...missing].join("; ");
  const option = new Option("--backend <name>", text);
  return entries.length === 0 ? option : option.choices(["auto", ...entries.map((e) => e.name)]);
}

function programOf(start: (run: Run) => void, entries: readonly BackendEntry[] = []): Command {
  const program = new Command("chainrule")
    .description(
      "Trains neural networks by backpropagation and shows every number.\n" +
        "Without a command: the tour of a small network.",
    )
    .version(CHAINRULE_VERSION, "-V, --version", "print the version")
    .helpOption("-h, --help", "print this help")
    .helpCommand(false)
    .configureHelp(layout)
    .showHelpAfterError(false)
    .exitOverride()
    .configureOutput({
      outputError: () => {},
      getOutHelpWidth: () => width(),
      // There are none in our texts, and commander would read the environment to find out.
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    });
  const json = () => new Option("--json", "print JSON instead of text");
  const backend = () => backendOption(entries);
  const set = () =>
    new Option("--set <path=value>", "another value in the file; may be repeated").argParser(
      collect,
    );
  const command = (name: string, description: string) =>
    program.command(name).description(description).helpOption("-h, --help", "print this help");
  program
    .command("tour", { isDefault: true })
    .description("one training step of a small network with every number, then 10,000 more")
    .helpOption("-h, --help", "print this help")
    .addOption(json())
    .action((options) => start(async () => (await import("./tour.ts")).tourCommand(options)));

  command("example", "write a network to start from, with its data, as a file")
    .argument("[names...]", "which; without a name: the list of them")
    .option("-o, --out <folder>", "where to write them; default: examples")
    .option("--force", "replace files that are there")
    .addOption(json())
    .action((names, options) =>
      start(async () => (await import("./example.ts")).exampleCommand(names, options)),
    );

  command("train", "train the network of a file and save it")
    .argument("<file>", "the network file (YAML or JSON), or the folder of a run to go on with")
    .addOption(set())
    .option("-e, --epochs <n>", "train until so many epochs are done", whole(1))
    .option("-o, --out <path>", "where to save; default: FILE's name with .safetensors")
    .option("-r, --resume <path>", "go on from this checkpoint")
    .option("--from <path>", "begin with values of another library's file")
    .addOption(
      new Option("--freeze <names>", 'leave these as they are: "0.*"; may be repeated').argParser(
        collect,
      ),
    )
    .option("--lora <rank>", "train matrices of this rank beside the weights", whole(1))
    .addOption(
      new Option(
        "--lora-names <names>",
        'beside weights of such names alone: "2.*"; may be repeated',
      ).argParser(collect),
    )
    .option("--run <folder>", "keep all that belongs to the run in a new folder")
    .option("--threads <n>", "threads; default: as many as pay", whole(1))
    .option("--mpi", "share out every batch to the processes that mpirun has started")
    .option("--shard", "with --mpi: each process keeps a share of the optimizer's memory")
    .option("--save-every <seconds>", "how often to save on the way; default 60", whole(0))
    .option("--find-rate", "do not train: try learning rates, and suggest one (with --plot, too)")
    .option(
      "--trace-steps <n>",
      "print weights, gradients and changes of the first steps",
      whole(1),
    )
    .addOption(new Option("--pause-at <epoch>").argParser(whole(1)).hideHelp())
    .addOption(new Option("--with-parent").hideHelp())
    .option("--seed <n>", "decides first values, order and division", whole(-Infinity))
    .addOption(oneOf("--update <timing>", "when layers change", "simultaneous sequential"))
    .addOption(backend())
    .option("--deterministic", "the same bits on every machine and engine")
    .option("--no-reproducible", "go over to native code in the midst, though last digits differ")
    .option("--report <path>", "write a page (HTML) that shows the run")
    .option("--plot <path>", "write the curves of loss and metrics (SVG)")
    .option("--csv <path>", "write a table with a row for each epoch")
    .option("--tensorboard <folder>", "write loss and metrics for TensorBoard into this folder")
    .option("-q, --quiet", "print nothing but errors")
    .addOption(json())
    .action((file, options) =>
      start(async () => (await import("./train.ts")).trainCommand(file, options)),
    );

  command("sweep", "train with many settings and sort the runs by what came out")
    .argument("<file>", "the network file, or the folder of a sweep to go on with")
    .option("--set <path=values>", "a range (1e-4..1e-1), a list (32,64) or a value", collect)
    .option("--runs <n>", "how many runs; default: all of a grid of lists, else 20", whole(1))
    .addOption(
      new Option(
        "--method <name>",
        "grid; random; or halving, where after each round the best third goes on; default: grid " +
          "where all values are listed and --runs allows it, else random",
      ).choices(["grid", "random", "halving"]),
    )
    .option("--seed <n>", "decides what is drawn; default 0", whole(-Infinity))
    .option("-e, --epochs <n>", "epochs of each run", whole(1))
    .option("-j, --jobs <n>", "runs at a time; default: as many as there are cores", whole(1))
    .option("-o, --out <folder>", "where to keep the runs; default: FILE's name with -sweep")
    .option("--reports", "write the page of each run, too")
    .addOption(backend())
    .option("--deterministic", "the same bits on every machine and engine")
    .option("-q, --quiet", "print nothing but errors")
    .addOption(json())
    .action((file, options) =>
      start(async () => (await import("./sweep/index.ts")).sweepCommand(file, options)),
    );

  command("repeat", "train a run again; exit 1 if the bits are others")
    .argument("<run>", "the folder that train --run has written")
    .addOption(backend())
    .addOption(json())
    .action((run, options) =>
      start(async () => (await import("./repeat.ts")).repeatCommand(run, options)),
    );

  command("compare", "show what differs between two runs")
    .argument("<first>", "the folder of a run")
    .argument("<second>", "the folder of another")
    .addOption(json())
    .action((first, second, options) =>
      start(async () => (await import("./compare.ts")).compareCommand(first, second, options)),
    );

  command("predict", "say what a trained network makes of new rows")
    .argument(
      "<path>",
      "a checkpoint, the folder of a run, or a network file that has been trained here",
    )
    .option(
      "-i, --input <row>",
      'a row of values: "5.1,3.5,1.4,0.2", or the beginning of a text; may be repeated',
      collect,
    )
    .option(
      "-d, --data <path>",
      "rows: a table (CSV, .jsonl, .parquet) or .npz; - reads standard input",
    )
    .option("--csv <path>", "the same as --data")
    .option("--length <n>", "of a text: write so many tokens behind it", whole(1))
    .option(
      "--temperature <t>",
      "with --length: below 1 likely tokens come more often, at 0 alone; default 1",
      nonNegative,
    )
    .option("--seed <n>", "with --length: decides what is drawn; default 0", whole(-Infinity))
    .option("-o, --out <path>", "write rows with predictions and probabilities as a table (CSV)")
    .option("-c, --checkpoint <path>", "the checkpoint, where a network file is given")
    .addOption(set())
    .option("--untrained", "use the network's first values")
    .option("--averages", "use the averages of the weights that the optimizer keeps (averageDecay)")
    .option("--no-averages", "do not, though the file says validateAverages")
    .addOption(json())
    .action((path, options) =>
      start(async () => (await import("./predict.ts")).predictCommand(path, options)),
    );

  command("evaluate", "measure a trained network on data that it was not trained on")
    .argument(
      "<path>",
      "the folder of a run, a network file that has been trained here, or with --data a checkpoint",
    )
    .option(
      "-d, --data <path>",
      "a table with the target (CSV, .jsonl, .parquet) or .npz; default: the network file's data",
    )
    .option("--csv <path>", "the same as --data")
    .option("-c, --checkpoint <path>", "the checkpoint, where a network file is given")
    .addOption(set())
    .option("--untrained", "use the network's first values")
    .option("--averages", "use the averages of the weights that the optimizer keeps (averageDecay)")
    .option("--no-averages", "do not, though the file says validateAverages")
    .addOption(json())
    .action((path, options) =>
      start(async () => (await import("./evaluate.ts")).evaluateCommand(path, options)),
    );

  command("summary", "print layers, shapes, parameters, operations and memory")
    .argument("<file>", "the network file")
    .option("--trace", "print what each pass of the compiler makes of a training step")
    .addOption(set())
    .option("--ranks <n>", "also the memory of each of so many processes", whole(1))
    .addOption(json())
    .action((file, options) =>
      start(async () => (await import("./summary.ts")).summaryCommand(file, options)),
    );

  command("check", "hold every derivative against differences; exit 1 if one disagrees")
    .argument("<file>", "the network file")
    .option("--entries <n>", "entries of each parameter, default 16", whole(1))
    .option("--examples <n>", "examples of the data, default 8", whole(1))
    .addOption(oneOf("--order <n>", "2 checks second derivatives, too", "1 2"))
    .addOption(set())
    .addOption(json())
    .action((file, { order, ...options }) =>
      start(async () =>
        (await import("./check.ts")).checkCommand(file, {
          ...options,
          order: order === "2" ? 2 : 1,
        }),
      ),
    );

  const language = () => oneOf("--language <name>", "en or zh", "en zh");
  const both = 'the network file, or an expression: "sum((x @ W)^2)"';
  const explained = (c: Command, what = "the network file"): Command =>
    c
      .argument("<file>", what)
      .option("--example <n>", "the example, counted from 0", whole(0))
      .option("--step <n>", "take so many training steps first", whole(0))
      .option("-c, --checkpoint <path>", "start from this checkpoint")
      .addOption(set())
      .addOption(language())
      .addOption(json());

  explained(command("explain", "derive a gradient step by step; exit 1 if a check fails"), both)
    .option("-p, --parameter <name>", 'one number: "0.weight[3,7]"')
    .option("--let <name=value>", "a name's value in the expression; may be repeated", collect)
    .option("--all", "every parameter in turn")
    .addOption(
      oneOf(
        "-f, --format <name>",
        "how it is written; default: by the ending of --out",
        "text markdown pandoc latex html json svg",
      ),
    )
    .addOption(
      oneOf("--notation <name>", "how quantities are called", "canonical net-out bp torch"),
    )
    .addOption(oneOf("--update <timing>", "when layers change", "simultaneous sequential"))
    .option("--digits <n>", "significant digits, default 9", whole(2))
    .addOption(
      oneOf("--level <name>", "how much is written; default: full", "brief full every-step"),
    )
    .addOption(
      oneOf("--form <name>", "how layers are written; default: scalar", "scalar index matrix"),
    )
    .option("--sections <list>", "only these, such as chain,factors,result", listed)
    .option("-o, --out <path>", "write to this file")
    .action((file, options) =>
      start(async () => (await import("./explain.ts")).explainCommand(file, options)),
    );

  explained(command("diagnose", "name the mistake that gives a number; exit 1 if wrong"), both)
    .option("-p, --parameter <name>", "the parameter whose gradient or new value it is")
    .option("--let <name=value>", "a name's value in the expression; may be repeated", collect)
    .option("--value <x>", "the number that you got")
    .addOption(
      oneOf(
        "--quantity <name>",
        "which of its numbers that is; default: any",
        "gradient newValue change",
      ),
    )
    .addOption(
      new Option("--is <what>", "what the number is").choices([
        ...["gradient", "update", "new-value", "loss", "delta", "output"],
      ]),
    )
    .option("--loss-after-step <x>", "or the loss that you got after one update")
    .option("--values <path>", "or a whole sheet (CSV): a name and a number in each row")
    .action((file, options) =>
      start(async () => (await import("./diagnose.ts")).diagnoseCommand(file, options)),
    );

  command("exercise", "write exercises with solutions, with numbers for work by hand")
    .argument("<file>", "the network file")
    .option("--seed <n>", "decides the numbers, default 1", whole(0))
    .addOption(
      new Option("--kind <name>", "what is asked for; default: gradient").choices([
        ...["gradient", "forward", "update"],
      ]),
    )
    .option("--count <n>", "how many, default 10", whole(1, 1000))
    .addOption(
      new Option("-f, --format <name>", "default: by the ending of --out").choices([
        ...["markdown", "latex", "html", "json", "moodle"],
      ]),
    )
    .addOption(json())
    .addOption(language())
    .option("-o, --out <path>", "write the sheet here, and the solutions beside it")
    .option("--solutions", "without --out: print the solutions")
    .action((file, options) =>
      start(async () => (await import("./exercise.ts")).exerciseCommand(file, options)),
    );

  command(
    "grade",
    "say which answers to a sheet are right, and what went wrong; exit 1 if one is wrong",
  )
    .argument("<sheet>", "what exercise --out sheet.json has written")
    .argument("<answers>", "a table (CSV): the number of the exercise, and the answer")
    .addOption(json())
    .action((sheet, answers, options) =>
      start(async () => (await import("./exercise.ts")).gradeCommand(sheet, answers, options)),
    );

  explained(
    command("report", "gains, dead and saturated units, first NaN; exit 1 if there is one"),
  ).action((file, options) =>
    start(async () => (await import("./report.ts")).reportCommand(file, options)),
  );

  command("inspect", "list what a file of another library holds, without loading it")
    .argument("<file>", "safetensors, or another file that is read")
    .option("--picture <path>", "write its layers (SVG), also of a network file")
    .addOption(json())
    .action((file, options) =>
      start(async () => (await import("./inspect.ts")).inspectCommand(file, options)),
    );

  command("export", "write a network for another library")
    .argument("<file>", "the network file")
    .addOption(oneOf("--to <library>", "for which", "onnx pytorch").makeOptionMandatory())
    .option("-o, --out <path>", "ONNX; or a script, with the values in .safetensors beside it")
    .option("-c, --checkpoint <path>", "with the values of this checkpoint")
    .option("--force", "replace files that are there")
    .addOption(set())
    .addOption(json())
    .action((file, options) =>
      start(async () => (await import("./export.ts")).exportCommand(file, options)),
    );

  command("import", "make a network file and a checkpoint of another library's model")
    .argument("<file>", "the model's file")
    .requiredOption("-o, --out <path>", "the network file; values go into .safetensors beside it")
    .option("--force", "replace files that are there")
    .addOption(json())
    .action((file, options) =>
      start(async () => (await import("./import.ts")).importCommand(file, options)),
    );

  command("studio", "serve the studio to this machine and open it in the browser")
    .option("-p, --port <n>", "the port; default: a free one", whole(0, 65535))
    .option("--no-open", "do not open the browser")
    .addOption(json())
    .action((options) => start(async () => (await import("./studio.ts")).studioCommand(options)));

  command("bench", "time training steps, next to plain JavaScript and other libraries")
    .option("-w, --workloads <list>", "of W1,W2,W3,W4,W5,W6; default: all")
    .option("-p, --peer <name=command>", "another library's worker; may be repeated", collect)
    .option("--from-file <network>", "a network of your own, in place of the workloads")
    .option("--repetitions <n>", "turns of each, default 5", whole(1))
    .option("--threads <n>", "threads for chainrule; default: as many as pay", whole(1))
    .addOption(backend())
    .addOption(new Option("--worker <kind>").choices(["chainrule", "plain"]).hideHelp())
    .addOption(json())
    .action((options) =>
      start(async () => (await import("./bench/index.ts")).benchCommand(options)),
    );

  command("cache", "say what is kept of programs that were compiled to C, or clear it")
    .addArgument(new Argument("[action]", "what to do with it").choices(["clear"]))
    .addOption(json())
    .action((action, options) =>
      start(async () => (await import("./cache.ts")).cacheCommand(action, options)),
    );

  command("doctor", "say what this engine can do and which backend trains; exit 1 if none is fast")
    .addOption(json())
    .action((options) => start(async () => (await import("./doctor.ts")).doctorCommand(options)));

  program.addHelpText("after", () => after());
  return program;
}

/** What commander has to say about the command line, as an error of ours. */
async function usageError(error: CommanderError, program: Command, words: readonly string[]) {
  const { ChainruleError } = await import("../core/errors.ts");
  const { nearest } = await import("../core/wording.ts");
  const first = words.find((word) => !word.startsWith("-"));
  const commands = program.commands.map((c) => c.name());
  const given = error.code === "commander.excessArguments" && first !== undefined;
  if (given && !commands.includes(first)) {
    const near = nearest(first, commands);
    const file = /\.(ya?ml|json)$/.test(first);
    return new ChainruleError("usage", {
      message: `There is no command “${first}”.`,
      expected: commands.join(", "),
      where: "the command line",
      fix: file
        ? `Say what to do with it: chainrule train ${first}`
        : near
          ? `Did you mean ${near}?`
          : "See chainrule --help.",
    });
  }
  const [message = "", ...more] = error.message.replace(/^error: /, "").split("\n");
  const hint = more.join(" ").replace(/^\(|\)$/g, "");
  const command = first !== undefined && commands.includes(first) ? ` ${first}` : "";
  return new ChainruleError("usage", {
    message: `${message.charAt(0).toUpperCase()}${message.slice(1)}`.replace(/([^.?!])$/, "$1."),
    where: "the command line",
    fix: hint || `See chainrule${command} --help.`,
  });
}

/** What train prints is one object a line, and so is its error. */
const jsonOf = (words: readonly string[]) =>
  words.includes("--json") && (words[0] === "train" ? "line" : "document");

async function main(words: readonly string[]): Promise<number> {
  const json = jsonOf(words);
  let run: Run | undefined;
  const start = (given: Run) => {
    run = given;
  };
  const program = programOf(start, await backendsFor(words, programOf(start)));
  try {
    program.parse(words as string[], { from: "user" });
    return (await run?.()) ?? 0;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return 0;
    const { explained, report } = await import("./failure.ts");
    const usage = error instanceof CommanderError;
    return report(usage ? await usageError(error, program, words) : explained(error), json);
  }
}

const words = process.argv.slice(2);
handleEvents(jsonOf(words));
// The exit code is set, not exited with: what is still in the pipes is to arrive.
process.exitCode = await main(words);
