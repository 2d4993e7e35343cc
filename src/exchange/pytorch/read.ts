/**
 * Files of torch.save since PyTorch 1.6: a ZIP archive, stored, with data.pkl, a pickle that
 * describes what was saved, and data/0, data/1, … with the bytes of storages, of which tensors are
 * views. Tensors of nested dictionaries and lists have names with dots.
 * Source: PyTorch's torch/serialization.py.
 */

import { fail } from "../../core/errors.ts";
import { shown } from "../../core/wording.ts";
import { storedRange, unzippedFrom, type ZipEntry, zipDirectory } from "../../data/zip.ts";
import type { ByteSource } from "../../files/byte-source.ts";
import { elementsFromBytes } from "../elements.ts";
import type { ForeignFile, ForeignFormat, ForeignTensor } from "../foreign.ts";
import { metadataOf, TorchTensor, torchNames } from "./names.ts";
import { type Pickled, PickleGlobal, unpickled } from "./pickle.ts";

/** Descriptions of tensors, of a hundred bytes each. */
const longestPickle = 2 ** 26;

function corrupt(message: string, expected: string, found: string): never {
  return fail("file-corrupt", { message, expected, found });
}

/** A file of torch.save: what was saved, and how its storages are read. */
class Archive {
  readonly #source: ByteSource;
  readonly #entries: ReadonlyMap<string, ZipEntry>;
  readonly #folder: string;
  #swapped = false;

  constructor(source: ByteSource, entries: readonly ZipEntry[]) {
    this.#source = source;
    this.#entries = new Map(entries.map((entry) => [entry.name, entry]));
    const description = entries.find(({ name }) => /^(?:[^/]*\/)?data\.pkl$/.test(name));
    if (description === undefined) {
      fail("unsupported", {
        message: "This ZIP archive is no file of torch.save.",
        expected: "an entry data.pkl",
        found: entries
          .slice(0, 5)
          .map(({ name }) => shown(name))
          .join(", "),
        fix: 'Save values with torch.save(model.state_dict(), "weights.pt"), and give that file.',
      });
    }
    this.#folder = description.name.slice(0, -"data.pkl".length);
  }

