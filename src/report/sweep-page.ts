/** A sweep as one page: no script, and nothing that is loaded. */
import { escapeText } from "./escape.ts";
import { policy } from "./html.ts";
import { pageStyle } from "./style.ts";
import { coursesSvg, parallelSvg, settingSvg, sweepStyle } from "./sweep-picture.ts";
import type { SweepView } from "./sweep-view.ts";
import { num, percentage, several } from "./words.ts";

const methods: Readonly<Record<string, string>> = {
  grid: "every combination of the values",
  random: "values drawn by chance",
  halving: "values drawn by chance; after each round the best third went on",
};

function lead({ rows, settings, method, measure }: SweepView): string {
  const failed = rows.filter((row) => row.failed).length;
  const best = rows.find(({ loss }) => loss !== undefined);
  const found = best
    ? ` The best is run ${best.run}, with a ${measure} of ${num(best.loss ?? Number.NaN)}.`
    : " None of them has a result.";
  const broken = failed === 0 ? "" : ` ${several(failed, "run")} failed.`;
  return (
    `${several(rows.length, "run")} with other values of ${settings.map((s) => s.name).join(", ")}: ` +
    `${methods[method] ?? method}.${found}${broken}`
  );
}

function table({ rows, settings, measure }: SweepView): string {
  const has = (key: "accuracy" | "r2" | "seconds") => rows.some((row) => row[key] !== undefined);
  const numbers: [title: string, key: "loss" | "accuracy" | "r2" | "epochs" | "seconds"][] = [
    [measure, "loss"],
    ...(has("accuracy") ? [["right", "accuracy"] as ["right", "accuracy"]] : []),
    ...(has("r2") ? [["R²", "r2"] as ["R²", "r2"]] : []),
    ["epochs", "epochs"],
    ...(has("seconds") ? [["seconds", "seconds"] as ["seconds", "seconds"]] : []),
  ];
  const said = rows.some(({ remark }) => remark !== "");
  const head = [
    '<th scope="col">run</th>',
    ...settings.map(({ name }) => `<th scope="col" class="n">${escapeText(name)}</th>`),
    ...numbers.map(([title]) => `<th scope="col" class="n">${escapeText(title)}</th>`),
    said ? '<th scope="col"></th>' : "",
  ];
  const shown = (key: string, v: number | undefined) =>
    v === undefined ? "–" : key === "accuracy" ? percentage(v) : num(v, key === "seconds" ? 3 : 5);
  const body = rows.map((row) => {
    const name = escapeText(row.run);
    const cells = [
      `<td>${row.link === undefined ? name : `<a href="${escapeText(row.link)}">${name}</a>`}</td>`,
      ...row.values.map((v) => `<td class="n">${escapeText(v)}</td>`),
      ...numbers.map(([, key]) => `<td class="n">${shown(key, row[key])}</td>`),
      said ? `<td>${escapeText(row.remark)}</td>` : "",
    ];
    return `<tr>${cells.join("")}</tr>`;
  });
  return `<div class="scroll"><table><thead><tr>${head.join("")}</tr></thead><tbody>\n${body.join("\n")}\n</tbody></table></div>`;
}

export function sweepPage(view: SweepView): string {
  const title = escapeText(view.title);
  const tried = view.settings.map(
    ({ path, text, byPowers }) =>
      `<dt>${escapeText(path)}</dt><dd>${escapeText(text)}${byPowers ? ", by powers" : ""}</dd>`,
  );
  const plots = [...view.settings.map((_, k) => settingSvg(view, k)), coursesSvg(view)];
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><meta http-equiv="Content-Security-Policy" content="${policy}"><title>${title}</title>
<style>${pageStyle}${sweepStyle}a{color:var(--good)}.scroll svg{min-width:34rem}</style></head><body>
<header><h1>${title}</h1><p>${escapeText(lead(view))}</p></header>
<main>
<section><h2>The runs</h2>
<p class="why">The best first. Each has a folder beside this page, with its network file, its checkpoints and its history.</p>
${table(view)}</section>
<section><h2>What it depends on</h2>
<p class="why">A dot is a run, the large one the best; × has no result. A line leads from the settings of a run to its loss.</p>
${view.settings.length > 1 ? `<div class="scroll">${parallelSvg(view)}</div>` : ""}
<div class="plots">${plots.join("\n")}</div></section>
<section><h2>What was tried</h2><dl>${tried.join("")}</dl></section>
</main></body></html>
`;
}
