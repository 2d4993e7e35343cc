/** What the editor's form is made of, read off the tables of the network file. */
import type { Field } from "../../../src/network-file/form.ts";
import type { LayerRow } from "../../../src/network-file/layer-row.ts";
import { layers } from "../../../src/network-file/layers.ts";
import type { LossRow } from "../../../src/network-file/loss-row.ts";
import { losses } from "../../../src/network-file/losses.ts";
import { type OptimizerRow, optimizers } from "../../../src/network-file/optimizers.ts";
import type { FieldForm, Forms, LayerForm } from "../protocol.ts";

type Rows<Row> = Readonly<Record<string, Row>>;

interface Tables {
  readonly layers: Rows<LayerRow>;
  readonly losses: Rows<LossRow>;
  readonly optimizers: Rows<OptimizerRow>;
}

const isPlain = (v: unknown): v is number | boolean | string =>
  typeof v === "number" || typeof v === "boolean" || typeof v === "string";

/** Options that are left out may be what no control shows: those have none. */
function fieldForm(name: string, field: Field): FieldForm[] {
  const { form, doc, default: usual, required = false } = field;
  if (form.kind !== "number" && form.kind !== "flag" && form.kind !== "word") return [];
  if (!required && !isPlain(usual)) return [];
  const outputs = field.decides === "outputs";
  return [{ name, doc, form, outputs, ...(isPlain(usual) ? { usual } : {}) }];
}

function layerForm(name: string, { kind, doc, form, suits }: LayerRow): LayerForm {
  const fields = form.kind === "record" ? Object.entries(form.fields) : [];
  return {
    name,
    doc,
    kind,
    fields: fields.flatMap(([own, field]) => fieldForm(own, field)),
    starts: fields.flatMap(([own, { role }]) => (role === undefined ? [] : [{ name: own, role }])),
    ...(suits === undefined ? {} : { suits }),
  };
}

export const formsOf = (tables: Tables = { layers, losses, optimizers }): Forms => ({
  layers: Object.entries(tables.layers).map(([name, row]) => layerForm(name, row)),
  losses: Object.entries(tables.losses).map(([name, { doc, targets }]) => ({ name, doc, targets })),
  // What needs options, such as groups, is written into the file.
  optimizers: Object.entries(tables.optimizers).flatMap(([name, { doc, form }]) =>
    form.kind === "record" && Object.values(form.fields).some((field) => field.required)
      ? []
      : [{ name, doc }],
  ),
});
