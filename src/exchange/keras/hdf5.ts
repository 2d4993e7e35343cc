/**
 * HDF5 as Keras writes it through h5py: groups of symbol tables, and data sets that lie in one piece.
 * We read it ourselves: this part of the format is small, the reader of all of it weighs 4 MB, and a
 * file from a stranger needs guards at every step. Each address is checked, and none is visited twice;
 * what other programs may have written besides (chunks, filters, newer headers) is refused by its name.
 * Source: The HDF Group, HDF5 File Format Specification 3.0, sections II to IV.
 */
import { checkedSize } from "../../core/array-tensor.ts";
import { fail } from "../../core/errors.ts";
import type { Shape } from "../../core/shape.ts";
import { shown } from "../../core/wording.ts";
import type { ByteSource } from "../../files/byte-source.ts";

/** Bytes in ranges, from the start of the HDF5 file on. */
type Ranges = Pick<ByteSource, "size" | "read">;

/** An array of a file. */
interface H5Dataset {
  readonly path: string;
  readonly shape: Shape;
  /** As safetensors calls it: "F32". */
  readonly dtype: string;
  readonly from: number;
  readonly to: number;
}

/** What a file holds, by paths with slashes. */
export interface H5File {
  readonly datasets: readonly H5Dataset[];
  /** Texts that stand beside groups: "path@name". */
  readonly attributes: ReadonlyMap<string, string>;
}

function corrupt(what: string, expected: string, found: unknown): never {
  return fail("file-corrupt", {
    message: `An HDF5 file is damaged: ${what}.`,
    expected,
    found: typeof found === "string" ? found : shown(found),
  });
}

function unread(what: string): never {
  return fail("unsupported", {
    message: `This HDF5 file has ${what}, which is not read.`,
    expected: "a file as Keras 3 writes it with h5py's defaults",
    fix: "Save the weights again with model.save_weights, without compression.",
  });
}

/** More objects than these are no model; groups lie in groups no deeper. */
const mostObjects = 200_000;
const mostDepth = 32;
const longestHeader = 2 ** 24;

const undefinedAddress = 0xffff_ffff_ffff_ffffn;

/** A stretch of a file, with numbers little-endian. */
class Block {
  readonly bytes: Uint8Array;
  readonly view: DataView;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  #inside(at: number, size: number): void {
    if (at < 0 || at + size > this.bytes.length)
      corrupt("a field reaches beyond its block", `${this.bytes.length} bytes`, `${at + size}`);
  }
  u8(at: number): number {
    this.#inside(at, 1);
    return this.view.getUint8(at);
  }
  u16(at: number): number {
    this.#inside(at, 2);
    return this.view.getUint16(at, true);
  }
  u32(at: number): number {
    this.#inside(at, 4);
    return this.view.getUint32(at, true);
  }
  /** A length or address; undefined where it says that there is none. */
  u64(at: number): number | undefined {
    this.#inside(at, 8);
    const value = this.view.getBigUint64(at, true);
    if (value === undefinedAddress) return undefined;
    return Number.isSafeInteger(Number(value))
      ? Number(value)
      : corrupt("a number", "< 2^53", "more");
  }
  part(at: number, size: number): Block {
    this.#inside(at, size);
    return new Block(this.bytes.subarray(at, at + size));
  }
  text(at: number): string {
    this.#inside(at, 0);
    const end = this.bytes.indexOf(0, at);
    return new TextDecoder().decode(this.bytes.subarray(at, end < 0 ? this.bytes.length : end));
  }
  is(at: number, signature: string): boolean {
    return [...signature].every((c, i) => this.bytes[at + i] === c.charCodeAt(0));
  }
}

/** A message of an object's header. */
interface Message {
  readonly type: number;
  readonly data: Block;
}

const kinds = { space: 1, type: 3, layout: 8, filter: 11, attribute: 12, more: 16, table: 17 };

class Reader {
  readonly datasets: H5Dataset[] = [];
  readonly attributes = new Map<string, string>();
  readonly #ranges: Ranges;
  readonly #seen = new Set<number>();
  readonly #heaps = new Map<number, Block>();
  #base = 0;

  constructor(ranges: Ranges) {
    this.#ranges = ranges;
  }

