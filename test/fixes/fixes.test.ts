/**
 * Every piece of advice that an error can give is followed here: the error comes, it says so, and
 * with each way that it offers it is gone. Advice without a row fails; so does a row without advice.
 */
import { describe, expect, test } from "vitest";
import { asynchronous } from "./asynchronous.ts";
import { commands } from "./commands.ts";
import { data } from "./data.ts";
import { engines } from "./engines.ts";
import { exchange } from "./exchange.ts";
import { explaining } from "./explaining.ts";
import { images } from "./images.ts";
import { kerasModels } from "./keras.ts";
import { layers } from "./layers.ts";
import { library } from "./library.ts";
import { loops } from "./loops.ts";
import { networkFiles } from "./network-files.ts";
import { onnx } from "./onnx.ts";
import { pairs } from "./pairs.ts";
import { processes } from "./processes.ts";
import { readers } from "./readers.ts";
import { errorOf, says } from "./row.ts";
import { runs } from "./runs.ts";
import { texts } from "./sources.ts";
import { stored } from "./stored.ts";
import { training } from "./training.ts";
import { values } from "./values.ts";
import { writing } from "./writing.ts";

const areas = {
  ...{ asynchronous, engines, library, layers, loops, training, values, writing },
  ...{
    pairs,
    data,
    readers,
    explaining,
    networkFiles,
    images,
    exchange,
    onnx,
    kerasModels,
    commands,
    runs,
    processes,
    stored,
  },
};
const rows = Object.values(areas).flat();

describe.each(Object.entries(areas))("%s", (_, all) => {
  test.each(all.map((row) => [row[0], row] as const))("%s", async (fix, [, wrong, ...ways]) => {
    const error = await errorOf(wrong);
    expect(says(fix, error.fix), error.fix).toBe(true);
    expect(ways.length).toBeGreaterThan(0);
    for (const way of ways) await way(error.fix);
  });
});

test("no advice of the sources is without a row", () => {
  const followed = new Set(rows.map(([fix]) => fix));
  expect(texts().filter((text) => !followed.has(text))).toEqual([]);
});

test("and no row without advice", () => {
  const given = new Set(texts());
  expect(rows.map(([fix]) => fix).filter((fix) => !given.has(fix))).toEqual([]);
});
