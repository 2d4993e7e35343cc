/** The published schema, held against derivations by a validator of the part that it uses. */
import { expect, it } from "vitest";
import schema from "../../src/explain/derivation.schema.json" with { type: "json" };
import { sections } from "../../src/explain/derivation.ts";
import { explain } from "../../src/explain/index.ts";
import { seedData, seedNetwork } from "./networks.ts";

interface Schema {
  readonly $ref?: string;
  readonly type?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly pattern?: string;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: boolean | Schema;
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
}

const definitions = schema.$defs as unknown as Readonly<Record<string, Schema>>;

function problems(value: unknown, s: Schema, at: string): string[] {
  if (s.$ref) return problems(value, definitions[s.$ref.slice("#/$defs/".length)]!, at);
  if (s.anyOf) return s.anyOf.some((x) => problems(value, x, at).length === 0) ? [] : [at];
  if ("const" in s) return value === s.const ? [] : [`${at} is not ${s.const}`];
  if (s.enum) return s.enum.includes(value) ? [] : [`${at} = ${String(value)}`];
  const kind = Array.isArray(value) ? "array" : typeof value;
  const wanted = s.type === "integer" ? "number" : s.type;
  if (wanted && kind !== wanted) return [`${at} is ${kind}, not ${s.type}`];
  if (s.pattern && !new RegExp(s.pattern).test(value as string)) return [`${at} = ${value}`];
  if (Array.isArray(value)) {
    return s.items ? value.flatMap((v, i) => problems(v, s.items!, `${at}[${i}]`)) : [];
  }
  if (kind !== "object") return [];
  const entries = Object.entries(value as object);
  const missing = (s.required ?? []).filter((k) => !entries.some(([name]) => name === k));
  return [
    ...missing.map((k) => `${at} lacks ${k}`),
    ...entries.flatMap(([k, v]) => {
      const own = s.properties?.[k] ?? s.additionalProperties ?? true;
      if (own === true) return [];
      return own === false ? [`${at}.${k} is unknown`] : problems(v, own, `${at}.${k}`);
    }),
  ];
}

it("derivations follow derivation.schema.json", async () => {
  for (const all of [false, true]) {
    const d = await explain(seedNetwork(), { data: seedData, all });
    const json = JSON.parse(JSON.stringify(d)) as unknown;
    expect(problems(json, schema as unknown as Schema, "$")).toEqual([]);
    const ids = new Set(d.data.steps.map((s) => s.id));
    for (const s of d.data.steps)
      for (const id of [...s.inputs, ...s.children]) expect(ids).toContain(id);
  }
  expect(definitions.step!.properties!.section!.enum).toEqual([...sections]);
});
