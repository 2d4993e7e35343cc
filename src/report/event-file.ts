/**
 * Event files as TensorBoard reads them: records of TensorFlow, each an Event in protocol buffers.
 * A record: length (u64), masked CRC-32C of the length, the bytes, masked CRC-32C of the bytes; little
 * endian. Fields: Event 1 wall_time, 2 step, 3 file_version, 5 summary; Summary 1 value; Value 1 tag,
 * 2 simple_value. Sources: TensorFlow, record_writer.h, event.proto, summary.proto; RFC 3720 (CRC-32C).
 */
import { at } from "../core/at.ts";

const table: Uint32Array = /* @__PURE__ */ Uint32Array.from({ length: 256 }, (_, n) => {
  let c = n;
  for (let k = 0; k < 8; k++) c = c & 1 ? 0x82f63b78 ^ (c >>> 1) : c >>> 1;
  return c;
});

/** CRC-32C, turned right by 15 bits, plus a282ead8₁₆. */
function maskedCrc(bytes: readonly number[]): number {
  let c = 0xffffffff;
  for (const byte of bytes) c = at(table, (c ^ byte) & 255) ^ (c >>> 8);
  c = (c ^ 0xffffffff) >>> 0;
  return (((c >>> 15) | (c << 17)) + 0xa282ead8) >>> 0;
}

const word = (n: number): number[] => [n & 255, (n >>> 8) & 255, (n >>> 16) & 255, n >>> 24];

/** A whole number ≥ 0, seven bits a byte. */
function varint(n: number): number[] {
  const bytes: number[] = [];
  let rest = n;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
  return [...bytes, rest];
}

const block = (field: number, bytes: readonly number[]): number[] => [
  field * 8 + 2,
  ...varint(bytes.length),
  ...bytes,
];
const text = (field: number, words: string) => block(field, [...new TextEncoder().encode(words)]);
const float64 = (field: number, x: number): number[] => [
  field * 8 + 1,
  ...new Uint8Array(Float64Array.of(x).buffer),
];
const float32 = (field: number, x: number): number[] => [
  field * 8 + 5,
  ...new Uint8Array(Float32Array.of(x).buffer),
];

function record(bytes: readonly number[]): number[] {
  const length = [...word(bytes.length), 0, 0, 0, 0];
  return [...length, ...word(maskedCrc(length)), ...bytes, ...word(maskedCrc(bytes))];
}

/** Numbers by name at one step, and when that was, in seconds since 1970. */
interface ScalarEvent {
  readonly time: number;
  readonly step: number;
  readonly values: Readonly<Record<string, number>>;
}

/** The file of these events. */
export function eventFile(time: number, events: readonly ScalarEvent[]): Uint8Array {
  const parts = [record([...float64(1, time), ...text(3, "brain.Event:2")])];
  for (const { time: when, step, values } of events) {
    const summary = Object.entries(values).flatMap(([tag, value]) =>
      block(1, [...text(1, tag), ...float32(2, value)]),
    );
    parts.push(record([...float64(1, when), 2 * 8, ...varint(step), ...block(5, summary)]));
  }
  return Uint8Array.from(parts.flat());
}
