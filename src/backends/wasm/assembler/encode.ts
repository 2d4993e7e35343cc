/** From expression trees to bytes. It keeps its own stack, so depth of a tree costs no JS stack. */
import { at } from "../../../core/at.ts";
import { fail } from "../../../core/errors.ts";
import type { Expr, Immediate, Label } from "./expression.ts";
import { instruction, type Type } from "./instructions.ts";
import { signed, unsigned } from "./leb128.ts";

/** The byte of a type, in signatures and in front of blocks. */
export const typeByte = (type: Type): number =>
  ({ i32: 0x7f, i64: 0x7e, f32: 0x7d, f64: 0x7c, v128: 0x7b, void: 0x40, never: 0x40 })[type];

// What lies on the work stack beside expressions still to be written:
const emit = -1; // the expression below has had its operands written
const otherwise = 0x05; // between the bodies of an `if`
const end = 0x0b; // behind the last body of block, loop and `if`

/** Appends the code of some statements; `owner` is the function whose locals they may use. */
export function encode(out: number[], owner: object, body: readonly Expr[]): void {
  const open: unknown[] = []; // labels of the blocks around this place, the innermost last
  const work: (Expr | number)[] = [];
  const later = (statements: readonly Expr[]) => {
    for (let i = statements.length; i-- > 0; ) work.push(at(statements, i));
  };
  later(body);
  for (let item = work.pop(); item !== undefined; item = work.pop()) {
    if (typeof item === "number" && item !== emit) {
      out.push(item);
      if (item === end) open.pop();
      continue;
    }
    if (item === emit) {
      item = work.pop() as Expr;
    } else if ((item as Expr).args.length) {
      work.push(item, emit);
      later((item as Expr).args);
      continue;
    }
    const expr = item as Expr;
    encodeOpcode(out, instruction(expr.op).code);
    if (expr.bodies.length) {
      out.push(typeByte(expr.type));
      open.push(expr.imm[0]);
      work.push(end);
      const [then = [], alternative] = expr.bodies;
      if (alternative) {
        later(alternative);
        work.push(otherwise);
      }
      later(then);
    } else {
      for (const imm of expr.imm) encodeImmediate(out, expr, imm, owner, open);
    }
  }
}

function encodeOpcode(out: number[], code: number): void {
  if (code > 0xff) {
    out.push(code >> 12);
    unsigned(out, code & 0xfff);
  } else out.push(code);
}

function encodeImmediate(
  out: number[],
  { op }: Expr,
  imm: Immediate,
  owner: object,
  open: readonly unknown[],
): void {
  if (typeof imm === "bigint") signed(out, imm);
  else if (typeof imm === "number") {
    if (op === "f64.const") out.push(...new Uint8Array(new Float64Array([imm]).buffer));
    else if (op === "f32.const") out.push(...new Uint8Array(new Float32Array([imm]).buffer));
    else if (op === "i32.const") signed(out, imm);
    else unsigned(out, imm);
  } else if (imm instanceof Uint8Array) out.push(...imm);
  else if ("index" in imm) {
    if ("owner" in imm && imm.owner !== owner) {
      misplaced(op, "a local of this function", `"${imm.name}" (${imm.index}) of another`);
    }
    unsigned(out, imm.index);
  } else unsigned(out, depthOf(op, imm, open));
}

function depthOf(op: string, to: Label, open: readonly unknown[]): number {
  const place = open.lastIndexOf(to);
  if (place < 0) return misplaced(op, "the label of a block around it", "another");
  return open.length - 1 - place;
}

function misplaced(op: string, expected: string, found: string): never {
  fail("invalid-graph", { message: `WebAssembly ${op} in the wrong place.`, expected, found });
}
