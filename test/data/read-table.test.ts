import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { parse } from "csv-parse/browser/esm/sync";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  parseTable,
  type ReadingProgress,
  readTable,
  type Table,
  type TableOptions,
} from "../../src/data/index.ts";
import { eachRecord } from "../../src/data/records.ts";
import { rejection } from "../support/failure.ts";

const utf8 = new TextEncoder();

/** A list of pieces, one after the other, as if they came over a network. */
async function* later<T>(pieces: Iterable<T>): AsyncGenerator<T, void, undefined> {
  for (const piece of pieces) {
    await null;
    yield piece;
  }
}

function cut<T extends string | Uint8Array>(whole: T, places: readonly number[]): T[] {
  const sorted = [0, ...places.map((p) => p % (whole.length + 1)).sort((a, b) => a - b)];
  return sorted.map((from, i) => whole.slice(from, sorted[i + 1] ?? whole.length) as T);
}

const outcome = async (table: () => Table | Promise<Table>): Promise<unknown> => {
  try {
    return await table();
  } catch (error) {
    return (error as { code: string }).code;
  }
};

const signs = ["a", "é", "漢", " ", '"', '"', ",", ";", "\n", "\n", "\r", "#", "1", ".", "\u00a0"];
const anyText = fc.string({ unit: fc.constantFrom(...signs), maxLength: 60 });

