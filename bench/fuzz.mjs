/**
 * Random graphs of views, reductions and elementwise nodes, with gradients and second gradients,
 * compiled, read, and run with states, against the interpreter; or networks of all layers, losses and
 * optimizers, their training steps and their training that is resumed:
 *
 *     node bench/fuzz.mjs [count=100000] [seed=1] [views | networks]
 *
 * A graph that disagrees is shrunk and printed, and the exit code is 1.
 */
import * as fc from "fast-check";
import { fromSources } from "../tools/sources.mjs";

const [count = "100000", first = "1", what = "views"] = process.argv.slice(2);
const [graphs, seed] = [count, first].map(Number);
const { checkNetwork, checkResumed, checkViews, networkChoices, viewCases } = await fromSources(
  "fuzz",
  `import "./test/support/backend.ts";
export { checkNetwork, checkResumed } from "./test/support/check-networks.ts";
export { checkViews } from "./test/support/check-views.ts";
export { networkChoices } from "./test/support/random-networks.ts";
export { viewCases } from "./test/support/view-graphs.ts";`,
);

const started = Date.now();
const counts = { finite: 0 };
/** What is drawn, how it is checked, and how many at a time. */
const { cases, check, most, settings } = {
  views: () => ({
    ...{ cases: viewCases(24), most: 1000, settings: {} },
    check: (c) => checkViews(c),
  }),
  networks: () => ({
    // Networks are small, and each is printed: looking for a smaller one would take longer.
    ...{ cases: networkChoices, most: 100, settings: { endOnFailure: true } },
    async check(c) {
      await checkNetwork(c);
      if (c.seed % 4 === 0) counts.finite += Number(await checkResumed(c));
    },
  }),
}[what]();
for (let done = 0; done < graphs; ) {
  const numRuns = Math.min(most, graphs - done);
  const property = fc.asyncProperty(cases, async (c) => check(c));
  const details = await fc.check(property, { seed: seed + done, numRuns, ...settings });
  if (details.failed) {
    console.error(`${fc.defaultReportMessage(details)}\n${details.errorInstance?.message}`);
    process.exit(1);
  }
  done += numRuns;
  if (process.stderr.isTTY) process.stderr.write(`\r${done} ${what}`);
  else if (done % 100 === 0) console.log(`${done} ${what}`);
}
const minutes = ((Date.now() - started) / 60_000).toFixed(1);
const resumed = counts.finite > 0 ? `, ${counts.finite} of them resumed` : "";
console.log(
  `${graphs} random ${what} from seed ${seed}: none disagrees${resumed} (${minutes} min)`,
);
