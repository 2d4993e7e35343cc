/** Results that are fed back stay where their program is, and nobody who reads them can tell. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, it, test } from "vitest";
import { compile, gather, type Tensor, tensor } from "../../src/index.ts";

/** Collects what nobody can reach. */
function gcOfThisEngine(): () => void {
  setFlagsFromString("--expose-gc");
  return runInNewContext("gc") as () => void;
}

const n = 4096;
const numbers = (seed: number, size = n) =>
  tensor(Float32Array.from({ length: size }, (_, i) => ((i * 37 + seed * 11) % 101) / 101 - 0.4));

/** The rate goes through as it is. */
type State = Readonly<Record<"a" | "b" | "rate", Tensor>>;
const start = (): State => ({ a: numbers(1), b: numbers(2), rate: numbers(3) });
/** The parts change places, so that each result is fed to another argument. */
const turn = ({ a, b, rate }: State, x: Tensor) => ({
  next: { a: b.sub(a.mul(rate)).tanh(), b: a.add(x), rate },
  loss: a.mul(x).sum(),
});
const inputs = Array.from({ length: 90 }, (_, i) => numbers(i));
const bits = (state: State) => [state.a, state.b, state.rate].map((t) => [...t.dataSync()]);

/** The states after each turn, each read before the next: what there is to find. */
function expected(): { readonly states: number[][][]; readonly losses: number[] } {
  const run = compile(turn);
  const [states, losses]: [number[][][], number[]] = [[], []];
  let at = start();
  for (const x of inputs) {
    const { next, loss } = run(at, x);
    states.push(bits(next));
    losses.push(loss.item());
    // Copies: what comes back is never what was given out.
    at = { a: tensor(next.a.dataSync()), b: tensor(next.b.dataSync()), rate: start().rate };
  }
  return { states, losses };
}
const right = expected();

describe("a loop that feeds its state back", () => {
  it("copies nothing while nobody reads", () => {
    const run = compile(turn);
    let at = start();
    const losses = inputs.map((x) => {
      const { next, loss } = run(at, x);
      at = next;
      return loss.item();
    });
    expect(losses).toEqual(right.losses);
    expect(bits(at)).toEqual(right.states.at(-1));
  });

  it("gives every state that was overwritten, in any order", () => {
    const run = compile(turn);
    const states = [];
    let at = start();
    for (const x of inputs) states.push((at = run(at, x).next));
    for (const i of [40, 3, 89, 0, 41, 64, 31, 32, 33, 88]) {
      expect(bits(states[i]!), `${i}`).toEqual(right.states[i]);
    }
    // From now on each is copied, and the loop goes on from any of them.
    for (const i of [10, 60]) {
      const { next } = run(states[i]!, inputs[i + 1]!);
      expect(bits(next)).toEqual(right.states[i + 1]);
      expect(bits(states[i]!)).toEqual(right.states[i]);
    }
  });

  it("takes states other than the last one, and arguments twice", () => {
    const run = compile(turn);
    const states: State[] = [];
    let at = start();
    for (const x of inputs.slice(0, 10)) states.push((at = run(at, x).next));
    expect(bits(run(states[4]!, inputs[5]!).next)).toEqual(right.states[5]);
    expect(bits(run(states[8]!, inputs[9]!).next)).toEqual(right.states[9]);
    const both = compile((a: Tensor, b: Tensor) => [a.add(b), a.sub(b)] as const);
    let [p, q] = both(numbers(1), numbers(2));
    let r: Tensor = p;
    for (let i = 0; i < 5; i++) {
      [p, q] = both(p, p);
      r = p;
    }
    expect([...r.dataSync()]).toEqual([...numbers(1).add(numbers(2)).mul(32).dataSync()]);
    expect([...q.dataSync()]).toEqual(Array(n).fill(0));
  });

  it("goes on after a call that failed", () => {
    const pick = compile(({ a, b }: { a: Tensor; b: Tensor }, at: Tensor) => ({
      a: a.mul(0.5).add(gather(b, at, { axis: 0 })),
      b: b.mul(0.9),
    }));
    const at = (i: number) => tensor(new Int32Array(n).fill(i));
    let state = { a: numbers(1), b: numbers(2) };
    const seen = [];
    for (let i = 0; i < 5; i++) seen.push((state = pick(state, at(i))));
    expect(() => pick(state, at(n))).toThrow(/outside/);
    const next = pick(state, at(5));
    const plain = { a: numbers(1), b: numbers(2) };
    const alone = compile((a: Tensor, b: Tensor, i: Tensor) => ({
      a: a.mul(0.5).add(gather(b, i, { axis: 0 })),
      b: b.mul(0.9),
    }));
    let own = plain;
    const all = [];
    for (let i = 0; i < 6; i++) {
      const { a, b } = alone(own.a, own.b, at(i));
      all.push((own = { a: tensor(a.dataSync()), b: tensor(b.dataSync()) }));
    }
    const values = (s: typeof plain) => [[...s.a.dataSync()], [...s.b.dataSync()]];
    expect([...seen, next].map(values)).toEqual(all.map(values));
  });

  it("has states that other functions and graphs take", () => {
    const run = compile(turn);
    let at = start();
    for (const x of inputs.slice(0, 6)) at = run(at, x).next;
    const held = at;
    const inside = compile((x: Tensor) => x.add(held.a));
    const other = compile((s: State) => s.a.add(s.b).sum());
    const sum = other(at).item();
    for (const x of inputs.slice(6, 9)) at = run(at, x).next;
    expect(other(held).item()).toBe(sum);
    expect([...inside(numbers(0).mul(0)).dataSync()]).toEqual(right.states[5]![0]);
    expect(String(held.a)).toContain("f32[4096]");
    expect(bits(at)).toEqual(right.states[8]);
  });
});

