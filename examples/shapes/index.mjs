/**
 * A folder of images, and more of them than there are: ten small pictures of each of three things are
 * few, and a network learns them by heart. The layers randomFlip2d and randomShift2d of network.yaml
 * mirror and move each picture while training; the same network is trained without them, too.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, sep } from "node:path";
import { randomFlip2d, randomShift2d, sequential, tensor } from "chainrule";
import { decodeImage } from "chainrule/data";
import { parseNetwork, prepareNetwork } from "chainrule/file";
import { draw, options } from "../picture.mjs";
import { drawAll, kinds, png, size } from "./draw.mjs";

const { epochs: asked, picture, quick } = options({ epochs: 150 });
const epochs = quick ? 60 : asked;

const folder = mkdtempSync(join(tmpdir(), "shapes-"));
drawAll(folder);
const read = (path) => readFile(join(folder, path));
/** The pictures below a folder, by their paths from there. */
const list = async (path) => {
  const below = await readdir(join(folder, path), { recursive: true });
  return below.filter((name) => name.endsWith(".png")).map((name) => name.replaceAll(sep, "/"));
};

const text = await readFile(new URL("network.yaml", import.meta.url), "utf8");
async function trained(name, network) {
  const { trainer, data } = await prepareNetwork(
    parseNetwork(network),
    Object.assign(read, { list }),
  );
  await trainer.fit(data.train, { epochs, batchSize: 10 });
  const { accuracy } = trainer.evaluate(data.validation);
  console.log(`${name}: ${(100 * accuracy).toFixed(0)} % of ${data.validation.size} new pictures`);
}
await trained("as they are", text.replace(/^.* random.*\n/gm, ""));
await trained("mirrored and moved", text);

/** A picture as it was drawn, and as it is seen in four steps. */
async function views(kind) {
  const { data } = await decodeImage(await read(`pictures/${kind}/01.png`));
  // As in the network, the middle between black and white is 0, which comes in from outside.
  const image = tensor(Array.from(data, (grey) => grey - 127)).reshape([1, 1, size, size]);
  const layers = sequential(randomFlip2d(), randomShift2d(4));
  const seen = [1, 2, 3, 4].map((step) =>
    layers.apply(image, {}, { training: true, key: tensor([0, step], { dtype: "i32" }), path: "" }),
  );
  return [image, ...seen].map((view) => [...view.add(127).dataSync()]);
}
const rows = await Promise.all(kinds.map(views));
const step = 3 * size;
const shown = rows.flatMap((row, i) =>
  row.map((pixels, k) => {
    const data = png(size, size, pixels).toString("base64");
    const [x, y] = [k * step + (k && 20) + 4, i * step + 4];
    return `<image x="${x}" y="${y}" width="${step - 6}" height="${step - 6}" href="data:image/png;base64,${data}"/>`;
  }),
);
const [width, height] = [5 * step + 24, kinds.length * step + 4];
draw(
  picture,
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}">
${shown.join("\n")}
</svg>
`,
);
rmSync(folder, { recursive: true });