  async #block(at: number | undefined, size: number): Promise<Block> {
    if (at === undefined) return corrupt("an address is missing", "a place in the file", "none");
    const from = this.#base + at;
    if (from + size > this.#ranges.size)
      corrupt("a block lies outside of the file", `${this.#ranges.size} bytes`, `${from + size}`);
    return new Block(await this.#ranges.read(from, from + size));
  }

  /** Each header, node and heap belongs to one object: a second visit is a circle. */
  #visit(at: number | undefined): void {
    if (at === undefined) return;
    if (this.#seen.has(at))
      corrupt("its objects go round in a circle", "each object once", `${at}`);
    this.#seen.add(at);
    if (this.#seen.size > mostObjects) corrupt("it has too many objects", `${mostObjects}`, "more");
  }

  async read(): Promise<H5File> {
    const head = await this.#block(0, Math.min(this.#ranges.size, 96));
    if (!head.is(0, "\u0089HDF\r\n\u001a\n")) corrupt("its signature", "89 48 44 46", "another");
    const version = head.u8(8);
    if (version > 1) unread(`a superblock of version ${version} (libver="latest")`);
    if (head.u8(13) !== 8 || head.u8(14) !== 8) unread("addresses of another size than 8 bytes");
    const at = version === 0 ? 24 : 28;
    this.#base = head.u64(at) ?? 0;
    await this.#object("", head.u64(at + 40), 0);
    return { datasets: this.datasets, attributes: this.attributes };
  }

  async #messages(at: number | undefined): Promise<Message[]> {
    this.#visit(at);
    const head = await this.#block(at, 16);
    if (head.is(0, "OHDR")) unread("object headers of version 2");
    if (head.u8(0) !== 1) corrupt("the header of an object", "version 1", head.u8(0));
    const found: Message[] = [];
    const size = head.u32(8);
    if (size > longestHeader) corrupt("a header's length", `at most ${longestHeader}`, size);
    const blocks = [await this.#block((at ?? 0) + 16, size)];
    for (let i = 0; i < blocks.length; i++) {
      const block = blocks[i] as Block;
      for (let from = 0; from + 8 <= block.bytes.length; ) {
        const [type, length] = [block.u16(from), block.u16(from + 2)];
        const data = block.part(from + 8, length);
        if (block.u8(from + 4) & 2) unread("a shared message");
        from += 8 + length;
        if (type !== kinds.more) {
          found.push({ type, data });
          continue;
        }
        const [where, long] = [data.u64(0), data.u64(8) ?? 0];
        this.#visit(where);
        if (long > longestHeader) corrupt("a header's length", `at most ${longestHeader}`, long);
        blocks.push(await this.#block(where, long));
      }
    }
    return found;
  }

  async #object(path: string, at: number | undefined, depth: number): Promise<void> {
    if (depth > mostDepth) corrupt("its groups lie too deep", `${mostDepth} levels`, path);
    const messages = await this.#messages(at);
    for (const { type, data } of messages) {
      if (type === kinds.attribute) await this.#attribute(path, data);
      if (type === kinds.filter) unread(`a compressed data set (${path})`);
    }
    const own = (type: number) => messages.find((message) => message.type === type)?.data;
    const table = own(kinds.table);
    const layout = own(kinds.layout);
    if (table) {
      const heap = await this.#heap(table.u64(8));
      await this.#node(path, table.u64(0), heap, depth, 0);
    } else if (layout) {
      this.datasets.push(this.#dataset(path, own(kinds.space), own(kinds.type), layout));
    } else if (path === "" || messages.some(({ type }) => type === 2 || type === 6))
      unread("groups of another kind than symbol tables");
  }

  async #heap(at: number | undefined): Promise<Block> {
    this.#visit(at);
    const head = await this.#block(at, 32);
    if (!head.is(0, "HEAP")) corrupt("the names of a group", "HEAP", head.text(0).slice(0, 4));
    const size = head.u64(8) ?? 0;
    if (size > longestHeader) corrupt("the names of a group", `at most ${longestHeader}`, size);
    return this.#block(head.u64(24), size);
  }

  async #node(
    path: string,
    at: number | undefined,
    names: Block,
    depth: number,
    level: number,
  ): Promise<void> {
    this.#visit(at);
    const head = await this.#block(at, 24);
    if (!head.is(0, "TREE") || head.u8(4) !== 0) corrupt("a group's tree", "TREE", "another");
    if (level > mostDepth) corrupt("a group's tree is too high", `${mostDepth}`, "more");
    const [height, count] = [head.u8(5), head.u16(6)];
    const body = await this.#block((at ?? 0) + 24, count * 16 + 8);
    for (let i = 0; i < count; i++) {
      const child = body.u64(16 * i + 8);
      if (height > 0) await this.#node(path, child, names, depth, level + 1);
      else await this.#leaf(path, child, names, depth);
    }
  }

  async #leaf(path: string, at: number | undefined, names: Block, depth: number): Promise<void> {
    this.#visit(at);
    const head = await this.#block(at, 8);
    if (!head.is(0, "SNOD")) corrupt("a list of symbols", "SNOD", "another");
    const count = head.u16(6);
    const body = await this.#block((at ?? 0) + 8, count * 40);
    for (let i = 0; i < count; i++) {
      const name = names.text(body.u64(40 * i) ?? 0);
      if (body.u32(40 * i + 16) === 2) unread("a soft link");
      await this.#object(`${path}/${name}`.replace(/^\//, ""), body.u64(40 * i + 8), depth + 1);
    }
  }