test("a loop makes no copies of what it feeds back", () => {
  const a = compile(turn);
  let at = start();
  // The first two calls show what is fed back.
  for (const x of inputs.slice(0, 2)) at = a(at, x).next;
  const slice = Float32Array.prototype.slice;
  let bytes = 0;
  Float32Array.prototype.slice = function (...args) {
    const copy = slice.apply(this, args);
    bytes += copy.byteLength;
    return copy;
  };
  try {
    for (const x of inputs.slice(2, 12)) at = a(at, x).next;
  } finally {
    Float32Array.prototype.slice = slice;
  }
  // What goes through as it is, and the loss.
  expect(bytes).toBe(10 * (4 * n + 4));
  expect(bits(at)).toEqual(right.states[11]);
});

describe("memory", () => {
  /** Bytes of arrays after a loop that leaves the engine no turn. */
  function held(turns: number, everyTurn: (state: Tensor, i: number) => void): number {
    const size = 2 ** 18;
    const run = compile((w: Tensor, x: Tensor) =>
      w.mul(0.5).add(x.slice({ start: [0], end: [n] })),
    );
    const row = new Float32Array(size).fill(0.25);
    let w = numbers(1);
    for (let i = 0; i < turns; i++) everyTurn((w = run(w, tensor(row))), i);
    gc();
    return process.memoryUsage().arrayBuffers;
  }
  const gc = gcOfThisEngine();

  it("does not grow with the turns of a loop, whatever each is given", () => {
    const before = held(100, () => {});
    expect(held(300, () => {}) - before).toBeLessThan(2 ** 26);
  });

  it("holds of a result that somebody keeps little more than its values", () => {
    const [kept, before]: [Tensor[], number] = [[], held(100, () => {})];
    const after = held(300, (w, i) => {
      if (i % 10 === 0) kept.push(w);
      if (i % 3 === 0) w.dataSync();
    });
    expect(after - before).toBeLessThan(2 ** 26);
    for (const w of kept.slice(-3)) expect(w.dataSync()[0]).toBeCloseTo(0.5);
  });
});
