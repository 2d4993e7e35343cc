/**
 * Factors of matrix products that do not lie as register tiles want them (several summed axes,
 * windows, steps backwards, guards): a nest over the summed axes copies the lanes of a panel or of
 * a tile's rows side by side, term by term.
 */
import type { Packed } from "../../../compile/contraction.ts";
import { axesIn, type Range } from "../../../compile/guard.ts";
import { at } from "../../../core/at.ts";
import type { Expression } from "../../../core/expression.ts";
import { access, type Expr, get, i32, lane, op, select } from "../assembler/index.ts";
import type { KernelWriter } from "./kernel.ts";
import { literal } from "./scalar.ts";

/** What is copied, and where to. */
interface Copy {
  readonly dtype: "f32" | "f64";
  readonly factor: Packed;
  /** The outer indices of each lane, as the factor sees the loop. */
  readonly lanes: readonly (readonly Expr[])[];
  /** The axis of the lanes; whether every vector of lanes is one stretch of it. */
  readonly axis: number;
  readonly isWhole: boolean;
  readonly to: Expr;
  /** Elements of the copy from one term to the next. */
  readonly step: number;
}

/** Lanes of an i32 vector, which a guard is worked out for together. */
const guardLanes = 4;

/** What the guard says so far, group by group: a mask for its lanes, or nothing yet. */
type Masks = readonly (Expr | undefined)[];

export function pack(w: KernelWriter, copy: Copy): void {
  const { dtype, factor, lanes, axis, isWhole, step } = copy;
  const { f } = w;
  const { form, guard, extents, over } = factor;
  const rank = extents.length;
  const bytes = dtype === "f32" ? 4 : 8;
  const vector = 16 / bytes;
  const base = f.let(w.address(at(w.kernel.reads, factor.input)));
  const pointers = lanes.map((indices) => {
    if (form === undefined) return base;
    const place = w.offset(form.coefficients.slice(0, rank), form.base, bytes, indices);
    return f.let(op("i32.add", base, place));
  });
  const groups = Array.from({ length: Math.ceil(lanes.length / guardLanes) }, (_, g) =>
    lanes.slice(g * guardLanes, (g + 1) * guardLanes),
  );
  const ranges = guard.ranges.map((range) => rangeIn(w, range, groups, rank));
  const isGuarded = ranges.length > 0 || guard.conditions.length > 0;
  const side = form?.coefficients[axis] === 1;
  /** Whether a vector's lanes are neighbours: undefined where that is known, either way. */
  const adjoin = (v: number): Expr | boolean => {
    if (!side || v + vector > lanes.length) return false;
    if (isWhole) return true;
    const [first, ...others] = pointers.slice(v, v + vector) as [Expr, ...Expr[]];
    const each = others.map((p, j) => op("i32.eq", op("i32.sub", p, first), i32((j + 1) * bytes)));
    return f.let(each.reduce((all, one) => op("i32.and", all, one)));
  };
  const starts = pointers.flatMap((_, v) => (v % vector === 0 ? [v] : []));
  const adjoining = starts.map(adjoin);
  const to = f.local("i32");
  f.set(to, copy.to);

  /** The masks of the groups with what depends on the index of this axis and on none inside it. */
  const masked = (level: number, indices: readonly Expr[], masks: Masks): Masks => {
    const found = [...masks];
    const join = (g: number, mask: Expr): void => {
      const before = found[g];
      found[g] = f.let(before === undefined ? mask : op("v128.and", before, mask));
    };
    for (const range of ranges) {
      if (range.level !== level) continue;
      const moved = w.offset(range.coefficients.slice(0, indices.length), 0, 1, indices);
      const spread = f.let(op("i32x4.splat", moved));
      for (const [g, own] of range.own.entries()) {
        const within = op("i32x4.splat", i32(range.width));
        join(g, op("i32x4.lt_u", op("i32x4.add", own, spread), within));
      }
    }
    for (const e of guard.conditions) {
      if (levelOf(axesIn(e, [...extents, ...over]), rank) !== level) continue;
      const rest = over.slice(indices.length).map(() => i32(0));
      for (const [g, group] of groups.entries()) {
        const bits = group.map((own) => scalar(e, [...own, ...indices, ...rest]));
        join(g, op("i32x4.sub", op("i32x4.splat", i32(0)), lanesOf(bits)));
      }
    }
    return found;
  };
  const scalar = (e: Expression, indices: readonly Expr[]): Expr =>
    w.scalars([e], [...extents, ...over], indices)(e);

  const term = (indices: readonly Expr[], moved: Expr, masks: Masks): void => {
    const place = (l: number): Expr => {
      const pointer = at(pointers, l);
      if (form !== undefined) return op("i32.add", pointer, moved);
      const far = scalar(factor.at, [...at(lanes, l), ...indices]);
      return op("i32.add", pointer, op("i32.mul", far, i32(bytes)));
    };
    const one = (l: number): void => {
      const mask = masks[Math.floor(l / guardLanes)];
      let value = access(`${dtype}.load`, [place(l)]);
      if (mask !== undefined) {
        // Where the guard fails nothing may be read; the element 0 is always there to be read.
        const holds = f.let(lane("i32x4.extract_lane", l % guardLanes, mask));
        const safe = select(holds, f.let(place(l)), base);
        value = select(holds, access(`${dtype}.load`, [safe]), otherwise);
      }
      f.emit(access(`${dtype}.store`, [get(to), value], { offset: l * bytes }));
    };
    for (const [i, v] of starts.entries()) {
      const mask = masks[Math.floor(v / guardLanes)];
      const ones = () => {
        for (let l = v; l < Math.min(v + vector, lanes.length); l++) one(l);
      };
      const whole = () => {
        const value = access("v128.load", [place(v)]);
        f.emit(access("v128.store", [get(to), value], { offset: v * bytes }));
      };
      const together = adjoining[i] ?? false;
      if (together === false) {
        ones();
        continue;
      }
      const tests = [
        ...(together === true ? [] : [together]),
        ...(mask === undefined ? [] : [op("i32x4.all_true", mask)]),
      ];
      const [test, other] = tests;
      if (test === undefined) whole();
      else f.if(other === undefined ? test : op("i32.and", test, other), whole, ones);
    }
    f.set(to, op("i32.add", get(to), i32(step * bytes)));
  };
  const otherwise = literal(guard.otherwise, dtype);
  const nest = (indices: readonly Expr[], moved: Expr, masks: Masks): void => {
    const level = indices.length;
    const size = over[level];
    if (size === undefined) {
      term(indices, moved, masks);
      return;
    }
    w.loop(size, 1, (i) => {
      const far = w.offset([form?.coefficients[rank + level] ?? 0], 0, bytes, [i]);
      const next = [...indices, i];
      nest(next, f.let(sum(moved, far)), masked(level, next, masks));
    });
  };
  const none = groups.map(() => undefined);
  nest([], i32(0), isGuarded ? masked(-1, [], none) : none);
}

