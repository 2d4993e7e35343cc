/** Recurrences by hand, over plain arrays, whose way back through time does one thing wrong. */
import { gru, linear, lstm, rnn, sequential } from "../../src/nn/index.ts";
import type { Layer } from "../../src/nn/layer.ts";
import { type Case, loss, type Made, numbers, settings } from "./planted.ts";

type Row = number[];
type Matrix = Row[];

const dot = (a: Row, b: Row) => a.reduce((s, v, k) => s + v * b[k]!, 0);
const times = (m: Matrix, x: Row): Row => m.map((row) => dot(row, x));
/** mᵀ x */
const back = (m: Matrix, x: Row): Row =>
  m[0]!.map((_, k) => x.reduce((s, v, j) => s + v * m[j]![k]!, 0));
const plus = (...all: Row[]): Row => all[0]!.map((_, k) => all.reduce((s, v) => s + v[k]!, 0));
const each = (a: Row, b: Row): Row => a.map((v, k) => v * b[k]!);
const zeros = (n: number): Row => Array.from({ length: n }, () => 0);
const sigma = (z: number) => 1 / (1 + Math.exp(-z));
const sigmaSlope = (y: number) => y * (1 - y);
const tanhSlope = (y: number) => 1 - y * y;
const one = () => 1;

interface Net {
  readonly kind: "rnn" | "lstm" | "gru";
  readonly last: boolean;
  readonly softmax: boolean;
  readonly x: Matrix;
  readonly ih: Matrix;
  readonly hh: Matrix;
  readonly bih: Row;
  readonly bhh: Row;
  readonly w: Matrix;
  readonly b: Row;
  /** For each step that is read. */
  readonly targets: Matrix;
}

const gatesOf = { rnn: 1, lstm: 4, gru: 3 } as const;
const steps = 4;

export function sequenceNet(seed: number, kind: Net["kind"], last: boolean, softmax = false): Net {
  const draw = numbers(seed + 500);
  const matrix = (rows: number, columns: number) =>
    Array.from({ length: rows }, () => Array.from({ length: columns }, () => draw(-1, 1)));
  const [inputs, hidden] = [2, kind === "rnn" ? 3 : 2];
  const rows = gatesOf[kind] * hidden;
  const bias = matrix(1, rows)[0]!;
  return {
    ...{ kind, last, softmax },
    x: matrix(steps, inputs),
    ih: matrix(rows, inputs),
    hh: matrix(rows, hidden),
    // The layer takes one list for both.
    ...{ bih: bias, bhh: bias },
    w: matrix(2, hidden),
    b: matrix(1, 2)[0]!,
    targets: softmax ? [[0, 1]] : matrix(last ? 1 : steps, 2),
  };
}

/** What is done wrong; by default nothing is. */
interface Wrong {
  /** Nothing goes back beyond the beginning of this step, counted from 0; true: of any step. */
  readonly cut?: boolean | number;
  /** The only step whose share is counted. */
  readonly only?: number;
  readonly mean?: boolean;
  readonly untransposed?: boolean;
  readonly noWeights?: boolean;
  /** Which step's input and state are multiplied by, counted from the right one. */
  readonly input?: number;
  readonly state?: number;
  /** Of y, and of the state before. */
  readonly slope?: (y: number, before: number) => number;
  readonly noSlopeBack?: boolean;
  readonly gate?: (y: number, name: string) => number;
  readonly constant?: string;
  readonly cellSlope?: (y: number) => number;
  readonly cutCell?: boolean;
  readonly onlyCell?: boolean;
  readonly direct?: boolean;
  readonly onlyDirect?: boolean;
}

/** One step forwards, and what its error terms are. */
interface Done {
  readonly h: Row;
  readonly c: Row;
  /** δ of the sums of the input and of those of the state, and what goes on to h and c before. */
  readonly back: (dh: Row, dc: Row) => { input: Row; state: Row; dh: Row; dc: Row };
}

/** The blocks of a matrix of gates, transposed or, by mistake, not. */
function through(n: Net, delta: Row, { untransposed, noWeights }: Wrong): Row {
  if (noWeights) return delta;
  if (!untransposed) return back(n.hh, delta);
  const hidden = n.hh[0]!.length;
  const blocks = Array.from({ length: n.hh.length / hidden }, (_, g) =>
    times(n.hh.slice(g * hidden, (g + 1) * hidden), delta.slice(g * hidden, (g + 1) * hidden)),
  );
  return plus(...blocks);
}

