/**
 * A physics-informed network: no data, only the equation of a damped oscillator,
 * u″ + 2d·u′ + ω²·u = 0 with u(0) = 1 and u′(0) = 0. The loss holds derivatives of the network's
 * output by its input, of first and second order; training differentiates them once more.
 */
import {
  adam,
  compile,
  cosineDecay,
  grad,
  initialValues,
  linear,
  sequential,
  tanh,
  tensor,
  valueAndGrad,
} from "chainrule";
import { chart, draw, options } from "../picture.mjs";

const { steps: asked, picture, quick } = options({ steps: 15_000 });
const steps = quick ? 600 : asked;
const [damping, frequency, end, points] = [1, 6, 2, 64];

const model = sequential(linear(1, 32), tanh(), linear(32, 32), tanh(), linear(32, 1));
const { parameters } = initialValues(model, { seed: 3 });
const optimizer = adam({ learningRate: cosineDecay(5e-3, { steps }) }).for(parameters);
const times = tensor(Array.from({ length: points }, (_, i) => [(end * i) / (points - 1)]));
const start = tensor([[0]]);

// Rows do not act on each other, so the gradient of the sum holds the derivative of each.
const u = (p, t) => model.apply(t, p);
const velocity = (p, t) => grad((at) => u(p, at).sum())(t);
const acceleration = (p, t) => grad((at) => velocity(p, at).sum())(t);

const loss = (p) => {
  const residual = acceleration(p, times)
    .add(velocity(p, times).mul(2 * damping))
    .add(u(p, times).mul(frequency ** 2));
  const beginning = u(p, start)
    .sub(1)
    .square()
    .sum()
    .add(velocity(p, start).square().sum().mul(0.01));
  return residual.square().mean().mul(1e-4).add(beginning);
};
const turn = compile((state) => {
  const [value, gradient] = valueAndGrad(loss)(state.parameters);
  return { value, next: optimizer.after(state, gradient) };
});

let state = optimizer.state;
for (let k = 1; k <= steps; k++) {
  const { value, next } = turn(state);
  state = next;
  if (k % (steps / 5) === 0) console.log(`step ${k}: loss ${value.item().toExponential(1)}`);
}

// The equation has a solution in closed form, to compare with.
const root = Math.sqrt(frequency ** 2 - damping ** 2);
const exact = (t) =>
  Math.exp(-damping * t) * (Math.cos(root * t) + (damping / root) * Math.sin(root * t));
const found = u(state.parameters, times)
  .arraySync()
  .map(([value], i) => [(end * i) / (points - 1), value]);
const error = Math.max(...found.map(([t, value]) => Math.abs(value - exact(t))));
console.log(`largest error of u on [0, ${end}]: ${error.toFixed(4)}`);
draw(
  picture,
  chart({
    title: "A damped oscillator: the network, and the solution",
    series: [
      { name: "solution", points: found.map(([t]) => [t, exact(t)]) },
      { name: "network", points: found, dots: true },
    ],
  }),
);
