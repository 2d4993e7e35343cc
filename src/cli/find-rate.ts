/** chainrule train FILE --find-rate: which learning rate to begin with. */
import { writeAtomically } from "../files/node.ts";
import type { PreparedNetwork } from "../network-file/index.ts";
import { learningRateFinder, type RateCurve } from "../train/rate-finder.ts";
import { exit } from "./failure.ts";
import { quoted } from "./files.ts";
import { formatNumber, roundedText } from "./numbers.ts";
import { bold, columns, dim, print, printJson, wrapWords } from "./terminal.ts";

/** Rows of the table, about. */
const mostRows = 20;

export async function findRate(
  { trainer, data, network }: PreparedNetwork,
  { plot, json, quiet }: { readonly plot?: string; readonly json?: boolean; quiet?: boolean },
): Promise<number> {
  const { batchSize } = network.training;
  const found = await learningRateFinder(trainer, data.train, { batchSize });
  const { curve, suggestion } = found;
  const rounded = suggestion === undefined ? undefined : Number(roundedText(suggestion, 2));
  const { name } = network.optimizer;
  const setting = rounded === undefined ? undefined : `optimizer.${name}.learningRate=${rounded}`;
  if (plot !== undefined) {
    const { rateSvg } = await import("../report/rate-picture.ts");
    await writeAtomically(plot, new TextEncoder().encode(rateSvg(found)));
  }
  if (json) {
    printJson({ suggestion: rounded ?? null, set: setting ?? null, curve });
    return rounded === undefined ? exit.no : exit.ok;
  }
  if (quiet) return rounded === undefined ? exit.no : exit.ok;
  for (const line of tableOf(found)) print(line);
  print();
  for (const text of reasonsOf(found)) for (const line of wrapWords(text)) print(line);
  if (setting !== undefined) print(`Train with it: --set ${setting}`);
  if (plot !== undefined) print(`Written: ${quoted(plot)}`);
  return curve.length > 0 && rounded !== undefined ? exit.ok : exit.no;
}

function tableOf({ curve, suggestion }: RateCurve): string[] {
  const every = Math.max(1, Math.ceil(curve.length / mostRows));
  const shown = curve.filter(
    ({ learningRate }, k) =>
      k % every === 0 || k === curve.length - 1 || learningRate === suggestion,
  );
  const rows = shown.map(({ learningRate, loss, smoothed }) => {
    const chosen = learningRate === suggestion;
    const cells = [formatNumber(learningRate, 3), formatNumber(loss, 6), formatNumber(smoothed, 6)];
    return [...cells, chosen ? bold("← suggested") : ""];
  });
  return columns([["learning rate", "loss", "smoothed"].map(dim), ...rows], ">>><", 3);
}

/** Why this rate, in sentences. */
function reasonsOf({ curve, suggestion }: RateCurve): string[] {
  const least = curve.reduce<RateCurve["curve"][number] | undefined>(
    (a, b) => (a && a.smoothed <= b.smoothed ? a : b),
    undefined,
  );
  if (suggestion === undefined || least === undefined) {
    return [
      "No rate is suggested: the smoothed loss does not fall at any of them. " +
        "Look for a mistake in the data, the loss or the network first.",
    ];
  }
  const end = curve.at(-1);
  const grown = end !== undefined && end.smoothed > 2 * Math.abs(least.smoothed);
  const beyond = grown
    ? `, and from there on it grows, to ${formatNumber(end.smoothed, 3)} at ${formatNumber(end.learningRate, 3)}`
    : "";
  return [
    `${bold(roundedText(suggestion, 2))} is suggested: there the smoothed loss falls fastest, by the ` +
      `logarithm of the rate. It is least, ${formatNumber(least.smoothed, 3)}, at ` +
      `${formatNumber(least.learningRate, 3)}${beyond}.`,
    "Each rate was tried for one step of a copy of the network; nothing is trained or saved.",
  ];
}