function step(n: Net, x: Row, h: Row, c: Row, wrong: Wrong): Done {
  const hidden = h.length;
  const xs = plus(times(n.ih, x), n.bih);
  const hs = plus(times(n.hh, h), n.bhh);
  const part = (v: Row, g: number) => v.slice(g * hidden, (g + 1) * hidden);
  const slope = wrong.slope ?? tanhSlope;
  const gate = (y: Row, name: string) =>
    y.map((v) => (wrong.constant === name ? 0 : (wrong.gate?.(v, name) ?? sigmaSlope(v))));
  if (n.kind === "rnn") {
    const y = plus(xs, hs).map(Math.tanh);
    return {
      ...{ h: y, c },
      back(dh, dc) {
        const delta = dh.map((v, k) => v * slope(y[k]!, h[k]!));
        return {
          input: delta,
          state: delta,
          dh: through(n, wrong.noSlopeBack ? dh : delta, wrong),
          dc,
        };
      },
    };
  }
  if (n.kind === "lstm") {
    const z = plus(xs, hs);
    const [i, f, o] = [0, 1, 3].map((g) => part(z, g).map(sigma)) as [Row, Row, Row];
    const g = part(z, 2).map(Math.tanh);
    const next = plus(each(f, c), each(i, g));
    const open = next.map(Math.tanh);
    return {
      ...{ h: each(o, open), c: next },
      back(dh, dc) {
        const dNext = plus(dc, each(each(dh, o), open.map(wrong.cellSlope ?? tanhSlope)));
        const delta = [
          each(each(dNext, g), gate(i, "i")),
          each(each(dNext, c), gate(f, "f")),
          each(
            each(dNext, i),
            g.map((v) => slope(v, 0)),
          ),
          each(each(dh, open), gate(o, "o")),
        ].flat();
        return {
          ...{ input: delta, state: delta },
          dh: wrong.onlyCell ? zeros(hidden) : through(n, delta, wrong),
          dc: wrong.cutCell ? zeros(hidden) : each(dNext, f),
        };
      },
    };
  }
  const [r, z] = [0, 1].map((k) => plus(part(xs, k), part(hs, k)).map(sigma)) as [Row, Row];
  const fresh = plus(part(xs, 2), each(r, part(hs, 2))).map(Math.tanh);
  return {
    h: fresh.map((v, k) => (1 - z[k]!) * v + z[k]! * h[k]!),
    c,
    back(dh, dc) {
      const dn = dh.map((v, k) => v * (1 - z[k]!) * slope(fresh[k]!, 0));
      const dz = each(
        dh.map((v, k) => v * (h[k]! - fresh[k]!)),
        gate(z, "z"),
      );
      const dr = each(each(dn, part(hs, 2)), gate(r, "r"));
      const state = [...dr, ...dz, ...each(dn, r)];
      const direct = wrong.direct ? zeros(hidden) : each(dh, z);
      const around = wrong.onlyDirect ? zeros(hidden) : through(n, state, wrong);
      return { input: [...dr, ...dz, ...dn], state, dh: plus(direct, around), dc };
    },
  };
}

const outer = (d: Row, x: Row): Matrix => d.map((v) => x.map((u) => v * u));
const added = (a: Matrix, b: Matrix): Matrix => a.map((row, j) => plus(row, b[j]!));

export function sequenceGradients(n: Net, wrong: Wrong = {}) {
  const hidden = n.hh[0]!.length;
  const states: Row[] = [zeros(hidden)];
  let c = zeros(hidden);
  const done = n.x.map((x, t) => {
    const own = step(n, x, states[t]!, c, wrong);
    states.push(own.h);
    c = own.c;
    return own;
  });
  let [ih, hh] = [n.ih.map((row) => zeros(row.length)), n.hh.map((row) => zeros(row.length))];
  let [bih, bhh] = [zeros(ih.length), zeros(hh.length)];
  let [dh, dc] = [zeros(hidden), zeros(hidden)];
  for (let t = steps - 1; t >= 0; t--) {
    const target = n.targets[n.last ? t - steps + 1 : t];
    if (target) {
      const out = plus(times(n.w, states[t + 1]!), n.b);
      const total = out.reduce((s, v) => s + Math.exp(v), 0);
      const p = n.softmax ? out.map((v) => Math.exp(v) / total) : out;
      dh = plus(
        dh,
        back(
          n.w,
          p.map((v, i) => v - target[i]!),
        ),
      );
    }
    const found = done[t]!.back(dh, dc);
    const by = wrong.only !== undefined && wrong.only !== t ? 0 : wrong.mean ? 1 / steps : 1;
    const [input, state] = [found.input.map((v) => v * by), found.state.map((v) => v * by)];
    ih = added(ih, outer(input, n.x[t + (wrong.input ?? 0)] ?? zeros(2)));
    hh = added(hh, outer(state, states[t + (wrong.state ?? 0)]!));
    [bih, bhh] = [plus(bih, input), plus(bhh, state)];
    const isCut = wrong.cut === true || wrong.cut === t;
    [dh, dc] = isCut ? [zeros(hidden), zeros(hidden)] : [found.dh, found.dc];
  }
  return { ih, hh, bih, bhh };
}

