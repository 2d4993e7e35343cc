/**
 * A generative adversarial network (Goodfellow et al. 2014) on two moons: the generator makes points
 * from noise, the discriminator tells them from points of the data, and each has an optimizer of its
 * own. Both take their step in one compiled program.
 */
import {
  adam,
  compile,
  concatenate,
  initialValues,
  leakyRelu,
  linear,
  randomNormal,
  randomUniform,
  sequential,
  softplus,
  take,
  tensor,
  valueAndGrad,
} from "chainrule";
import { moons } from "chainrule/data";
import { chart, draw, options } from "../picture.mjs";

const { steps: asked, picture, quick } = options({ steps: 6000 });
const steps = quick ? 300 : asked;
const [batch, noise, width] = [128, 4, 64];
const data = moons({ size: 1000, noise: 0.05, seed: 1 }).inputs.cast("f32");

const network = (inputs, outputs) =>
  sequential(
    linear(inputs, width),
    leakyRelu({ slope: 0.2 }),
    linear(width, width),
    leakyRelu({ slope: 0.2 }),
    linear(width, outputs),
  );
const [generator, discriminator] = [network(noise, 2), network(2, 1)];
const moments = { beta1: 0.5, beta2: 0.9 };
const g = adam({ learningRate: 1e-3, ...moments }).for(
  initialValues(generator, { seed: 1 }).parameters,
);
const d = adam({ learningRate: 1e-3, ...moments }).for(
  initialValues(discriminator, { seed: 2 }).parameters,
);

const made = (p, key) => generator.apply(randomNormal(key, [batch, noise]), p);
// −ln of the probability that the discriminator gives to the right answer.
const forReal = (logits) => softplus(logits.neg()).mean();
const forMade = (logits) => softplus(logits).mean();

const turn = compile((state, key) => {
  const rows = randomUniform(key, [batch], { stream: 1 }).mul(data.shape[0]).floor().cast("i32");
  const real = take(data, rows);
  const [dLoss, dGradient] = valueAndGrad((p) => {
    const logits = discriminator.apply(concatenate([real, made(state.g.parameters, key)]), p);
    const [seen, drawn] = [logits.slice({ end: [batch, 1] }), logits.slice({ start: [batch, 0] })];
    return forReal(seen).add(forMade(drawn));
  })(state.d.parameters);
  const [gLoss, gGradient] = valueAndGrad((p) =>
    forReal(discriminator.apply(made(p, key), state.d.parameters)),
  )(state.g.parameters);
  return { dLoss, gLoss, next: { g: g.after(state.g, gGradient), d: d.after(state.d, dGradient) } };
});
const draws = compile((p, key) => made(p, key));

let state = { g: g.state, d: d.state };
for (let k = 1; k <= steps; k++) {
  const { dLoss, gLoss, next } = turn(state, tensor([7, k], { dtype: "i32" }));
  state = next;
  if (k % (steps / 5) === 0)
    console.log(
      `step ${k}: discriminator ${dLoss.item().toFixed(2)}, generator ${gLoss.item().toFixed(2)}`,
    );
}

const drawn = [1, 2, 3].flatMap((k) =>
  draws(state.g.parameters, tensor([99, k], { dtype: "i32" })).arraySync(),
);
const points = data.arraySync();
const nearest = (from, to) =>
  from.map(([a, b]) => Math.min(...to.map(([c, e]) => Math.hypot(a - c, b - e))));
const mean = (list) => list.reduce((a, b) => a + b) / list.length;
console.log(`from made points to the data: ${mean(nearest(drawn, points)).toFixed(3)} on average`);
console.log(`from the data to made points: ${mean(nearest(points, drawn)).toFixed(3)} on average`);
draw(
  picture,
  chart({
    title: "Two moons, and points that a network makes of noise",
    series: [
      { name: "data", points: points.slice(0, 400), dots: true },
      { name: "made", points: drawn, dots: true },
    ],
  }),
);
