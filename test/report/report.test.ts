/** What a report of a run says, held against what was trained and worked out by hand. */
import { crc32, inflateSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { dataset } from "../../src/data/dataset.ts";
import {
  adam,
  crossEntropy,
  type Data,
  type History,
  linear,
  meanSquaredError,
  relu,
  runReport,
  sequential,
  sgd,
  tensor,
  trainer,
} from "../../src/index.ts";
import { scoresHtml } from "../../src/report/charts.ts";
import { curveSvg, curvesOf, roundSteps } from "../../src/report/curves.ts";
import { inputPicture, weightPictures } from "../../src/report/pictures.ts";
import { dataAddress } from "../../src/report/png.ts";
import { num } from "../../src/report/words.ts";

const random = (n: number, seed: number) =>
  Float64Array.from({ length: n }, (_, i) => ((i * 7919 + seed * 104729) % 1000) / 500 - 1);

const images = dataset({
  inputs: tensor(random(40 * 16, 1), { shape: [40, 16] }),
  targets: tensor(
    Int32Array.from({ length: 40 }, (_, i) => i % 3),
    { shape: [40] },
  ),
  classes: ["<cat>", "dog & co", 'a "fox"'],
});
const classifier = () =>
  trainer(sequential(linear(16, 5), relu(), linear(5, 3)), {
    loss: crossEntropy,
    optimizer: adam(),
    dtype: "f64",
    seed: 3,
  });

async function classified() {
  const t = classifier();
  const history = await t.fit(images, { epochs: 3, batchSize: 8, validation: images });
  const report = await runReport(t, history, {
    data: images,
    validation: images,
    image: [4, 4],
    title: "<script>alert(1)</script>",
    notes: ["</style><img src=x>"],
    facts: { "a<b": { "c>d": '"e"' } },
    source: "name: </pre><b>",
  });
  return { t, history, report };
}

describe("a classifier", () => {
  test("the worst examples have the loss of each alone, the largest first", async () => {
    const { t, report } = await classified();
    const { worst, examples } = report.data.examples!;
    const rows = Array.from({ length: 40 }, (_, i) => i);
    const alone = rows.map((row) => {
      const input = [...images.inputs.dataSync()].slice(16 * row, 16 * row + 16);
      const one = {
        inputs: tensor([input], { dtype: "f64" }),
        targets: tensor(Int32Array.of(row % 3)),
      };
      return t.evaluate({ ...one, classes: images.classes } as Data).loss;
    });
    const order = [...rows].sort((a, b) => alone[b]! - alone[a]!);
    expect(examples).toBe(40);
    expect(worst.map(({ row }) => row)).toEqual(order.slice(0, 12));
    for (const { row, loss, target } of worst) {
      expect(loss).toBeCloseTo(alone[row]!, 12);
      expect(target).toBe(images.classes![row % 3]);
    }
  });
  test("its parts are measured as `evaluate` does", async () => {
    const { t, history, report } = await classified();
    expect(report.data.parts).toEqual([
      { part: "training", examples: 40, result: t.evaluate(images, { metrics: "all" }) },
      { part: "held out", examples: 40, result: t.evaluate(images, { metrics: "all" }) },
    ]);
    expect(report.data.epochs).toEqual(history.epochs);
    expect(report.data.stopped).toBe("finished");
  });
  test("sizes of weights and gradients are those of the step", async () => {
    const { t, report } = await classified();
    const { parameters, layers, examples } = report.data.ledger;
    expect(examples).toBe(32);
    expect(layers.map(({ units }) => units)).toEqual([5, 3]);
    for (const { name, norm } of parameters) {
      const values = [...t.parameters[name as "0.weight"].dataSync()];
      expect(norm).toBeCloseTo(Math.sqrt(values.reduce((sum, v) => sum + v * v, 0)), 12);
    }
    expect(parameters.every(({ gradient }) => gradient! > 0)).toBe(true);
  });
  test("its page loads nothing, runs nothing, and shows texts as texts", async () => {
    const { report } = await classified();
    const html = report.toHtml();
    expect(html).toContain("&lt;script&gt;alert(1)&lt;/script&gt;");
    expect(html).toContain("&lt;/style&gt;&lt;img src=x&gt;");
    expect(html).toContain("&lt;/pre&gt;&lt;b&gt;");
    expect(html).toContain("a&lt;b");
    expect(html).toContain("&lt;cat&gt;");
    expect(html).not.toMatch(/<script|<link|<iframe|<object|<img src=x|\son\w+=/i);
    const addresses = [...html.matchAll(/<[a-z][^<>]*\s(?:src|href|action)="([^"]*)"/gi)];
    expect(/<style>[\s\S]*?<\/style>/.exec(html)![0]).not.toMatch(/url|@import/);
    expect(addresses.length).toBeGreaterThan(12);
    for (const [, address] of addresses) expect(address).toMatch(/^data:image\/png;base64,/);
    const sections = [...html.matchAll(/<h2>([^<]*)/g)].map(([, title]) => title);
    expect(sections).toEqual([
      "How it went",
      "What was taken for what",
      "The worst examples",
      "Gradients and weights",
      "What the first layer looks at",
      "The network",
      "Settings",
    ]);
    // Five tiles of 4 × 4 weights: each is large enough to be seen.
    expect(html).toContain('width="216" height="36" alt="weights of 5 units"');
  });
  test("the same run gives the same page", async () => {
    const [a, b] = [await classified(), await classified()];
    expect(a.report.toHtml()).toBe(b.report.toHtml());
  });
});

test("numbers that are predicted stand beside their targets", async () => {
  const data = { inputs: [[0], [1], [2], [3]], targets: [[1], [3], [5], [7]] };
  const t = trainer(sequential(linear(1, 1)), {
    loss: meanSquaredError,
    optimizer: sgd({ learningRate: 0.1 }),
    dtype: "f64",
  });
  const { epochs } = await t.fit(data, { epochs: 4 });
  const { data: found, ...report } = await runReport(t, epochs, { data });
  expect(report).toEqual({});
  const predicted = [...t.predict(data.inputs).dataSync()];
  expect(found.examples?.pairs).toEqual(predicted.map((p, i) => [2 * i + 1, p]));
  expect(found.stopped).toBeUndefined();
  expect(found.drawing).toContain("<svg");
  expect(found.layers.map(({ name, shape, parameters }) => [name, shape, parameters])).toEqual([
    ["linear", [1], 2],
  ]);
});

test("an early end and a break are said", async () => {
  const { t, history } = await classified();
  const page = async (stopped: History["stopped"]) =>
    (await runReport(t, { ...history, stopped }, { data: images })).toHtml();
  expect(await page("early")).toContain("It ended early");
  expect(await page("aborted")).toContain("It was broken off");
});

test("images of another size than the inputs are refused", async () => {
  const t = classifier();
  await expect(runReport(t, [], { data: images, image: [5, 4] })).rejects.toThrow(
    /as many numbers as an input has: 16/,
  );
});

test("precision, recall and F₁, worked out by hand", () => {
  const html = scoresHtml(
    [
      [3, 1, 0],
      [2, 4, 0],
      [0, 0, 0],
    ],
    ["a", "b", "c"],
  );
  const rows = [...html.matchAll(/<tr>(<td.*?)<\/tr>/g)].map(([, row]) =>
    row!
      .replaceAll(/<[^>]*>/g, "|")
      .split(/\|+/)
      .filter(Boolean),
  );
  expect(rows).toEqual([
    ["a", "4", "60.0 %", "75.0 %", "66.7 %"], // 3/5, 3/4, 6/9
    ["b", "6", "80.0 %", "66.7 %", "72.7 %"], // 4/5, 4/6, 8/11
    ["c", "0", "–", "–", "–"],
  ]);
});

describe("curves", () => {
  test("round steps", () => {
    expect(roundSteps(0.13, 0.94)).toEqual([0.2, 0.4, 0.6, 0.8]);
    expect(roundSteps(1, 10_000)).toEqual([2000, 4000, 6000, 8000, 10_000]);
    expect(roundSteps(-3e-7, 3e-7, 3)).toEqual([-2e-7, 0, 2e-7]);
  });
  test("a peak among many points is not lost", () => {
    const points = Array.from({ length: 5000 }, (_, i) => [i, i === 3333 ? 99 : 1] as const);
    const svg = curveSvg({ name: "loss", lines: [{ part: "training", points }] });
    const drawn = /points="([^"]+)"/.exec(svg)![1]!.split(" ");
    expect(drawn.length).toBeLessThanOrEqual(600);
    expect(new Set(drawn.map((point) => point.split(",")[1])).size).toBe(2);
  });
  test("what is not finite is left out, and one epoch is a dot", () => {
    const curves = curvesOf([{ epoch: 1, loss: 2, validation: { loss: Number.NaN } }]);
    expect(curves).toEqual([{ name: "loss", lines: [{ part: "training", points: [[1, 2]] }] }]);
    expect(curveSvg(curves[0]!)).toContain("<circle");
  });
  test("a loss that falls from 100 to 0.01 has an axis by powers", () => {
    const points = [
      [1, 100],
      [2, 1],
      [3, 0.01],
    ] as const;
    const svg = curveSvg({ name: "loss", lines: [{ part: "training", points }] });
    const heights = /points="([^"]+)"/
      .exec(svg)![1]!
      .split(" ")
      .map((p) => Number(p.split(",")[1]));
    expect(heights[1]! - heights[0]!).toBeCloseTo(heights[2]! - heights[1]!, 0);
  });
});

