/**
 * Kernels that differ in nothing but where their buffers lie, in numbers, and in the user's lines: a
 * deep or unrolled network has thousands of kernels of a dozen kinds, and one function does the work
 * of all that are alike.
 */
import { at, entry, only, zip } from "../core/at.ts";
import type { DType } from "../core/dtype.ts";
import {
  constant,
  type Expression,
  type Intrinsic,
  type Load,
  load,
  operands,
} from "../core/expression.ts";
import type { Shape } from "../core/shape.ts";
import { type Affine, fromAffine, linearForm, linearForms, rangeOf } from "./affine.ts";
import { numbered } from "./kinds.ts";
import { numbersOfPairs } from "./pairs.ts";
import type { Buffer, PlainKernel, Store } from "./program.ts";

/** What a kernel has in a place where another that is like it may have something else. */
export type KernelSlot =
  /** The first element of a buffer that it reads or writes. */
  | { readonly kind: "place"; readonly buffer: Buffer; readonly element: number }
  | { readonly kind: "number"; readonly value: number; readonly dtype: DType }
  | { readonly kind: "line"; readonly where: () => string };

/** The same for all kernels of the same expressions: what a kernel has there. */
type Slot =
  | { readonly kind: "read"; readonly input: number; readonly element: number }
  | { readonly kind: "write"; readonly store: number }
  | { readonly kind: "number"; readonly value: number; readonly dtype: DType }
  | { readonly kind: "line"; readonly where: (() => string) | undefined };

interface Likeness {
  /** Kernels are alike if they have the same; then their slots correspond to each other. */
  readonly key: string;
  readonly slots: readonly KernelSlot[];
  /** The slots of loads and numbers, and of the lines of what checks an index. */
  readonly numbers: ReadonlyMap<Expression, number>;
  readonly lines: ReadonlyMap<Load | PlainKernel, number>;
  /** Places counted from the first element, where they are linear and nothing guards them. */
  readonly forms: ReadonlyMap<Expression, Affine>;
}

/** Of these the second argument decides which instructions there are. */
const fixed: ReadonlySet<Intrinsic> = new Set(["shiftLeft", "shiftRight", "mod", "floorDiv"]);

function filled(slots: readonly Slot[], { reads, stores, where }: PlainKernel): KernelSlot[] {
  const fill = (slot: Slot): KernelSlot => {
    switch (slot.kind) {
      case "read":
        return { kind: "place", buffer: at(reads, slot.input), element: slot.element };
      case "write":
        return { kind: "place", buffer: at(stores, slot.store).buffer, element: 0 };
      case "number":
        return slot;
      case "line":
        return { kind: "line", where: slot.where ?? where };
    }
  };
  return slots.map(fill);
}

function likeness(kernel: PlainKernel): Likeness {
  const { slots, ...known } = pattern(kernel, linearForm);
  return { ...known, slots: filled(slots, kernel) };
}

/** The keys and slots of many kernels; kernels of the same expressions are looked at once. */
export function likenesses(): (kernel: PlainKernel) => Pick<Likeness, "key" | "slots"> {
  const formOf = linearForms();
  const after = numbersOfPairs();
  const parts = new Map<Expression | string, number>();
  interface Known {
    readonly key: string;
    readonly slots: readonly Slot[];
  }
  const known = new Map<number, Known>();
  const look = (kernel: PlainKernel): Known => {
    const { key, slots } = pattern(kernel, formOf);
    return { key, slots };
  };
  return (kernel) => {
    const { loop, extents, reads, stores } = kernel;
    let found: Known | undefined;
    // Sizes of buffers are of no account but in these.
    const isKnown = loop === "map" || loop === "reduce";
    if (!isKnown || reads.some((b) => b.size === 0)) found = look(kernel);
    else {
      const kind = loop === "map" ? loop : `${kernel.combine} ${kernel.dtype} ${kernel.isCounted}`;
      let mark = after(after(-1, numbered(parts, kind)), reads.length);
      for (const n of extents) mark = after(mark, n);
      mark = after(mark, -1);
      if (loop === "reduce") {
        for (const n of kernel.over) mark = after(mark, n);
        mark = after(after(mark, -1), numbered(parts, kernel.value));
      }
      for (const { value } of stores) mark = after(mark, numbered(parts, value));
      found = known.get(mark);
      if (found === undefined) known.set(mark, (found = look(kernel)));
    }
    return { key: found.key, slots: filled(found.slots, kernel) };
  };
}

