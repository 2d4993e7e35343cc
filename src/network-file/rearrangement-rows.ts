/** Rows of layers that put the same numbers into another shape. */
import { border } from "../nn/border.ts";
import { flatten, permute, reshapeTo, unflatten } from "../nn/rearrangement.ts";
import { list, number, word } from "./form.ts";
import { type LayerRow, layerRow } from "./layer-row.ts";

const perAxis = list(number({ whole: true }), 1);

/** Numbers before and after the last axes as PyTorch's pad takes them: the last axis first. */
const sides = (before: readonly number[], after: readonly number[]): string =>
  before
    .map((n, axis) => `${n}, ${after[axis]}`)
    .toReversed()
    .join(", ");

/** The module of a border in a PyTorch script. */
const borderClass = `(nn.Module):
    def __init__(self, *how):
        super().__init__()
        self.how = how

    def forward(self, x):
        return F.pad(x, *self.how)`;

/** That of axes in another order. */
const permuteClass = `(nn.Module):
    def __init__(self, *axes):
        super().__init__()
        self.axes = axes

    def forward(self, x):
        return x.permute(self.axes)`;

/** Rearrangements that a network file may name. */
export const rearrangementRows: Readonly<Record<string, LayerRow>> = {
  flatten: layerRow(
    "rearrangement",
    "The same numbers with several axes as one, by default all but the batch's.",
    {
      startAxis: { form: number({ whole: true }), doc: "The first of them.", default: 1 },
      endAxis: { form: number({ whole: true }), doc: "The last of them.", default: -1 },
    },
    (options) => flatten(options),
    {
      pytorch: ({ startAxis, endAxis }) =>
        `nn.Flatten(${startAxis === 1 && endAxis === -1 ? "" : `${startAxis}, ${endAxis}`})`,
    },
  ),
  unflatten: layerRow(
    "rearrangement",
    "The same numbers with several axes in the place of one: images of rows of numbers.",
    {
      axis: { form: number({ whole: true }), doc: "The axis.", default: 1 },
      sizes: {
        form: list(number({ whole: true, least: -1 }), 1),
        doc: "The sizes that stand in its place; one may be −1 and follows from the others.",
        required: true,
      },
    },
    ({ axis, sizes }) => unflatten(axis, sizes),
    { pytorch: ({ axis, sizes }) => `nn.Unflatten(${axis}, (${sizes.join(", ")},))` },
  ),
  reshapeTo: layerRow(
    "rearrangement",
    "The same numbers in other sizes behind the batch's axis.",
    {
      sizes: {
        form: list(number({ whole: true, least: -1 }), 1),
        doc: "The sizes; one may be −1 and follows from the others.",
        required: true,
      },
    },
    ({ sizes }) => reshapeTo(sizes),
    {
      // All behind the batch's axis as one, and that as several.
      pytorch: ({ sizes }) =>
        `nn.Sequential(nn.Flatten(), nn.Unflatten(1, (${sizes.join(", ")},)))`,
    },
  ),
  permute: layerRow(
    "rearrangement",
    "The same numbers with their axes in another order.",
    {
      axes: {
        form: list(number({ whole: true, least: 0 }), 1),
        doc: "The order, that of the batch, 0, included.",
        required: true,
      },
    },
    ({ axes }) => permute(axes),
    {
      pytorch: ({ axes }, { define }) => `${define("Permute", permuteClass)}(${axes.join(", ")})`,
    },
  ),
  border: layerRow(
    "rearrangement",
    "The same numbers with a border around them along the last axes, or without so many at the ends.",
    {
      before: {
        form: perAxis,
        doc: "Elements before the first of each of the last axes; below 0 so many are cut off.",
        required: true,
      },
      after: { form: perAxis, doc: "The same behind the last.", required: true },
      value: { form: number(), doc: "What stands in a border of constants.", otherwise: "0" },
      mode: {
        form: word("constant", "reflect", "replicate", "circular"),
        doc: "What stands in the border: a constant, or the input mirrored, its last elements, or its other end.",
        default: "constant",
      },
    },
    (options) => border(options),
    {
      pytorch: ({ before, after, mode, value = 0 }, { define }) =>
        `${define("Border", borderClass)}((${sides(before, after)}), "${mode}", ${mode === "constant" ? value : "None"})`,
    },
  ),
};