describe("records", () => {
  it("are those of csv-parse", () => {
    const unit = fc.constantFrom(..."aé1.#", " ", "\t", '"', '"', ",", ";", "\n", "\n");
    fc.assert(
      fc.property(fc.string({ unit, maxLength: 40 }), fc.constantFrom(",", ";"), (text, sign) => {
        // Behind a closing quotation mark and blanks it drops # and what follows, or "…": errors here.
        fc.pre(!/"[ \t]+"|"[ \t]*#/.test(text));
        const own = (): unknown => {
          const found: (readonly string[])[] = [];
          try {
            const dialect = { delimiter: sign, comment: "#", source: undefined };
            eachRecord(text, dialect, (record) => found.push([...record]));
          } catch {
            return "an error";
          }
          return found;
        };
        const theirs = (): unknown => {
          try {
            return parse(text, {
              delimiter: sign,
              comment: "#",
              comment_no_infix: true,
              record_delimiter: "\n",
              relax_column_count: true,
              skip_empty_lines: true,
              trim: true,
            });
          } catch {
            return "an error";
          }
        };
        expect(own()).toEqual(theirs());
      }),
      { numRuns: 3000 },
    );
  });
});

describe("readTable", () => {
  it("gives what parseTable gives, wherever the text is cut", async () => {
    const places = fc.array(fc.nat(200), { maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(anyText, places, fc.boolean(), async (text, at, header) => {
        const options: TableOptions = { header };
        const whole = await outcome(() => parseTable(text, options));
        expect(await outcome(() => readTable(cut(text, at), options))).toEqual(whole);
        const bytes = later(cut(utf8.encode(text), at));
        expect(await outcome(() => readTable(bytes, options))).toEqual(whole);
      }),
      { numRuns: 500 },
    );
  });
  it("finds delimiters and types as for the whole text where the sample is cut", async () => {
    for (const length of [16_382, 16_383, 16_384, 16_385, 40_000]) {
      const rows = Array.from({ length }, (_, i) => (i % 3 ? "1;2" : '"x;";NA'));
      const text = `sep=;\r\na;b\r\n${rows.join("\r\n")}\r`;
      const whole = parseTable(text);
      expect(whole.delimiter).toBe(";");
      expect(await readTable(cut(text, [7, 65_536, 65_541, 65_555]))).toEqual(whole);
    }
  });
  it("reads files, Files, streams, bytes and gzip", async () => {
    const text = `a,b\n${Array.from({ length: 30_000 }, (_, i) => `${i},x${i}`).join("\n")}\n`;
    const whole = parseTable(text);
    const folder = mkdtempSync(join(tmpdir(), "chainrule-read-"));
    try {
      for (const bytes of [utf8.encode(text), new Uint8Array(gzipSync(text))]) {
        const path = join(folder, "t.csv");
        writeFileSync(path, bytes);
        expect(await readTable(path)).toEqual({ ...whole, source: path });
        const file = new File([bytes], "t.csv");
        expect(await readTable(file)).toEqual({ ...whole, source: "t.csv" });
        expect(await readTable(file.stream(), { source: "s" })).toEqual({ ...whole, source: "s" });
        expect(await readTable(bytes)).toEqual(whole);
        expect(await readTable(later(cut(bytes, [1, 2, 3, 50])))).toEqual(whole);
      }
      const missing = join(folder, "none.csv");
      const error = await rejection("file-unreadable", readTable(missing));
      expect(error.where).toBe(missing);
      expect(await rejection("file-unreadable", readTable(folder))).toBeDefined();
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
  it("tells how far it is, and lets others have their turn", async () => {
    const row = `${"1.25,".repeat(19)}x\n`;
    const text = `${Array.from({ length: 20 }, (_, j) => `c${j}`).join()}\n${row.repeat(60_000)}`;
    const heard: ReadingProgress[] = [];
    let turns = 0;
    const timer = setInterval(() => turns++, 1);
    const bytes = utf8.encode(text);
    await readTable(bytes, { onProgress: (progress) => heard.push(progress) });
    clearInterval(timer);
    expect(heard.at(-1)).toEqual({ bytes: bytes.length, total: bytes.length, rows: 60_000 });
    expect(heard.length).toBeGreaterThan(2);
    expect(turns).toBeGreaterThan(1);
    const rows = heard.map((progress) => progress.rows);
    expect(rows).toEqual([...rows].sort((a, b) => a - b));
  });
  it("is stopped by a signal, even where the source waits, and closes it", async () => {
    let closed = 0;
    const endless = async function* () {
      try {
        yield "a,b\n1,2\n";
        for (;;) {
          await new Promise((go) => setTimeout(go, 1));
          yield "3,4\n";
        }
      } finally {
        closed++;
      }
    };
    const controller = new AbortController();
    const reading = readTable(endless(), { signal: controller.signal });
    setTimeout(() => controller.abort(), 5);
    await expect(reading).rejects.toMatchObject({ name: "AbortError" });
    await new Promise((go) => setTimeout(go, 5));
    expect(closed).toBe(1);
    const waiting = new AbortController();
    const silent = new ReadableStream<Uint8Array>({ pull: () => new Promise(() => {}) });
    const stuck = readTable(silent, { signal: waiting.signal });
    waiting.abort(new Error("enough"));
    await expect(stuck).rejects.toThrow("enough");
    await expect(readTable(["a\n1\n"], { signal: AbortSignal.abort() })).rejects.toThrow();
  });
  it("passes on what the source throws, and closes it where the table is wrong", async () => {
    const broken = async function* () {
      yield "a,b\n1,2\n";
      throw new Error("the line is down");
    };
    await expect(readTable(broken())).rejects.toThrow("the line is down");
    const packed = gzipSync("a,b\n1,2\n".repeat(1000));
    const cutOff = async function* () {
      yield new Uint8Array(packed.subarray(0, 20));
      throw new Error("the line is down");
    };
    await expect(readTable(cutOff())).rejects.toThrow("the line is down");
    let closed = false;
    const ragged = async function* () {
      try {
        for (;;) yield `a,b\n1\n${"1,2\n".repeat(50_000)}`;
      } finally {
        closed = true;
      }
    };
    const error = await rejection("data-invalid", readTable(ragged(), { source: "t" }));
    expect(error.where).toBe("t, line 2");
    expect(closed).toBe(true);
  });
  it("refuses bytes that are no table, and more than the limit", async () => {
    const bad = (bytes: readonly number[]) => readTable(Uint8Array.from(bytes));
    const wide = await rejection("file-corrupt", bad([0xff, 0xfe, 0x61, 0]));
    expect(wide.found).toBe("text in UTF-16");
    await rejection("file-corrupt", bad([0x61, 0x0a, 0xc3]));
    const packed = new Uint8Array(gzipSync("a\n1\n"));
    await rejection("file-corrupt", readTable(packed.slice(0, -6)));
    await rejection("file-corrupt", readTable(Uint8Array.from([...packed, 1, 2, 3])));
    await rejection("too-large", readTable(["a\n", "1\n"], { limit: 3 }));
    await rejection("data-invalid", readTable(["a\n", "\0\n"]));
    await rejection("bad-argument", readTable(5 as never));
    await rejection("bad-argument", readTable(["a\n1\n", utf8.encode("2\n")]));
    await rejection("bad-argument", readTable([3 as never]));
    await rejection("bad-argument", readTable(["a\n1\n"], { onProgress: 1 as never }));
    await rejection("bad-argument", readTable(["a\n1\n"], { signal: {} as never }));
  });
});
