/** Parquet from what Node's readFile gives: a Buffer, whose slices are views of the same memory. */
import { expect, test } from "vitest";
import { parseParquet } from "../../src/data/index.ts";
import { bytesOf, valuesOf } from "./recorded-tables.ts";

test.each(["plain", "snappy", "zstd"])("%s, in a Buffer", async (way) => {
  const bytes = bytesOf(`ways-${way}.parquet`);
  const table = await parseParquet(Buffer.from(bytes));
  expect(valuesOf(table)).toEqual(valuesOf(await parseParquet(bytes)));
});
