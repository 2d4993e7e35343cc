/** The JSON Schema of network files, made from their form. */
import type { ChoiceForm, Field, Form, RecordForm } from "./form.ts";
import { networkForm } from "./network.ts";

/** A JSON Schema, or a part of one. */
type Schema = Readonly<Record<string, unknown>>;

/** Draft 2020-12, as published under dist/network.schema.json. */
export function networkSchema(): Schema {
  const definitions = new Map<string, Schema>();
  const root = schemaOf(networkForm, definitions);
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: "chainrule network file",
    description: "A neural network, its data and its training.",
    ...root,
    $defs: Object.fromEntries([...definitions].sort(([a], [b]) => (a < b ? -1 : 1))),
  };
}

function schemaOf(form: Form, definitions: Map<string, Schema>): Schema {
  switch (form.kind) {
    case "number": {
      const { whole, least, most, above, below } = form;
      return {
        type: whole ? "integer" : "number",
        ...(least === undefined ? {} : { minimum: least }),
        ...(most === undefined ? {} : { maximum: most }),
        ...(above === undefined ? {} : { exclusiveMinimum: above }),
        ...(below === undefined ? {} : { exclusiveMaximum: below }),
      };
    }
    case "text":
      return form.loose
        ? { type: ["string", "number", "boolean"] }
        : { type: "string", minLength: 1 };
    case "flag":
      return { type: "boolean" };
    case "word":
      return { enum: form.words };
    case "numbers":
      return alternatives(form.depths.map(nested));
    case "list":
      return {
        type: "array",
        items: schemaOf(form.of, definitions),
        ...(form.least ? { minItems: form.least } : {}),
      };
    case "record": {
      const { short } = form;
      const list = short === undefined ? undefined : form.fields[short]?.form;
      const full = recordSchema(form, definitions);
      return list === undefined ? full : alternatives([schemaOf(list, definitions), full]);
    }
    case "map":
      return { type: "object", additionalProperties: schemaOf(form.of, definitions) };
    case "choice":
      return choiceSchema(form, definitions);
    case "either":
      return alternatives(form.of.map((f) => schemaOf(f, definitions)));
  }
}

const nested = (depth: number): Schema =>
  depth === 0 ? { type: "number" } : { type: "array", minItems: 1, items: nested(depth - 1) };

function alternatives(schemas: readonly Schema[]): Schema {
  const [first, ...others] = schemas;
  return first !== undefined && others.length === 0 ? first : { anyOf: schemas };
}

function recordSchema(form: RecordForm, definitions: Map<string, Schema>): Schema {
  const entries = Object.entries(form.fields);
  const required = entries.flatMap(([name, field]) => (field.required ? [name] : []));
  return {
    type: "object",
    properties: Object.fromEntries(
      entries.map(([name, field]) => [name, fieldSchema(field, definitions)]),
    ),
    additionalProperties: false,
    ...(required.length > 0 ? { required } : {}),
    ...(form.oneOf ? { oneOf: form.oneOf.map((name) => ({ required: [name] })) } : {}),
  };
}

function fieldSchema(field: Field, definitions: Map<string, Schema>): Schema {
  const usual = field.otherwise === undefined ? "" : ` Without it: ${field.otherwise}.`;
  return {
    description: field.doc + usual,
    ...schemaOf(field.form, definitions),
    ...(field.default === undefined ? {} : { default: field.default }),
  };
}

/** Choices are used in several places and may contain themselves, so each has a definition. */
function choiceSchema(form: ChoiceForm, definitions: Map<string, Schema>): Schema {
  const reference = { $ref: `#/$defs/${form.what}` };
  if (definitions.has(form.what)) return reference;
  definitions.set(form.what, {});
  const rows = Object.entries(form.table());
  const bare = rows.filter(
    ([, { form }]) => form.kind === "record" && !Object.values(form.fields).some((f) => f.required),
  );
  definitions.set(form.what, {
    anyOf: [
      ...bare.map(([name, { doc }]) => ({ const: name, description: doc })),
      ...rows.map(([name, row]) => ({
        type: "object",
        description: row.doc,
        properties: { [name]: schemaOf(row.form, definitions) },
        required: [name],
        additionalProperties: false,
      })),
    ],
  });
  return reference;
}
