/** A state of the page in the hash of its address: deflated JSON, and as hostile as any input. */
import { type Notation, notations } from "../../../src/explain/engine/notation.ts";
import type { Amount, Language, Source, TypedFormula } from "../protocol.ts";
import { amountFrom } from "./amount.ts";
import type { Element } from "./places.ts";
import { type Grain, grains } from "./timeline.ts";

export interface Shared {
  readonly source: Source;
  readonly example: number;
  readonly element?: Element;
  readonly position?: number;
  readonly grain?: Grain;
  readonly language: Language;
  readonly notation: Notation;
  /** Absent: the whole derivation, number by number. */
  readonly amount?: Amount;
  /** A typed formula that is looked at. */
  readonly formula?: TypedFormula;
}

const version = 1;
/** Characters of a hash that is made, and of one that is read. */
const longestLink = 8 * 1024;
const longestRead = 64 * 1024;
/** Bytes that a hash may unpack to. */
const mostUnpacked = 1024 * 1024;

async function through(bytes: Uint8Array, stream: GenericTransformStream, most: number) {
  const reader = new Blob([bytes as Uint8Array<ArrayBuffer>])
    .stream()
    .pipeThrough(stream as TransformStream<Uint8Array<ArrayBuffer>, Uint8Array>)
    .getReader();
  const parts: Uint8Array[] = [];
  let size = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    size += value.length;
    if (size > most) {
      await reader.cancel();
      throw new Error("The link unpacks to more than it may.");
    }
    parts.push(value);
  }
  const whole = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

const toBase64 = (bytes: Uint8Array): string => {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
};

const fromBase64 = (text: string): Uint8Array =>
  Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));

/** The hash, without its sign; undefined if it would be too long for an address. */
export async function toHash(state: Shared): Promise<string | undefined> {
  const json = JSON.stringify({ version, ...state });
  const bytes = new TextEncoder().encode(json);
  const packed = await through(bytes, new CompressionStream("deflate-raw"), mostUnpacked);
  const text = `${version}.${toBase64(packed)}`;
  return text.length <= longestLink ? text : undefined;
}

/** What a hash says; undefined if it is not one of ours, damaged, or too large. */
export async function fromHash(hash: string): Promise<Shared | undefined> {
  const match = /^#?1\.([A-Za-z0-9_-]+)$/.exec(hash);
  if (!match?.[1] || hash.length > longestRead) return undefined;
  try {
    const stream = new DecompressionStream("deflate-raw");
    const bytes = await through(fromBase64(match[1]), stream, mostUnpacked);
    return checked(JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes)));
  } catch {
    return undefined;
  }
}

const isObject = (v: unknown): v is Record<string, unknown> =>
  typeof v === "object" && v !== null && !Array.isArray(v);
const isIndex = (v: unknown): v is number => Number.isSafeInteger(v) && (v as number) >= 0;

function elementOf(v: unknown): Element | undefined {
  if (!isObject(v)) return undefined;
  const { kind, column, unit, index } = v;
  if (kind === "loss") return { kind };
  if (!isIndex(column)) return undefined;
  if (kind === "weight") return isIndex(index) ? { kind, column, index } : undefined;
  return (kind === "unit" || kind === "bias") && isIndex(unit) ? { kind, column, unit } : undefined;
}

function formulaFrom(v: unknown): TypedFormula | undefined {
  if (!isObject(v) || typeof v.text !== "string" || !isObject(v.values)) return undefined;
  const values = Object.entries(v.values);
  if (values.length > 64 || values.some(([, value]) => typeof value !== "string")) return undefined;
  return {
    text: v.text,
    values: Object.fromEntries(values) as Record<string, string>,
    ...(typeof v.by === "string" ? { by: v.by } : {}),
  };
}

/** Only what is known, and only in the types that it has. */
export function checked(v: unknown): Shared | undefined {
  if (!isObject(v) || v.version !== version || !isObject(v.source)) return undefined;
  const { text, files } = v.source;
  if (typeof text !== "string" || !isObject(files)) return undefined;
  const tables = Object.entries(files);
  if (tables.length > 8 || tables.some(([, table]) => typeof table !== "string")) return undefined;
  const { example, language, notation, position, grain } = v;
  if (!isIndex(example) || (language !== "en" && language !== "zh")) return undefined;
  if (!notations.some((n) => n === notation)) return undefined;
  const element = elementOf(v.element);
  const amount = amountFrom(v.amount);
  const formula = formulaFrom(v.formula);
  return {
    source: { text, files: Object.fromEntries(tables) as Record<string, string> },
    example,
    language,
    notation: notation as Notation,
    ...(element ? { element } : {}),
    ...(amount ? { amount } : {}),
    ...(formula ? { formula } : {}),
    ...(isIndex(position) ? { position } : {}),
    ...(grains.some((g) => g === grain) ? { grain: grain as Grain } : {}),
  };
}
