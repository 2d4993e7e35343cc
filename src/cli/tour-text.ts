/** The tour's words. */
import { at } from "../core/at.ts";
import { architecture } from "./describe.ts";
import type { Unit } from "./factors.ts";
import { self } from "./files.ts";
import { count, duration, formatNumber } from "./numbers.ts";
import { bold, columns, cyan, dim, green, print, wrapWords } from "./terminal.ts";
import type { Milestone, Story } from "./tour.ts";

const indent = "   ";
const printAll = (lines: readonly string[]): void => {
  for (const line of lines) print(line === "" ? "" : indent + line);
};

function heading(n: number, title: string, rest: string): void {
  print();
  print(`${bold(`${n}  ${title}`)}  ${dim(rest)}`);
}

export function printStory(story: Story): void {
  const { network, inputs, path } = story;
  const what = "trains neural networks by backpropagation and shows every number";
  print(`${bold("chainrule")} ${dim(what)}`);
  print();
  print(`${bold(network.name ?? "")} ${dim(`(${path})`)}`);
  for (const line of wrapWords(architecture(network, inputs.length), "  ")) print(line);

  heading(1, "Forward", "what every layer makes of the inputs, and the error");
  printAll(forwardLines(story));

  heading(2, "Backward", "the chain rule, each factor read off the gradient's graph");
  printAll(
    story.chains.flatMap((chain, i) => [...(i > 0 ? [""] : []), ...chainLines(chain, story)]),
  );

  const rate = (network.optimizer.options as { learningRate?: unknown }).learningRate;
  heading(3, "Update", `${network.optimizer.name}: every weight minus ${rate} · ∂E/∂weight`);
  printAll(updateLines(story));

  const steps = story.simultaneous.at(-1)?.step ?? 0;
  heading(4, "Train", `${count(steps)} steps, in ${duration(story.seconds)}`);
  printAll(runLines(story.simultaneous, story.targets));

  heading(5, "The usual mistake", "update: sequential");
  const mistake =
    "To update the last layer first, and to take the other gradients with its new weights, " +
    "gives other numbers. Well-known pages print them mixed with the right ones.";
  printAll(wrapWords(mistake, "", 76));
  const [first, ...later] = story.sequential;
  printAll(runLines(first ? [first, ...later.slice(-1)] : [], story.targets));

  print();
  print(bold("What to try next"));
  const me = self();
  const next: [string, string][] = [
    [`${me} studio`, "this network in a browser"],
    [`${me} explain ${path}`, "a gradient on paper"],
    [`${me} train examples/iris.yaml`, "tell three flowers apart"],
    [`${me} train examples/spirals.yaml`, "and two spirals"],
    [`${me} summary examples/mnist.yaml`, "layers, parameters, cost"],
    [`${me} check ${path}`, "derivatives by differences"],
    [`${me} --help`, "everything else"],
  ];
  printAll(
    columns(
      next.map(([command, gives]) => [green(command), dim(gives)]),
      "<",
    ),
  );
}

function forwardLines({ inputs, targets, layers, error, network }: Story): string[] {
  const cells = (values: readonly number[]) => values.map((v) => formatNumber(v));
  const rows = [
    ["", "inputs", ...cells(inputs)],
    ...layers.map(({ path, name, outputs }) => [cyan(`y${path}`), name, ...cells(outputs)]),
    ["", "targets", ...cells(targets)],
  ];
  return [
    ...columns(rows, "<", 3),
    `error E = ${bold(formatNumber(error))}   ${dim(network.loss.name)}`,
  ];
}

/** A chain as lines: symbols, numbers, result, and the paths where its first factor is a sum. */
function chainLines(chain: Story["chains"][number], { layers }: Story): string[] {
  const { name, place, value, factors, paths } = chain;
  const unit = ({ layer, index }: Unit) => `y${at(layers, layer).path}[${index}]`;
  const derivative = (of: Unit | undefined, by: Unit | undefined) =>
    `∂${of ? unit(of) : "E"}/∂${by ? unit(by) : name}`;
  const left = derivative(undefined, undefined);
  const gap = " ".repeat(left.length);
  const lines = [
    `${left} = ${factors.map((f) => derivative(f.of, f.by)).join(" · ")}`,
    `${gap} = ${factors.map((f) => formatNumber(f.value)).join(" · ")}`,
    `${gap} = ${bold(formatNumber(value))}   ${dim(`${name} is ${place}`)}`,
  ];
  const [meeting] = factors;
  if (meeting?.by === undefined || paths.length === 0) return lines;
  const rows = paths.map(({ via, upstream, local }) => [
    `${derivative(undefined, via)} · ${derivative(via, meeting.by)}`,
    `= ${formatNumber(upstream)} · ${formatNumber(local)}`,
    `= ${formatNumber(upstream * local)}`,
  ]);
  return [
    ...lines,
    `where ${derivative(undefined, meeting.by)} adds up over ${paths.length} paths:`,
    ...columns([...rows, ["", dim("sum"), `= ${formatNumber(meeting.value)}`]], "<", 1).map(
      (line) => `  ${line}`,
    ),
  ];
}

function updateLines({ updates, error, simultaneous }: Story): string[] {
  const cells = updates.map((u) => [
    cyan(u.name),
    `${formatNumber(u.before, 6)} → ${formatNumber(u.after)}`,
  ]);
  const half = Math.ceil(cells.length / 2);
  const rows = cells.slice(0, half).map((left, i) => [...left, ...(cells[half + i] ?? [])]);
  const after = simultaneous[0]?.error ?? Number.NaN;
  return [
    ...columns(rows, "<", 3),
    `error E = ${formatNumber(error)} → ${bold(formatNumber(after))}`,
  ];
}

function runLines(run: readonly Milestone[], targets: readonly number[]): string[] {
  const rows = run.map(({ step, error, outputs }, i) => [
    count(step),
    i === run.length - 1 ? bold(formatNumber(error)) : formatNumber(error),
    ...outputs.map((v) => formatNumber(v)),
  ]);
  const header = ["step", "error E", ...targets.map((_, i) => `output ${i}`)].map(dim);
  const wanted = [dim("target"), "", ...targets.map((v) => formatNumber(v))];
  return columns([header, ...rows, wanted], "><", 3);
}
