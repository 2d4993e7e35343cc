/** What the tests of binary tables read: the recorded files, and what pyarrow has found in them. */
import { readFileSync } from "node:fs";
import type { Table } from "../../src/data/index.ts";

const folder = new URL("../fixtures/tables/", import.meta.url);
export const bytesOf = (name: string) => new Uint8Array(readFileSync(new URL(name, folder)));
export const types: Record<string, (number | string | null)[]> = JSON.parse(
  readFileSync(new URL("types.json", folder), "utf8"),
);
export const valuesOf = ({ columns }: Table) =>
  Object.fromEntries(
    columns.map(({ name, numbers, cells }) => [
      name,
      numbers
        ? [...numbers].map((x) => (Number.isNaN(x) ? null : x))
        : cells.map((cell) => (cell === "" ? null : cell)),
    ]),
  );
