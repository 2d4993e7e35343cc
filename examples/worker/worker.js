/**
 * Holds the trainer, so that the page never waits. The state goes into IndexedDB four times a second, and
 * when training ends: what is under way when the page is closed goes on when it is opened again.
 */
// With a bundler: from "chainrule/data" and "chainrule".
import { spirals } from "/chainrule/data.entry.js";
import { adam, crossEntropy, linear, sequential, silu, trainer } from "/chainrule/index.entry.js";

const data = spirals({ size: 2000, turns: 2.5, noise: 0.03 });
const fresh = () =>
  trainer(sequential(linear(2, 32), silu(), linear(32, 32), silu(), linear(32, 2)), {
    loss: crossEntropy,
    optimizer: adam({ learningRate: 0.002 }),
    seed: 0,
  });
/** The trainer, the epoch at which it is to end, and the one that was kept last. */
let [t, goal, kept] = [fresh(), 0, 0];

/** What a request of IndexedDB answers. */
const answer = (request) =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
const opening = indexedDB.open("chainrule example", 1);
opening.onupgradeneeded = () => opening.result.createObjectStore("states");
const database = answer(opening);
const states = async (mode) => (await database).transaction("states", mode).objectStore("states");

/** One record for all: it is replaced as a whole or not. */
async function keep() {
  const { epoch } = t.progress;
  await answer((await states("readwrite")).put({ bytes: t.toBytes(), goal }, "spirals"));
  kept = epoch;
}

function tell(more = {}) {
  const { epoch, history } = t.progress;
  postMessage({
    epoch,
    goal,
    kept,
    curve: history.map((report) => [report.epoch, report.loss]),
    ...more,
  });
}

/** Trains until the goal, or until it is stopped. */
async function train(signal) {
  await keep();
  let told = performance.now();
  let saved = told;
  for await (const _ of t.fit(data, { untilEpoch: goal, signal })) {
    const now = performance.now();
    if (now - told > 100) {
      tell();
      told = now;
    }
    if (now - saved > 250) {
      await keep();
      saved = now;
    }
  }
  goal = t.progress.epoch;
  await keep();
  tell({ accuracy: t.evaluate(data).accuracy });
}

async function begin(signal) {
  const before = await answer((await states("readonly")).get("spirals"));
  if (before) {
    t.fromBytes(before.bytes);
    [goal, kept] = [before.goal, t.progress.epoch];
  }
  tell();
  if (t.progress.epoch < goal) await train(signal);
}

const orders = {
  train(signal) {
    goal = t.progress.epoch + 1500;
    return train(signal);
  },
  async stop() {},
  async forget() {
    [t, goal] = [fresh(), 0];
    await keep();
    tell();
  },
};
// One after another: what is under way is stopped first.
const failed = ({ message }) => postMessage({ problem: message });
let stop = new AbortController();
let work = begin(stop.signal).catch(failed);
addEventListener("message", ({ data: order }) => {
  stop.abort();
  stop = new AbortController();
  const { signal } = stop;
  work = work.then(() => orders[order](signal)).catch(failed);
});