const sum = (a: Expr, b: Expr): Expr => {
  if (a.op === "i32.const" && a.imm[0] === 0) return b;
  return b.op === "i32.const" && b.imm[0] === 0 ? a : op("i32.add", a, b);
};

/** The innermost summed axis among these; −1 if there is none. */
const levelOf = (axes: Iterable<number>, rank: number): number =>
  Math.max(-1, ...[...axes].map((axis) => axis - rank));

/** A range as lanes test it: own + Σ coefficients·index, unsigned, is below the width. */
function rangeIn(
  w: KernelWriter,
  { coefficients, low, high }: Range,
  groups: readonly (readonly (readonly Expr[])[])[],
  rank: number,
) {
  const { f } = w;
  const outer = coefficients.slice(0, rank);
  const inner = coefficients.slice(rank);
  const own = groups.map((group) =>
    f.let(lanesOf(group.map((indices) => w.offset(outer, -low, 1, indices)))),
  );
  const level = inner.findLastIndex((c) => c !== 0);
  return { own, coefficients: inner, level, width: Math.max(0, high - low + 1) };
}

/** Up to four i32 as one vector; those that are missing are the first. */
function lanesOf([first = i32(0), ...others]: readonly Expr[]): Expr {
  return others.reduce<Expr>(
    (v, x, i) => lane("i32x4.replace_lane", i + 1, v, x),
    op("i32x4.splat", first),
  );
}