  async content(): Promise<Pickled> {
    const entry = this.#entry("data.pkl");
    if (entry.size > longestPickle) {
      fail("too-large", {
        message: "The description of what was saved is too long.",
        expected: `at most ${longestPickle} bytes`,
        found: `${entry.size}`,
      });
    }
    const order = this.#entries.get(`${this.#folder}byteorder`);
    if (order !== undefined && order.size <= 16) {
      const text = new TextDecoder().decode(await unzippedFrom(this.#source, order));
      this.#swapped = text === "big";
    }
    return unpickled(await unzippedFrom(this.#source, entry), torchNames);
  }

  #entry(name: string): ZipEntry {
    const entry = this.#entries.get(this.#folder + name);
    return entry ?? corrupt("A storage is missing from the file.", `an entry ${name}`, "none");
  }

  /** Checks that the storage of a tensor is there, and as long as it is said to be. */
  check({ storage, type }: TorchTensor): void {
    const { size } = this.#entry(`data/${storage.key}`);
    const said = storage.length * (storage.type?.bytes ?? 1);
    if (size < said) {
      corrupt(
        `The storage ${storage.key} is too short.`,
        `${said} bytes of ${type.word}`,
        `${size}`,
      );
    }
  }

  /** The bytes of a tensor, row-major and little-endian. */
  async bytes(tensor: TorchTensor, memory?: Uint8Array): Promise<Uint8Array> {
    const { storage, type, offset, shape, strides } = tensor;
    const entry = this.#entry(`data/${storage.key}`);
    const size = shape.reduce((product, n) => product * n, 1);
    if (size === 0) return new Uint8Array();
    const steps = shape.reduce((sum, n, axis) => sum + (n - 1) * (strides[axis] ?? 0), 0);
    const [from, to] = [offset * type.bytes, (offset + steps + 1) * type.bytes];
    const inOrder = isRowMajor(shape, strides);
    const held = entry.deflated
      ? (await unzippedFrom(this.#source, entry)).slice(from, to)
      : await storedRange(this.#source, entry, from, to, inOrder ? memory : undefined);
    const bytes = inOrder ? held : gathered(held, type.bytes, shape, strides);
    return this.#swapped ? swapped(bytes, type.bytes) : bytes;
  }
}

function isRowMajor(shape: readonly number[], strides: readonly number[]): boolean {
  let step = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    const size = shape[axis] ?? 1;
    if (size !== 1 && strides[axis] !== step) return false;
    step *= size;
  }
  return true;
}

/** Elements in row-major order, from wherever their strides lead. */
function gathered(
  bytes: Uint8Array,
  width: number,
  shape: readonly number[],
  strides: readonly number[],
): Uint8Array {
  const size = shape.reduce((product, n) => product * n, 1);
  const result = new Uint8Array(size * width);
  const axes = shape
    .map((n, axis) => ({ n, step: (strides[axis] ?? 0) * width, place: 0 }))
    .reverse();
  let from = 0;
  for (let to = 0; to < result.length; to += width) {
    for (let k = 0; k < width; k++) result[to + k] = bytes[from + k] ?? 0;
    for (const axis of axes) {
      from += axis.step;
      if (++axis.place < axis.n) break;
      from -= axis.step * axis.n;
      axis.place = 0;
    }
  }
  return result;
}

function swapped(bytes: Uint8Array, width: number): Uint8Array {
  for (let at = 0; at < bytes.length; at += width) bytes.subarray(at, at + width).reverse();
  return bytes;
}

/** Dictionaries within dictionaries. */
const deepest = 64;
/** A pickle can say one list many times, each within another (“billion laughs”). */
const mostLeaves = 2 ** 18;
/** Characters of all names. */
const mostText = 2 ** 26;
/** What a file holds beside tensors, by dotted names. */
interface Leaves {
  readonly tensors: Map<string, TorchTensor>;
  readonly facts: Map<string, string>;
}

function leavesOf(content: Pickled): Leaves {
  const tensors = new Map<string, TorchTensor>();
  const facts = new Map<string, string>();
  let [visited, characters] = [0, 0];
  const visit = (value: Pickled, name: string, depth: number): void => {
    characters += name.length;
    if (++visited > mostLeaves || characters > mostText || depth > deepest) {
      fail("too-large", {
        message: "What was saved holds too much, or itself.",
        expected: `at most ${mostLeaves} values, ${deepest} deep`,
        found: depth > deepest ? "a deeper one" : "more",
      });
    }
    if (value instanceof TorchTensor) {
      if (tensors.has(name))
        corrupt("Two tensors have the same name.", "different names", shown(name));
      tensors.set(name, value);
    } else if (value instanceof Map) {
      const versions = metadataOf.get(value);
      if (versions !== undefined) facts.set(within(name, "_metadata"), plain(versions));
      if (value.size === 0 && depth > 0) facts.set(name, "{}");
      for (const [key, item] of value) visit(item, within(name, keyText(key)), depth + 1);
    } else if (Array.isArray(value)) {
      if (value.every(isScalar)) facts.set(name, plain(value));
      else for (const [i, item] of value.entries()) visit(item, within(name, `${i}`), depth + 1);
    } else facts.set(name === "" ? "value" : name, plain(value));
  };
  visit(content, "", 0);
  return { tensors, facts };
}

const within = (name: string, key: string): string => (name === "" ? key : `${name}.${key}`);

const isScalar = (value: Pickled): boolean =>
  value === null || ["number", "bigint", "boolean", "string"].includes(typeof value);

const keyText = (key: Pickled): string => (isScalar(key) ? String(key) : plain(key));

/** Longer texts are cut: they are for people. */
const longestText = 10_000;

/** A value as text: as Python says it, without quotes, and not all of what is long. */
function plain(value: Pickled): string {
  let left = longestText;
  const say = (one: Pickled, depth: number): string => {
    const text = saying(one, depth).slice(0, Math.max(0, left));
    if (!Array.isArray(one) && !(one instanceof Map)) left -= text.length + 2;
    return text;
  };
  const all = (items: Iterable<Pickled>, depth: number): string[] => {
    const texts: string[] = [];
    for (const item of items) {
      if (left <= 0) return [...texts, "…"];
      texts.push(say(item, depth + 1));
    }
    return texts;
  };
  const saying = (one: Pickled, depth: number): string => {
    if (typeof one === "string") return one;
    if (one === null) return "None";
    if (typeof one === "boolean") return one ? "True" : "False";
    if (isScalar(one)) return String(one);
    if (one instanceof PickleGlobal) return one.name;
    if (one instanceof Uint8Array) return `${one.length} bytes`;
    if (one instanceof TorchTensor) return `a tensor [${one.shape.join(", ")}]`;
    left -= 2;
    if (depth >= 3) return "…";
    if (Array.isArray(one)) return `[${all(one, depth).join(", ")}]`;
    if (!(one instanceof Map)) return "a storage";
    const keys = all(one.keys(), depth);
    const values = all(one.values(), depth);
    return `{${values.map((text, i) => `${keys[i] ?? "…"}: ${text}`).join(", ")}}`;
  };
  return saying(value, 0);
}

/** A view may repeat elements; so much more than the file may a tensor of it take. */
const repeated = 2 ** 26;

/** What torch.save has written, with its tensors and the values beside them as they are. */
async function openTorch(source: ByteSource): Promise<ForeignFile> {
  const head = await source.read(0, Math.min(source.size, 512));
  const old = olderFormat(head);
  if (old !== undefined) refuseOld(old);
  const archive = new Archive(source, await zipDirectory(source));
  const { tensors, facts } = leavesOf(await archive.content());
  const listed = [...tensors].map(([name, tensor]): ForeignTensor => {
    archive.check(tensor);
    const { shape, type } = tensor;
    const bytes = shape.reduce((product, n) => product * n, type.bytes);
    return {
      ...{ name, shape, bytes },
      dtype: type.word,
      async read(memory) {
        if (bytes > source.size + repeated) {
          fail("too-large", {
            message: `The tensor ${shown(name)} repeats its elements too often.`,
            expected: `at most ${source.size + repeated} bytes`,
            found: `${bytes}`,
          });
        }
        return elementsFromBytes(name, type.stored, shape, await archive.bytes(tensor, memory));
      },
    };
  });
  return { format: "PyTorch", tensors: listed, metadata: Object.fromEntries(facts) };
}

/** What older versions of torch.save wrote. */
function olderFormat(head: Uint8Array): string | undefined {
  const text = new TextDecoder("latin1").decode(head);
  if (text.slice(257, 262) === "ustar") return "a tar archive, as PyTorch before 0.2 wrote it";
  // The magic number 0x1950a86a20f9469cfc6c as a pickle of its own.
  const magic = "\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19";
  if (text[0] === "\x80" && text.slice(2).startsWith(magic)) {
    return "several pickles in a row, as PyTorch before 1.6 wrote them";
  }
  return undefined;
}

function refuseOld(found: string): never {
  return fail("unsupported", {
    message: "This file of torch.save is of an old format.",
    expected: "a ZIP archive, as torch.save writes since PyTorch 1.6",
    found,
    fix: 'Save it again in Python: torch.save(torch.load("old.pt", weights_only=True), "new.pt").',
  });
}

const endings = [".pt", ".pth", ".ckpt", ".bin"];

/** The name of a ZIP archive's first entry. */
export function firstEntry(head: Uint8Array): string | undefined {
  const isZip = head[0] === 0x50 && head[1] === 0x4b && head[2] === 3 && head[3] === 4;
  if (!isZip || head.length < 30) return undefined;
  const length = (head[26] ?? 0) + 256 * (head[27] ?? 0);
  return new TextDecoder().decode(head.subarray(30, 30 + length));
}

export const pytorch: ForeignFormat = {
  name: "PyTorch",
  endings,
  recognises(head, name) {
    const first = firstEntry(head);
    const named = endings.some((ending) => name.endsWith(ending));
    return first === undefined
      ? olderFormat(head) !== undefined
      : named || /^[^/]+\/(?:data\.pkl|version|byteorder|\.format_version)$/.test(first);
  },
  open: openTorch,
};
