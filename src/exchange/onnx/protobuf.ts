/** Messages from bytes and back, by their descriptions; the bytes themselves are pbf's matter. */

import { PbfReader, PbfWriter } from "pbf";
import { fail } from "../../core/errors.ts";
import type { FieldType, Message, ModelProto } from "./schema.ts";
import { model } from "./schema.ts";

/** Graphs within graphs, attributes between them: deeper than any real file. */
const deepest = 64;
/** A real model has some thousands of nodes; each message takes memory of its own. */
const mostMessages = 300_000;
/** Numbers that stand one by one, not as bytes: eight times as large here as there. */
const mostNumbers = 20_000_000;

const corrupt = (expected: string, found: string): never =>
  fail("file-corrupt", { message: "This is no ONNX file, or it is damaged.", expected, found });

/** What a reader may still make. */
interface Budget {
  messages: number;
  numbers: number;
}

/** How each type stands in the file: as a varint, 8 bytes, a length and bytes, or 4 bytes. */
const wireOf = (type: FieldType): number =>
  type === "int" || type === "int64" ? 0 : type === "f64" ? 1 : type === "f32" ? 5 : 2;

/** A varint without loss: two's complement in 64 bits. */
function readInt64(pbf: PbfReader): bigint {
  let value = 0n;
  for (let shift = 0n; shift < 70n; shift += 7n) {
    const byte = pbf.buf[pbf.pos++];
    if (byte === undefined) corrupt("a whole number", "the end of the file");
    value |= BigInt((byte as number) & 0x7f) << shift;
    if ((byte as number) < 0x80) return BigInt.asIntN(64, value);
  }
  return corrupt("a whole number of at most 10 bytes", "a longer one");
}

function readOne(pbf: PbfReader, type: FieldType, depth: number, budget: Budget): unknown {
  if (type === "int") return pbf.readVarint(true);
  if (type === "int64") return readInt64(pbf);
  if (type === "f32") return pbf.readFloat();
  if (type === "f64") return pbf.readDouble();
  const length = pbf.readVarint();
  const end = pbf.pos + length;
  if (!(end <= pbf.length)) corrupt(`at most ${pbf.length - pbf.pos} bytes`, `${length}`);
  const from = pbf.pos;
  pbf.pos = end;
  if (type === "bytes") return pbf.buf.subarray(from, end);
  if (type === "text") return new TextDecoder().decode(pbf.buf.subarray(from, end));
  pbf.pos = from;
  return readMessage(pbf, type(), end, depth + 1, budget);
}

function readMessage(
  pbf: PbfReader,
  fields: Message,
  end: number,
  depth: number,
  budget: Budget,
): object {
  if (depth > deepest) corrupt(`messages at most ${deepest} deep`, "deeper ones");
  if (--budget.messages < 0) corrupt(`at most ${mostMessages} messages`, "more");
  const made: Record<string, unknown> = {};
  for (const { name, many } of fields.values()) if (many) made[name] = [];
  for (let number = pbf.nextField(end); number !== 0; number = pbf.nextField(end)) {
    const field = fields.get(number);
    // What is not known here is passed over, as the format wants it.
    if (field === undefined) {
      pbf.skip(pbf.type);
      continue;
    }
    const { name, type, many } = field;
    const wire = wireOf(type);
    const list = made[name] as unknown[];
    if (many && wire !== 2 && pbf.type === 2) {
      const packed = pbf.readVarint() + pbf.pos;
      if (!(packed <= end)) corrupt("numbers within their message", "more of them");
      while (pbf.pos < packed) {
        if (--budget.numbers < 0) corrupt(`at most ${mostNumbers} numbers`, "more");
        list.push(readOne(pbf, type, depth, budget));
      }
      continue;
    }
    if (pbf.type !== wire) corrupt(`the field ${name}`, "another type in its place");
    if (many && --budget.numbers < 0) corrupt(`at most ${mostNumbers} values`, "more");
    const value = readOne(pbf, type, depth, budget);
    if (many) list.push(value);
    else made[name] = value;
  }
  if (pbf.pos !== end) corrupt("fields that fill their message", "one that goes beyond its end");
  return made;
}

/**
 * The messages of an ONNX file; what is bytes is a view of the file's.
 *
 * @throws ChainruleError "file-corrupt".
 */
export function decodeModel(bytes: Uint8Array): ModelProto {
  const pbf = new PbfReader(bytes);
  try {
    const budget = { messages: mostMessages, numbers: mostNumbers };
    return readMessage(pbf, model, bytes.length, 0, budget) as ModelProto;
  } catch (error) {
    // pbf has errors of its own for what goes beyond the end.
    if (error instanceof RangeError || (error as Error).constructor === Error)
      corrupt("whole messages", (error as Error).message);
    throw error;
  }
}

function writeOne(pbf: PbfWriter, number: number, type: FieldType, value: unknown): void {
  if (type === "text") pbf.writeStringField(number, value as string);
  else if (type === "bytes") pbf.writeBytesField(number, value as Uint8Array);
  else if (type === "f32") pbf.writeFloatField(number, value as number);
  else if (type === "f64") pbf.writeDoubleField(number, value as number);
  else if (type === "int" || type === "int64") pbf.writeVarintField(number, Number(value));
  else pbf.writeMessage(number, (own: object) => writeFields(pbf, type(), own), value as object);
}

function writeFields(pbf: PbfWriter, fields: Message, value: object): void {
  const given = value as Readonly<Record<string, unknown>>;
  for (const [number, { name, type, many }] of fields) {
    const own = given[name];
    if (own === undefined) continue;
    for (const one of many ? (own as readonly unknown[]) : [own]) writeOne(pbf, number, type, one);
  }
}

/** A message that is written: lists may be left out. */
export type WrittenProto<T> = T extends readonly (infer U)[]
  ? readonly WrittenProto<U>[]
  : T extends Uint8Array
    ? T
    : T extends object
      ? { readonly [K in keyof T]?: WrittenProto<T[K]> }
      : T;

/** The bytes of an ONNX file. */
export function encodeModel(value: WrittenProto<ModelProto>): Uint8Array {
  const pbf = new PbfWriter();
  writeFields(pbf, model, value);
  return pbf.finish();
}
