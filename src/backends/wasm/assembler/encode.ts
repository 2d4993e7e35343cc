/** From expression trees to bytes. It keeps its own stack, so depth of a tree costs no JS stack. */
import { at } from "../../../core/at.ts";
import { fail } from "../../../core/errors.ts";
import { append, type Bytes, push } from "./bytes.ts";
import type { Expr, Func, Immediate, Label } from "./expression.ts";
import type { Type } from "./instructions.ts";
import { signed, unsigned } from "./leb128.ts";

const typeBytes: Readonly<Record<Type, number>> = {
  ...{ i32: 0x7f, i64: 0x7e, f32: 0x7d, f64: 0x7c, v128: 0x7b, void: 0x40, never: 0x40 },
};

/** The byte of a type, in signatures and in front of blocks. */
export const typeByte = (type: Type): number => typeBytes[type];

/** A place in some code where the number of a function is still to be written. */
export interface Call {
  readonly at: number;
  readonly func: Func;
}

// What lies on the work stack beside expressions still to be written:
const emit = -1; // the expression below has had its operands written
const otherwise = 0x05; // between the bodies of an `if`
const end = 0x0b; // behind the last body of block, loop and `if`

/**
 * Appends the code of some statements; `owner` is the function whose locals they may use. Functions
 * have no numbers yet: calls are noted.
 */
export function encode(out: Bytes, owner: object, body: readonly Expr[], calls: Call[]): void {
  const open: unknown[] = []; // labels of the blocks around this place, the innermost last
  const work: (Expr | number)[] = [];
  const later = (statements: readonly Expr[], from = 0) => {
    for (let i = statements.length; i-- > from; ) work.push(at(statements, i));
  };
  const write = (expr: Expr): void => {
    const { code, imm, bodies } = expr;
    if (code > 0xff) {
      push(out, code >> 12);
      unsigned(out, code & 0xfff);
    } else push(out, code);
    if (bodies.length === 0) {
      for (const one of imm) immediate(out, expr, one, owner, open, calls);
      return;
    }
    const [then = [], alternative] = bodies;
    push(out, typeByte(expr.type));
    open.push(imm[0]);
    work.push(end);
    if (alternative) {
      later(alternative);
      work.push(otherwise);
    }
    later(then);
  };
  later(body);
  for (let item = work.pop(); item !== undefined; item = work.pop()) {
    if (item === emit) write(work.pop() as Expr);
    else if (typeof item === "number") {
      push(out, item);
      if (item === end) open.pop();
    } else {
      // Operands that have none themselves are written at once, as far as they come first.
      const { args } = item;
      let done = 0;
      for (const operand of args) {
        if (operand.args.length > 0 || operand.bodies.length > 0) break;
        write(operand);
        done++;
      }
      if (done === args.length) write(item);
      else {
        work.push(item, emit);
        later(args, done);
      }
    }
  }
}

const single = /* @__PURE__ */ new Float32Array(1);
const double = /* @__PURE__ */ new Float64Array(1);

/** A number's bytes; those of the next one are written over them. */
function bytesOf(array: Float32Array | Float64Array, value: number): Uint8Array {
  array[0] = value;
  return new Uint8Array(array.buffer);
}

const i32Const = 0x41;
const f32Const = 0x43;
const f64Const = 0x44;

function immediate(
  out: Bytes,
  { op, code }: Expr,
  imm: Immediate,
  owner: object,
  open: readonly unknown[],
  calls: Call[],
): void {
  if (typeof imm === "number") {
    if (code === i32Const) signed(out, imm);
    else if (code === f32Const) append(out, bytesOf(single, imm));
    else if (code === f64Const) append(out, bytesOf(double, imm));
    else unsigned(out, imm);
  } else if (typeof imm === "bigint") signed(out, imm);
  else if (imm instanceof Uint8Array) append(out, imm);
  else if ("owner" in imm) {
    if (imm.owner !== owner) {
      misplaced(op, "a local of this function", `"${imm.name}" (${imm.index}) of another`);
    }
    unsigned(out, imm.index);
  } else if ("params" in imm) calls.push({ at: out.length, func: imm });
  else if ("index" in imm) unsigned(out, imm.index);
  else unsigned(out, depthOf(op, imm, open));
}

function depthOf(op: string, to: Label, open: readonly unknown[]): number {
  const place = open.lastIndexOf(to);
  if (place < 0) return misplaced(op, "the label of a block around it", "another");
  return open.length - 1 - place;
}

function misplaced(op: string, expected: string, found: string): never {
  fail("invalid-graph", { message: `WebAssembly ${op} in the wrong place.`, expected, found });
}