  #dataset(
    path: string,
    space: Block | undefined,
    type: Block | undefined,
    layout: Block,
  ): H5Dataset {
    if (!space || !type)
      return corrupt(`the data set ${shown(path)}`, "a shape and a type", "none");
    const shape = shapeOf(space);
    const [dtype, width] = elementType(type, path);
    const size = checkedSize(shape);
    if (size === undefined || !Number.isSafeInteger(size * width))
      return corrupt(`the shape of ${shown(path)}`, "sizes of less than 2^53 elements", "more");
    const bytes = size * width;
    const [version, kind] = [layout.u8(0), layout.u8(1)];
    if (version !== 3 && version !== 4) unread(`a layout of version ${version}`);
    if (kind === 2) unread(`a data set in chunks (${path})`);
    if (kind !== 1) {
      // So small that they would stand in the header; h5py does not write them.
      return unread(`a compact data set (${path})`);
    }
    const at = layout.u64(2);
    const from = at === undefined ? 0 : this.#base + at;
    const length = layout.u64(10) ?? 0;
    if (at === undefined ? bytes > 0 : length !== bytes || from + bytes > this.#ranges.size)
      corrupt(
        `the data set ${shown(path)}`,
        `${bytes} bytes in the file`,
        `${length} from ${from}`,
      );
    return { path, shape, dtype, from, to: from + bytes };
  }

  /** An attribute that is a text; others say nothing that is needed. */
  async #attribute(path: string, data: Block): Promise<void> {
    const version = data.u8(0);
    const [name, type, space] = [data.u16(2), data.u16(4), data.u16(6)];
    const padded = (n: number) => (version === 1 ? Math.ceil(n / 8) * 8 : n);
    const begin = version === 3 ? 9 : 8;
    if (version < 1 || version > 3) return;
    const own = data.part(begin + padded(name), type);
    const value = begin + padded(name) + padded(type) + padded(space);
    const key = `${path}@${data.text(begin)}`;
    const kind = own.u8(0) & 15;
    if (kind === 3) this.attributes.set(key, data.part(value, own.u32(4)).text(0));
    if (kind !== 9 || (own.u8(1) & 15) !== 1) return;
    const [length, at, index] = [data.u32(value), data.u64(value + 4), data.u32(value + 12)];
    if (length > longestHeader) corrupt("a text", `at most ${longestHeader} bytes`, length);
    const text = await this.#global(at, index);
    this.attributes.set(key, new TextDecoder().decode(text.bytes.subarray(0, length)));
  }

  /** An object of a collection that several attributes share. */
  async #global(at: number | undefined, index: number): Promise<Block> {
    if (at === undefined) return corrupt("a text", "an address", "none");
    let heap = this.#heaps.get(at);
    if (heap === undefined) {
      const head = await this.#block(at, 16);
      const size = head.u64(8) ?? 0;
      if (!head.is(0, "GCOL") || size > longestHeader || size < 16)
        return corrupt("a collection of texts", "GCOL", "another");
      heap = await this.#block(at, size);
      this.#heaps.set(at, heap);
    }
    for (let from = 16; from + 16 <= heap.bytes.length; ) {
      const [own, size] = [heap.u16(from), heap.u64(from + 8) ?? 0];
      if (own === index && own !== 0) return heap.part(from + 16, size);
      if (own === 0) break;
      from += 16 + Math.ceil(size / 8) * 8;
    }
    return corrupt("a text is missing", `object ${index}`, "none");
  }
}

function shapeOf(space: Block): Shape {
  const [version, rank] = [space.u8(0), space.u8(1)];
  if (version !== 1 && version !== 2) unread(`a data space of version ${version}`);
  if (rank > 32) corrupt("the number of axes", "at most 32", rank);
  const begin = version === 1 ? 8 : 4;
  return Array.from({ length: rank }, (_, axis) => space.u64(begin + 8 * axis) ?? -1);
}

/** The name that safetensors has for a type, and its bytes. */
function elementType(type: Block, path: string): [string, number] {
  const [kind, bits, size] = [type.u8(0) & 15, type.u8(1), type.u32(4)];
  const name =
    kind === 1 && !(bits & 1)
      ? { 2: "F16", 4: "F32", 8: "F64" }[size]
      : kind === 0 && !(bits & 1)
        ? bits & 8
          ? { 1: "I8", 2: "I16", 4: "I32", 8: "I64" }[size]
          : { 1: "U8", 2: "U16", 4: "U32", 8: "U64" }[size]
        : kind === 5 && size === 2
          ? "BF16" // h5py has no such type: Keras says it is opaque.
          : kind === 8 && size === 1
            ? "BOOL" // An enumeration of FALSE and TRUE.
            : undefined;
  return [name ?? unread(`elements of a kind of their own (${path})`), size];
}

/**
 * The data sets of an HDF5 file, and where their bytes lie; no element is read.
 *
 * @throws ChainruleError "file-corrupt", "unsupported".
 */
export const readHdf5 = (ranges: Ranges): Promise<H5File> => new Reader(ranges).read();