test("numbers as they are printed", () => {
  const given = [0, 3, -0.5, 0.083251, 12_345, 1.5e-7, -2e9, Number.NaN, Number.NEGATIVE_INFINITY];
  expect(given.map((x) => num(x))).toEqual([
    ...["0", "3", "−0.5", "0.08325", "12345", "1.5e−7", "−2e9", "NaN", "−∞"],
  ]);
});

describe("pictures", () => {
  test("a PNG file as zlib reads it", () => {
    const [width, height] = [300, 250];
    const pixels = Uint8Array.from({ length: width * height }, (_, i) => (i * 31) % 256);
    const colours = Array.from({ length: 256 }, (_, i) => [i, 255 - i, 7] as const);
    const address = dataAddress({ width, height, pixels, colours });
    const file = Buffer.from(address.replace("data:image/png;base64,", ""), "base64");
    expect(file.subarray(0, 8)).toEqual(Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]));
    const chunks = new Map<string, Buffer>();
    for (let at = 8; at < file.length; ) {
      const size = file.readUInt32BE(at);
      const body = file.subarray(at + 4, at + 8 + size);
      expect(file.readUInt32BE(at + 8 + size)).toBe(crc32(body));
      chunks.set(body.toString("latin1", 0, 4), body.subarray(4));
      at += 12 + size;
    }
    expect([...chunks.keys()]).toEqual(["IHDR", "PLTE", "IDAT", "IEND"]);
    expect(chunks.get("IHDR")!.readUInt32BE(0)).toBe(width);
    expect(chunks.get("PLTE")).toEqual(Buffer.from(colours.flat()));
    const rows = inflateSync(chunks.get("IDAT")!);
    for (let y = 0; y < height; y++) {
      const row = rows.subarray(y * (width + 1), (y + 1) * (width + 1));
      expect(row[0]).toBe(0);
      expect(row.subarray(1).equals(pixels.subarray(y * width, (y + 1) * width))).toBe(true);
    }
  });
  test("inputs that do not differ are drawn, too", () => {
    expect(inputPicture([1, 1, 1, 1], [2, 2])).toMatchObject({ width: 2, height: 2 });
    expect(inputPicture(new Array(12).fill(0), [3, 2, 2])).toMatchObject({ width: 2, height: 2 });
  });
  test("weights are drawn where they look at the whole image or a window of it", () => {
    const t = classifier();
    const found = weightPictures(t.model, t.arrays(), [4, 4]);
    expect(found).toMatchObject({ name: "0.weight", units: 5, shown: 5, tile: [4, 4] });
    expect(found).toMatchObject({ width: 5 * 5 - 1, height: 4 });
    expect(weightPictures(t.model, t.arrays(), undefined)).toBeUndefined();
    expect(weightPictures(t.model, t.arrays(), [5, 5])).toBeUndefined();
  });
});
