/**
 * A function for each kernel, or for many that are alike: what they differ in (compile/alike.ts) is
 * given when it is called, so that a deep network's program compiles about as fast as a shallow one's.
 */
import { type KernelSlot, likenesses, patternOf } from "../../compile/alike.ts";
import type {
  Buffer,
  Kernel,
  Move,
  PlainKernel,
  Program,
  Repetition,
} from "../../compile/program.ts";
import { at, entry } from "../../core/at.ts";
import { bytesOf } from "../../core/dtype.ts";
import { cTypes, type FileNeeds, numberText } from "./expressions.ts";
import { kernelBody } from "./kernels.ts";
import type { FunctionBody, Supplied } from "./writer.ts";

/** A kernel's function, and how it is called. */
export interface CompiledKernel {
  readonly kernel: Kernel;
  readonly units: number;
  /** Not to be shared out: too small, or it checks an index, and the first error is the one told. */
  readonly alone: boolean;
  /** Whether it checks an index. */
  readonly checks: boolean;
  readonly scratch: number;
  /** The call for units [lo, hi), as C. */
  readonly call: (lo: string, hi: string) => string;
}

/** Functions as C, and the calls of a program's kernels in turn. */
interface Functions {
  readonly texts: readonly string[];
  readonly calls: readonly CompiledKernel[];
}

/** The address of a buffer in the arena. */
const addressText = ({ offsets }: Program, b: Buffer): string => `(A + ${at(offsets, b.id)}L)`;

/** So many kernels that are alike, or more, share a function. */
const least = 4;

export function functionsOf(program: Program, needs: FileNeeds): Functions {
  const texts: string[] = [];
  const write = (kernels: readonly Kernel[]): CompiledKernel[] => {
    const families = familiesOf(kernels);
    const calls = new Map<Kernel, CompiledKernel>();
    return kernels.map((kernel) => {
      if (kernel.loop === "repeat") return repeated(kernel);
      const family = entry(families, kernel);
      if (family.kernels.length < least) return single(kernel);
      if (family.kernels[0] === kernel) {
        for (const call of shared(family)) calls.set(call.kernel, call);
      }
      return entry(calls, kernel);
    });
  };

  const define = (body: FunctionBody, parameters: readonly string[] = []): string => {
    const name = `k${needs.kernels++}`;
    const given = ["char *const A", "char *const scratch", "const long lo", "const long hi"];
    const lines = body.lines.map((line) => `${line}\n`).join("");
    texts.push(`kernel void ${name}(${[...given, ...parameters]}) {\n${lines}}\n`);
    return name;
  };

  const single = (kernel: PlainKernel): CompiledKernel => {
    const before = needs.lines.length;
    const body = kernelBody(kernel, needs, {
      address: (b) => addressText(program, b),
      number: () => undefined,
      line: (where) => `${needs.lines.push(where) - 1}`,
    });
    const name = define(body);
    return compiled(kernel, body, needs.lines.length > before, name, []);
  };

  const shared = (family: Family): CompiledKernel[] => {
    const { kernels, slots } = family;
    const parameters: Parameter[] = [];
    const settled = settle(program, needs, slots, parameters);
    const { kernel, slotOf } = patternOf(
      at(kernels, 0),
      (slot) => at(settled, slot).parameter !== undefined,
    );
    const first = at(slots, 0);
    const of = (key: Parameters<typeof slotOf.get>[0]) => {
      const { parameter, value } = at(settled, entry(slotOf, key));
      return { from: parameter === undefined ? undefined : `g${parameter}`, value };
    };
    const given: Supplied = {
      address: (b) => {
        const { from, value } = of(b);
        return `(${from ?? "A"} + ${value}L)`;
      },
      number: (b) => (at(first, entry(slotOf, b)).kind === "number" ? of(b).from : undefined),
      line: (where) => {
        const { from, value } = of(where);
        return from ?? `${value}`;
      },
    };
    const body = kernelBody(kernel, needs, given);
    const name = define(
      body,
      parameters.map(({ type }, k) => `${type} g${k}`),
    );
    const checks = first.some(({ kind }) => kind === "line");
    return kernels.map((one, k) =>
      compiled(
        one,
        body,
        checks,
        name,
        parameters.map(({ values }) => at(values, k)),
      ),
    );
  };

  const repeated = (kernel: Extract<Kernel, { loop: "repeat" }>): CompiledKernel => {
    const { repeat } = kernel;
    const inner = write(repeat.kernels);
    const body: FunctionBody = {
      lines: repeatLines(program, repeat, inner),
      units: 1,
      scratch: Math.max(0, ...inner.map(({ scratch }) => scratch)),
    };
    return compiled(
      kernel,
      body,
      inner.some(({ checks }) => checks),
      define(body),
      [],
    );
  };

  const calls = write(program.kernels);
  return { texts, calls };
}

