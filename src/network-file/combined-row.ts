/** The row of several losses as one. */
import { combinedLoss, type LossPart } from "../nn/losses.ts";
import {
  asRead,
  type Chosen,
  choice,
  list,
  number,
  record,
  rowOf,
  shortRecord,
  whole,
} from "./form.ts";
import { fittingOf, type LossComplaint, type LossRow } from "./loss-row.ts";

type Columns = NonNullable<LossPart["outputs"]>;
type Table = () => Readonly<Record<string, LossRow>>;

const columns = (of: string) => ({
  form: list(whole(0), 1),
  doc: `Its columns of the ${of}: from one place to below another, counted from 0.`,
  otherwise: "all",
});

const formOf = (table: Table) =>
  shortRecord("parts", {
    parts: {
      form: list(
        record({
          loss: { form: choice("loss", table), doc: "A loss.", required: true },
          weight: { form: number({ least: 0 }), doc: "What it counts for.", default: 1 },
          outputs: columns("outputs"),
          targets: columns("targets"),
        }),
        1,
      ),
      doc:
        "The losses, each with its `weight`, and with its columns of `outputs` and `targets`: " +
        "[{ loss: crossEntropy, outputs: [0, 3], targets: [0, 1] }, { loss: huber, outputs: [3, 4], " +
        "targets: [1, 2], weight: 0.5 }]. A loss of labels takes one column of targets.",
      required: true,
    },
  });

const width = ([from, to]: readonly number[] = []): number | undefined =>
  from === undefined || to === undefined ? undefined : to - from;

/** E = Σ weight·E_part. */
export function combinedRow(table: Table): LossRow {
  const form = formOf(table);
  const partsIn = (options: Chosen["options"]) =>
    asRead(form, options).parts.map((part) => ({ ...part, row: resolve(part.loss) }));
  const resolve = ({ name, options }: Chosen): LossRow => {
    const row = rowOf(table(), name);
    return row.resolved?.(options) ?? row;
  };
  type Parts = ReturnType<typeof partsIn>;
  /** Whether each part takes all outputs and targets. */
  const isWhole = (parts: Parts): boolean =>
    parts.every(({ outputs, targets }) => outputs === undefined && targets === undefined);
  const row: LossRow = {
    doc: "E = Σ weight·E_part: several losses, of all outputs or each of its own.",
    form,
    targets: "numbers",
    build(options) {
      const parts = partsIn(options);
      const made = parts.map(({ loss, row, ...part }) => ({
        weight: part.weight,
        ...(part.outputs && { outputs: part.outputs as Columns }),
        ...(part.targets && { targets: part.targets as Columns }),
        loss: row.build(loss.options, undefined),
      }));
      const loss = combinedLoss(made);
      const [first] = made;
      if (first === undefined || !isWhole(parts)) return loss;
      const { threshold, classes } = first.loss;
      return Object.assign(loss, {
        ...(threshold === undefined ? {} : { threshold }),
        ...(classes === undefined ? {} : { classes }),
      });
    },
    resolved(options) {
      const parts = partsIn(options);
      const [first] = parts;
      if (first !== undefined && isWhole(parts)) {
        const { distributions, probabilities, outputsFor, targets } = first.row;
        return {
          ...row,
          targets,
          ...(distributions && parts.every((part) => part.row.distributions)
            ? { distributions }
            : {}),
          ...(probabilities ? { probabilities } : {}),
          ...(outputsFor ? { outputsFor } : {}),
          fits: (o, t) => parts.every((part) => fittingOf(part.row).fits(o, t)),
        };
      }
      const ends = (what: "outputs" | "targets") =>
        parts.reduce<number>((most, part) => Math.max(most, part[what]?.[1] ?? 0), 0);
      return {
        ...row,
        outputsFor: (targets) => ends("outputs") || targets,
        fits: (o, t) =>
          ends("outputs") <= o &&
          ends("targets") <= t &&
          parts.every((part) => {
            const [own, wanted] = [width(part.outputs) ?? o, width(part.targets) ?? t];
            if (part.row.targets === "labels" && wanted === 1) return own > 1;
            return fittingOf(part.row).fits(own, wanted);
          }),
      };
    },
    check(options) {
      const parts = partsIn(options);
      const whole = isWhole(parts);
      const kinds = [...new Set(parts.map((part) => part.row.targets))];
      const mixed: LossComplaint[] =
        whole && kinds.length > 1
          ? [
              [
                ["parts"],
                {
                  message: "These losses take different targets.",
                  expected: "losses of the same targets, or outputs and targets for each",
                  found: parts.map(({ loss, row }) => `${loss.name} of ${row.targets}`).join(", "),
                },
              ],
            ]
          : [];
      return [...mixed, ...parts.flatMap((part, i) => partProblems(part, i, whole, table))];
    },
    pytorch(options, places) {
      const parts = partsIn(options);
      const bodies = parts.map(({ loss, row }, i) => {
        const body = row.pytorch(loss.options, places).replaceAll(/^/gm, "    ");
        return `def part${i}(o, t):\n${body}\n`;
      });
      const taken = (name: string, of: readonly number[] | undefined) =>
        of === undefined ? name : `${name}[..., ${of[0]}:${of[1]}]`;
      const terms = parts.map(({ weight, outputs, targets, row }, i) => {
        const label = targets !== undefined && row.targets === "labels" && width(targets) === 1;
        const t = label ? `t[..., ${targets[0]}].long()` : taken("t", targets);
        return `${weight} * part${i}(${taken("o", outputs)}, ${t})`;
      });
      return `${bodies.join("\n")}\nreturn ${terms.join(" + ")}`;
    },
  };
  return row;
}

/** What is wrong with one part. */
function partProblems(
  part: {
    readonly loss: Chosen;
    readonly row: LossRow;
    readonly outputs?: readonly number[];
    readonly targets?: readonly number[];
  },
  i: number,
  whole: boolean,
  table: Table,
): LossComplaint[] {
  const found: LossComplaint[] = [];
  for (const what of ["outputs", "targets"] as const) {
    const given = part[what];
    if (given === undefined || (given.length === 2 && (width(given) ?? 0) > 0)) continue;
    found.push([
      ["parts", i, what],
      {
        message: `There are no such columns of the ${what}.`,
        expected: "two whole numbers, the second larger than the first, such as [0, 3]",
        found: `[${given.join(", ")}]`,
      },
    ]);
  }
  const labels = part.row.targets === "labels";
  if (!whole && labels && !part.row.distributions && width(part.targets) !== 1) {
    found.push([
      ["parts", i, "targets"].slice(0, part.targets === undefined ? 2 : 3),
      {
        message: `${part.loss.name} takes one column of targets, with the labels.`,
        expected: "one column, such as targets: [0, 1]",
        found: part.targets === undefined ? "all" : `[${part.targets.join(", ")}]`,
      },
    ]);
  }
  const { options } = part.loss;
  const weights = (options as { readonly classWeights?: unknown }).classWeights;
  if (weights !== undefined && !Array.isArray(weights)) {
    found.push([
      ["parts", i, "loss", part.loss.name, "classWeights"],
      {
        message: "A part of a loss weighs classes by their numbers.",
        expected: "a list in the order of the classes, such as [1, 5]",
        found: "names, or balanced",
      },
    ]);
  }
  const inner = rowOf(table(), part.loss.name).check?.(options) ?? [];
  return [
    ...found,
    ...inner.map(
      ([inside, complaint]): LossComplaint => [
        ["parts", i, "loss", part.loss.name, ...inside],
        complaint,
      ],
    ),
  ];
}