function pattern(kernel: PlainKernel, formOf: typeof linearForm) {
  const { extents, reads, stores } = kernel;
  const slots: Slot[] = [];
  const numbers = new Map<Expression, number>();
  const lines = new Map<Load | PlainKernel, number>();
  const forms = new Map<Expression, Affine>();
  const places = new Map<string, number>();
  let key = headOf(kernel);
  let count = 0;
  const slot = (made: Slot): number => slots.push(made) - 1;
  /** Numbers in order of what is written down: that of values, and that of parts of places. */
  const [asValue, asPlace] = [new Map<Expression, number>(), new Map<Expression, number>()];
  const place = (input: number, element: number): number => {
    const name = `${input} ${element}`;
    let known = places.get(name);
    if (known === undefined) {
      known = slot({ kind: "read", input, element });
      places.set(name, known);
    }
    return known;
  };
  const textOfLoad = (e: Load, loop: Shape, isValue: boolean): string => {
    if (e.input === reads.length) return `result ${e.dtype}`;
    const form = e.when || e.bound ? undefined : formOf(e.at, loop);
    // Counted from the first element that is read, no place is negative.
    const first = form ? rangeOf(form, loop)[0] : 0;
    const number = place(e.input, first);
    numbers.set(e, number);
    if (form) {
      forms.set(e, { ...form, base: form.base - first });
      return `x${number} ${e.dtype} ${form.coefficients}`;
    }
    const { when, bound, otherwise } = e;
    const empty = at(reads, e.input).size === 0;
    let text = `x${number} ${e.dtype} ${empty} ${otherwise} ${visit(e.at, loop, isValue && !bound)}`;
    if (when) text += ` when ${visit(when, loop, isValue)}`;
    if (bound) {
      text += ` bound ${visit(bound.index, loop, false)} ${bound.size}`;
      lines.set(e, slot({ kind: "line", where: bound.where }));
    }
    return text;
  };
  const textOf = (e: Expression, loop: Shape, isValue: boolean): string => {
    switch (e.kind) {
      case "constant": {
        if (!isValue || e.dtype === "bool") return `${numberText(e.value)} ${e.dtype}`;
        numbers.set(e, slot({ kind: "number", value: e.value, dtype: e.dtype }));
        return `c ${e.dtype}`;
      }
      case "index":
        return `i${e.axis}`;
      case "load":
        return textOfLoad(e, loop, isValue);
      default: {
        let text = e.kind === "apply" ? e.fn : `${e.kind} ${e.dtype}`;
        for (const [k, x] of operands(e).entries()) {
          text += ` ${visit(x, loop, isValue && !isFixed(e, k))}`;
        }
        return text;
      }
    }
  };
  const visit = (e: Expression, loop: Shape, isValue: boolean): number => {
    const seen = isValue ? asValue : asPlace;
    const known = seen.get(e);
    if (known !== undefined) return known;
    const text = textOf(e, loop, isValue);
    key += `${text};`;
    seen.set(e, count);
    return count++;
  };
  const roots: number[] = [];
  if (kernel.loop === "scatter") {
    roots.push(visit(kernel.at, extents, false), visit(kernel.bound.index, extents, false));
    lines.set(kernel, slot({ kind: "line", where: undefined }));
  }
  if (kernel.loop !== "map") {
    // Whether a sum is one of products is not to depend on what a number is.
    const loop = kernel.loop === "reduce" ? [...extents, ...kernel.over] : extents;
    roots.push(visit(kernel.value, loop, kernel.loop !== "reduce"));
  }
  for (const { value } of stores) roots.push(visit(value, extents, true));
  key += `${roots} ${stores.map(({ buffer }) => buffer.dtype)}`;
  for (const store of stores.keys()) slot({ kind: "write", store });
  return { key, slots, numbers, lines, forms };
}

const isFixed = (e: Expression, operand: number): boolean =>
  e.kind === "apply" && operand === 1 && fixed.has(e.fn);

const numberText = (value: number): string => (Object.is(value, -0) ? "-0" : String(value));

function headOf(kernel: PlainKernel): string {
  const isOpen = "isCounted" in kernel && kernel.isCounted === true;
  const head = `${kernel.loop} ${kernel.extents}${isOpen ? " open" : ""};`;
  switch (kernel.loop) {
    case "map":
      return head;
    case "reduce":
      return `${head}${kernel.over} ${kernel.combine} ${kernel.dtype};`;
    case "scan":
      return `${head}${kernel.axis} ${kernel.combine} ${kernel.reverse};`;
    case "order":
      return `${head}${kernel.axis} ${kernel.descending};`;
    case "scatter":
      return `${head}${kernel.combine} ${kernel.bound.size} ${kernel.stores[0].buffer.size};`;
  }
}

