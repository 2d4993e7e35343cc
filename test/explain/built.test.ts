/** What is built keeps the words of operators apart from their records: derivations find them. */
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import * as sources from "../../src/index.ts";

const dist = new URL("../../dist/index.js", import.meta.url);
const built: typeof sources = await import(fileURLToPath(dist));

/** Laws, notations and choices of many operators. */
async function derivations({
  explain,
  linear,
  relu,
  sequential,
  sgd,
  trainer,
  where,
}: typeof sources) {
  const loss = (o: sources.Tensor, y: sources.Tensor): sources.Tensor => {
    const e = o.sub(y);
    const single = [
      ...[e.abs(), e.exp().log1p(), e.sin().mul(e.cos()), o.maximum(y).pow(2)],
      ...[o.expm1().tanh().erf(), where(o.less(y), o, e), o.sigmoid().div(2), e.square().neg()],
    ].map((t) => t.sum());
    const moved = o
      .reshape([2])
      .flip()
      .slice({ start: [0], end: [1] })
      .sum();
    return [...single, moved, o.transpose().logsumexp()].reduce((sum, t) => sum.add(t));
  };
  const options = { loss, optimizer: sgd({ learningRate: 0.5 }), dtype: "f64" } as const;
  const t = trainer(sequential(linear(2, 2), relu()), options);
  const texts: string[] = [];
  for (const language of ["en", "zh"] as const) {
    const data = { inputs: [[0.05, 0.1]], targets: [[0.01, 0.99]] };
    const derivation = await explain(t, { data, language });
    texts.push(derivation.toText(), derivation.toHtml(), JSON.stringify(derivation.toJSON()));
  }
  return texts;
}

it("explains as the sources do", async () => {
  const [own, other] = [await derivations(sources), await derivations(built)];
  expect(own.join("").length).toBeGreaterThan(10_000);
  expect(other).toEqual(own);
});