function compiled(
  kernel: Kernel,
  { units, scratch }: FunctionBody,
  checks: boolean,
  name: string,
  given: readonly string[],
): CompiledKernel {
  const call = (lo: string, hi: string): string =>
    `${name}(${["A", "scratch", lo, hi, ...given]});`;
  return { kernel, units, alone: units <= 1 || checks, checks, scratch, call };
}

/** All units of each function; the run ends where an index was outside of its axis. */
export const callLines = (calls: readonly CompiledKernel[], leave: string): string[] =>
  calls.flatMap(({ call, units, checks }) => [
    call("0", `${units}`),
    ...(checks ? [`if (broken(A)) ${leave}`] : []),
  ]);

/** Kernels that are alike, and their slots. */
interface Family {
  readonly kernels: PlainKernel[];
  readonly slots: (readonly KernelSlot[])[];
}

function familiesOf(kernels: readonly Kernel[]): ReadonlyMap<Kernel, Family> {
  const known = new Map<string, Family>();
  const families = new Map<Kernel, Family>();
  const likeness = likenesses();
  for (const kernel of kernels) {
    if (kernel.loop === "repeat") continue;
    const { key, slots } = likeness(kernel);
    let family = known.get(key);
    if (family === undefined) known.set(key, (family = { kernels: [], slots: [] }));
    family.kernels.push(kernel);
    family.slots.push(slots);
    families.set(kernel, family);
  }
  return families;
}

/** What a function is given: for each kernel a value, as C. */
interface Parameter {
  readonly type: string;
  readonly values: readonly string[];
}

/** A slot's value: the same for all kernels, or so much behind a parameter. */
interface Settled {
  readonly parameter: number | undefined;
  readonly value: number;
}

/** The values of slots; places that keep their distances in all kernels share a parameter. */
function settle(
  { offsets }: Program,
  { lines }: FileNeeds,
  slots: readonly (readonly KernelSlot[])[],
  parameters: Parameter[],
): Settled[] {
  const numberOf = (slot: KernelSlot): number => {
    switch (slot.kind) {
      case "place":
        return at(offsets, slot.buffer.id) + slot.element * bytesOf(slot.buffer.dtype);
      case "number":
        return slot.value;
      case "line":
        return lines.push(slot.where) - 1;
    }
  };
  const known = new Map<string, { readonly parameter: number; readonly first: number }>();
  return at(slots, 0).map((slot, i) => {
    const values = slots.map((own) => numberOf(at(own, i)));
    const first = at(values, 0);
    if (values.every((value) => Object.is(value, first)))
      return { parameter: undefined, value: first };
    const isPlace = slot.kind === "place";
    const type = isPlace
      ? "char *const"
      : slot.kind === "number"
        ? `const ${cTypes[slot.dtype]}`
        : "const i32";
    const text = (value: number): string =>
      isPlace
        ? `A + ${value}L`
        : slot.kind === "number"
          ? numberText(value, slot.dtype)
          : `${value}`;
    const key = `${type} ${isPlace ? values.map((value) => value - first) : values.map(text)}`;
    const before = known.get(key);
    if (before) return { parameter: before.parameter, value: isPlace ? first - before.first : 0 };
    const parameter = parameters.push({ type, values: values.map(text) }) - 1;
    known.set(key, { parameter, first });
    return { parameter, value: 0 };
  });
}

/** A loop over a graph: its body's functions are called once for each row. */
function repeatLines(
  program: Program,
  { length, reverse, first, rows, index, when, stacks, last }: Repetition,
  inner: readonly CompiledKernel[],
): string[] {
  const address = (b: Buffer): string => addressText(program, b);
  const bytes = (b: Buffer): number => b.size * bytesOf(b.dtype);
  const copy = (to: string, from: string, size: number): string[] =>
    size === 0 ? [] : [`__builtin_memmove(${to}, ${from}, ${size});`];
  const whole = (moves: readonly Move[]): string[] =>
    moves.flatMap(({ from, to }) => copy(address(to), address(from), bytes(to)));
  const rowOf = (b: Buffer, size: number): string => `${address(b)} + row * ${size}L`;
  // A condition that is handed on stays false once it is.
  const ends = when && first.some(({ to }) => to === when);
  const holds = when && `*(u8 *)${address(when)}`;
  return [
    ...whole(first),
    ...(when ? stacks.map(({ to }) => `__builtin_memset(${address(to)}, 0, ${bytes(to)});`) : []),
    `for (long turn = 0; turn < ${length}; turn++) {`,
    `const long row = ${reverse ? `${length - 1} - turn` : "turn"};`,
    ...(holds && ends ? [`if (!${holds}) break;`] : []),
    ...rows.flatMap(({ from, to }) => copy(address(to), rowOf(from, bytes(to)), bytes(to))),
    ...(index ? [`*(i32 *)${address(index)} = (i32)row;`] : []),
    ...(holds && !ends ? [`if (!${holds}) continue;`] : []),
    ...callLines(inner, "return;"),
    ...stacks.flatMap(({ from, to }) => copy(rowOf(to, bytes(from)), address(from), bytes(from))),
    "}",
    ...whole(last),
  ];
}
