// The same with types: ranks and names are known, sizes are checked.
import { adam, crossEntropy, linear, relu, sequential, trainer, zeros } from "chainrule";
import { type Dataset, moons } from "chainrule/data";

const model = sequential(linear(2, 8), relu(), linear(8, 2));
const t = trainer(model, { loss: crossEntropy, optimizer: adam() });
const data: Dataset = moons({ size: 20 });
const rows: number[][] = t.parameters["0.weight"].arraySync();
const sums: number[] = zeros([2, 3]).sum({ axis: 0 }).arraySync();
export const losses: number[] = [rows.length, sums.length];
for await (const { loss } of t.fit(data, { epochs: 2 })) losses.push(loss);
// @ts-expect-error 8 outputs, 9 inputs
sequential(linear(2, 8), linear(9, 2));