/** A kernel as the function of all that are alike sees it. */
interface Pattern {
  readonly kernel: PlainKernel;
  /** The slots that its buffers and lines stand for. */
  readonly slotOf: ReadonlyMap<Buffer | (() => string), number>;
}

/**
 * The kernel with buffers of its own for all slots that are places, and for numbers that vary. So a
 * number that is given is a load, of which nothing can be known beforehand.
 */
export function patternOf(kernel: PlainKernel, varies: (slot: number) => boolean): Pattern {
  const { slots, numbers, lines, forms } = likeness(kernel);
  const slotOf = new Map<Buffer | (() => string), number>();
  const reads: Buffer[] = [];
  /** The reads that stand for slots, by number. */
  const inputs = new Map<number, number>();
  const made = slots.map((slot, i): Buffer | undefined => {
    if (slot.kind === "line" || (slot.kind === "number" && !varies(i))) return undefined;
    const buffer: Buffer =
      slot.kind === "place"
        ? { ...slot.buffer }
        : { id: -1, dtype: slot.dtype, size: 1, role: "constant", name: "number" };
    slotOf.set(buffer, i);
    if (i < slots.length - kernel.stores.length) inputs.set(i, reads.push(buffer) - 1);
    return buffer;
  });
  const lineOf = (of: Load | PlainKernel, where: () => string): (() => string) => {
    const own = () => where();
    slotOf.set(own, entry(lines, of));
    return own;
  };
  const loadOf = (e: Load, isValue: boolean): Load => {
    if (e.input === kernel.reads.length) return { ...e, input: reads.length };
    const input = entry(inputs, entry(numbers, e));
    const form = forms.get(e);
    if (form) return { ...e, input, at: fromAffine(form) };
    const { when, bound } = e;
    const checked = bound && {
      bound: { ...bound, index: part(bound.index), where: lineOf(e, bound.where ?? kernel.where) },
    };
    const place = copy(e.at, isValue && !bound);
    return { ...e, input, at: place, ...(when ? { when: copy(when, isValue) } : {}), ...checked };
  };
  const [values, parts] = [new Map<Expression, Expression>(), new Map<Expression, Expression>()];
  const copy = (e: Expression, isValue: boolean): Expression => {
    const seen = isValue ? values : parts;
    const known = seen.get(e);
    if (known) return known;
    const made = copyOf(e, isValue);
    seen.set(e, made);
    return made;
  };
  const copyOf = (e: Expression, isValue: boolean): Expression => {
    switch (e.kind) {
      case "index":
        return e;
      case "constant": {
        const input = isValue ? inputs.get(numbers.get(e) ?? -1) : undefined;
        return input === undefined ? e : load(input, e.dtype, constant(0, "i32"));
      }
      case "load":
        return loadOf(e, isValue);
      case "apply":
        return { ...e, args: e.args.map((x, k) => copy(x, isValue && !isFixed(e, k))) };
      case "cast":
        return { ...e, value: copy(e.value, isValue) };
      case "select": {
        const [condition, then, otherwise] = [e.condition, e.then, e.otherwise].map((x) =>
          copy(x, isValue),
        ) as [Expression, Expression, Expression];
        return { ...e, condition, then, otherwise };
      }
    }
  };
  const part = (e: Expression): Expression => copy(e, false);
  const written = made.slice(made.length - kernel.stores.length);
  const stores = zip(kernel.stores, written).map(
    ([s, buffer = s.buffer]): Store => ({ buffer, value: copy(s.value, true) }),
  );
  const common = { reads, stores };
  switch (kernel.loop) {
    case "map":
      return { kernel: { ...kernel, ...common }, slotOf };
    case "reduce":
      return { kernel: { ...kernel, ...common, value: part(kernel.value) }, slotOf };
    case "scan": {
      const value = copy(kernel.value, true);
      return { kernel: { ...kernel, ...common, value, stores: [only(stores)] }, slotOf };
    }
    case "order": {
      const value = copy(kernel.value, true);
      return { kernel: { ...kernel, ...common, value, stores: [only(stores)] }, slotOf };
    }
    case "scatter": {
      const own = {
        at: part(kernel.at),
        value: copy(kernel.value, true),
        where: lineOf(kernel, kernel.where),
      };
      const bound = { ...kernel.bound, index: part(kernel.bound.index) };
      return { kernel: { ...kernel, ...common, ...own, bound, stores: [only(stores)] }, slotOf };
    }
  }
}
