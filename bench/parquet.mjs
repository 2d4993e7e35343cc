/**
 * How long it takes to make a data set of a Parquet file of 1 million rows and 20 columns, against what
 * hyparquet alone takes to decode the columns, one after the other as we do. Both in turns.
 *
 *     npm run build -- --no-studio && node --expose-gc bench/parquet.mjs [rounds=5] [rows=1000000]
 *
 * The file is written by pyarrow (PYTHON names the interpreter).
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parquetMetadata, parquetRead } from "hyparquet";
import { compressors } from "hyparquet-compressors";
import { parseParquet, tableDataset } from "../dist/data.js";

const [rounds = 5, rows = 1_000_000] = process.argv.slice(2).map(Number);
const folder = mkdtempSync(join(tmpdir(), "chainrule-parquet-"));
const path = join(folder, "table.parquet");
const script = fileURLToPath(new URL("parquet_file.py", import.meta.url));
execFileSync(process.env.PYTHON ?? "python3", [script, path, String(rows)], { stdio: "inherit" });
const bytes = new Uint8Array(readFileSync(path));
rmSync(folder, { recursive: true });

const ways = {
  async bare() {
    const { buffer } = bytes.slice();
    const metadata = parquetMetadata(buffer);
    const columns = [];
    for (const { name } of metadata.schema.slice(1)) {
      const onChunk = ({ columnData }) => columns.push(columnData);
      await parquetRead({ file: buffer, metadata, columns: [name], compressors, onChunk });
    }
    return columns;
  },
  async table() {
    return parseParquet(bytes);
  },
  async dataset() {
    return tableDataset(await parseParquet(bytes), { target: "sold" });
  },
};
const times = Object.fromEntries(Object.keys(ways).map((way) => [way, []]));
for (let round = 0; round <= rounds; round++) {
  for (const [way, run] of Object.entries(ways)) {
    globalThis.gc?.();
    const started = performance.now();
    await run();
    // The first round warms up.
    if (round > 0) times[way].push(performance.now() - started);
  }
}
const middle = (list) => list.sort((a, b) => a - b)[Math.floor(list.length / 2)];
const [bare, table, dataset] = Object.values(times).map(middle);
console.log(
  `hyparquet alone ${bare.toFixed(0)} ms, a table ${table.toFixed(0)} ms, a data set ` +
    `${dataset.toFixed(0)} ms: ${(dataset / bare).toFixed(2)} ×`,
);