/** The network, for other examples of which only inputs and targets are taken, too. */
export function sequenceMade(n: Net, others: readonly Net[] = [], options = {}): Made {
  const hidden = n.hh[0]!.length;
  const makers = { rnn, lstm, gru } as unknown as Record<Net["kind"], (...of: unknown[]) => Layer>;
  const layer = makers[n.kind](2, hidden, {
    ...{ weight: n.ih, recurrent: n.hh, bias: n.bih },
    output: n.last ? "last" : "all",
    ...options,
  });
  const layers = [layer, linear(hidden, 2, { weight: n.w, bias: n.b })];
  const model = sequential(...(layers as readonly Layer[] as [Layer]));
  return {
    family: n.kind === "rnn" ? "recurrent" : "gated",
    model,
    ...loss(
      n.softmax,
      [n, ...others].map(({ x }) => x),
      n.last
        ? [n, ...others].flatMap(({ targets }) => targets)
        : [n, ...others].map(({ targets }) => targets),
    ),
    optimizer: settings,
  };
}

export function sequenceCases(seed: number): Case[] {
  const e = sequenceNet(seed, "rnn", true, seed % 2 === 0);
  const all = sequenceNet(seed + 1, "rnn", false);
  const l = sequenceNet(seed + 2, "lstm", seed % 2 === 0);
  const g = sequenceNet(seed + 3, "gru", seed % 2 === 1);
  const subjects = new Map([e, all, l, g].map((n) => [n, sequenceMade(n)]));
  const draw = numbers(seed + 600);
  const pick = (count: number) => Math.min(count - 1, Math.floor(draw(0, count)));
  const own = (key: string, n: Net, of: "ih" | "hh", wrong: Wrong): Case => {
    const matrix = sequenceGradients(n, wrong)[of];
    const [j, k] = [pick(matrix.length), pick(matrix[0]!.length)];
    return [key, subjects.get(n)!, `0.weight_${of}_l0[${j},${k}]`, matrix[j]![k]!];
  };
  const bias = (key: string, n: Net, wrong: Wrong): Case => {
    const found = sequenceGradients(n, wrong).bih;
    const j = pick(found.length);
    return [key, subjects.get(n)!, `0.bias_ih_l0[${j}]`, found[j]!];
  };
  return [
    own("m_stateConstant", e, "ih", { cut: true }),
    own("m_stateConstant", all, "hh", { cut: true }),
    own("m_truncated", e, "ih", { cut: 2 }),
    own("m_truncated", e, "ih", { cut: 1 }),
    own("m_onlyStep", all, "ih", { only: 3 }),
    own("m_onlyStep", e, "ih", { only: 0 }),
    bias("m_onlyStep", all, { only: 1 }),
    own("m_timeMean", e, "hh", { mean: true }),
    bias("m_timeMean", all, { mean: true }),
    own("m_recurrentTranspose", e, "ih", { untransposed: true }),
    own("m_recurrentTranspose", l, "hh", { untransposed: true }),
    own("m_recurrentTranspose", g, "ih", { untransposed: true }),
    own("m_inputBefore", e, "ih", { input: -1 }),
    own("m_inputAfter", all, "ih", { input: 1 }),
    own("m_stateOfStep", e, "hh", { state: 1 }),
    own("m_stateOfStep", l, "hh", { state: 1 }),
    own("m_noSlopeSteps", e, "ih", { slope: one }),
    own("m_slopeAtOutSteps", all, "ih", { slope: (y) => 1 - Math.tanh(y) ** 2 }),
    own("m_slopeOfSteps", e, "hh", { slope: sigmaSlope }),
    own("m_slopeOfStateBefore", all, "ih", { slope: (_, before) => tanhSlope(before) }),
    own("m_noSlopesThroughTime", e, "ih", { noSlopeBack: true }),
    own("m_noRecurrentWeights", all, "ih", { noWeights: true }),
    own("m_stateConstant", l, "ih", { cut: true }),
    own("m_gateSlopeMissing", l, "ih", { gate: one }),
    own("m_gateSlopeMissing", g, "ih", { gate: one }),
    own("m_gateSlopeOf", l, "ih", { gate: tanhSlope }),
    own("m_gateSlopeOf", g, "ih", { gate: tanhSlope }),
    own("m_oneGateSlope", l, "hh", { gate: (y, name) => (name === "f" ? 1 : sigmaSlope(y)) }),
    own("m_gateConstant", l, "ih", { constant: "f" }),
    own("m_gateConstant", g, "ih", { constant: "z" }),
    own("m_cellSlopeMissing", l, "ih", { cellSlope: one }),
    own("m_cellConstant", l, "ih", { cutCell: true }),
    own("m_onlyThroughCell", l, "hh", { onlyCell: true }),
    own("m_slopeOfSteps", l, "ih", { slope: sigmaSlope }),
    own("m_slopeOfSteps", g, "hh", { slope: sigmaSlope }),
    own("m_noDirectPath", g, "ih", { direct: true }),
    own("m_onlyDirectPath", g, "hh", { onlyDirect: true }),
    own("m_onlyStep", g, "hh", { only: 2 }),
  ];
}
