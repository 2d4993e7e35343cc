/**
 * Python's pickles, read by an allow-list: a pickle is a program for a small machine with a stack,
 * and the part of it that makes data is run here. A name of Python's is looked up in a table of a few
 * dozen, each of which makes data here; no other is imported or called, and all others are named.
 * Source: Python's Lib/pickletools.py.
 */

import { fail } from "../../core/errors.ts";
import { listed, shown } from "../../core/wording.ts";

/** Something of Python's that is called by a name; `call` makes data of its arguments. */
export class PickleGlobal {
  readonly name: string;
  readonly call: ((args: readonly Pickled[]) => Pickled) | undefined;
  constructor(name: string, call?: (args: readonly Pickled[]) => Pickled) {
    this.name = name;
    this.call = call;
  }
}

/** What data of a pickle become here. */
export type Pickled =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | PickledList
  | PickledMap
  | PickleGlobal
  | object;
type PickledList = Pickled[];
type PickledMap = Map<Pickled, Pickled>;

/** What a name of another module, and a place outside of the pickle, is. */
export interface PickleNames {
  /** Undefined for what is not allowed. */
  readonly global: (module: string, name: string) => PickleGlobal | undefined;
  readonly persistent: (id: Pickled) => Pickled;
  /** Sets the state of an object that has been made. */
  readonly build: (object: Pickled, state: Pickled) => void;
}

function corrupt(message: string, expected?: string, found?: string): never {
  return fail("file-corrupt", {
    message,
    ...(expected === undefined ? {} : { expected }),
    ...(found === undefined ? {} : { found }),
  });
}

/** Marks where the items of a list begin on the stack. */
const mark = { mark: true };

/** Longer whole numbers are not written by any program of ours. */
const longestNumber = 1024;

/** The machine; its stack and memory hold no more entries than the pickle has bytes. */
class Machine {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #names: PickleNames;
  #at = 0;
  #stack: Pickled[] = [];
  readonly #memory = new Map<number, Pickled>();
  readonly #refused = new Set<string>();

  constructor(bytes: Uint8Array, names: PickleNames) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#names = names;
  }

  run(): Pickled {
    for (;;) {
      const code = this.#u8();
      if (code === 0x2e) break; // STOP
      const step = steps.get(code);
      if (step === undefined) {
        const character = code >= 0x20 && code < 0x7f ? ` (${String.fromCharCode(code)})` : "";
        return refuse(
          "The pickle holds an instruction that is not read.",
          "instructions that make data, of protocols 2 to 5",
          `0x${code.toString(16)}${character} at ${this.#at - 1}`,
        );
      }
      step(this.#parts);
    }
    const result = this.#pop();
    if (this.#refused.size > 0) {
      refuse(
        "The file asks for things of Python's that are not data; nothing of it has been run.",
        "tensors, numbers, texts, lists and dictionaries",
        listed([...this.#refused]),
      );
    }
    return result;
  }

  #take(size: number): number {
    const at = this.#at;
    if (!(size <= this.#bytes.length - at)) {
      corrupt("A pickle ends in the midst of an instruction.", `${size} more bytes at ${at}`);
    }
    this.#at += size;
    return at;
  }

  #u8(): number {
    return this.#view.getUint8(this.#take(1));
  }

  #pop(): Pickled {
    const value = this.#stack.pop();
    if (value === undefined || value === mark) corrupt("A pickle takes what it has not made.");
    return value as Pickled;
  }

  #top(): Pickled {
    const value = this.#pop();
    this.#stack.push(value);
    return value;
  }

  #items(): Pickled[] {
    const from = this.#stack.lastIndexOf(mark);
    if (from < 0) corrupt("A pickle takes what it has not made.");
    const items = this.#stack.splice(from);
    items.shift();
    return items;
  }

  #global(module: string, name: string): void {
    const found = this.#names.global(module, name);
    if (found === undefined) this.#refused.add(`${module}.${name}`);
    this.#stack.push(found ?? new PickleGlobal(`${module}.${name}`));
  }

  readonly #parts: Parts = {
    u8: () => this.#u8(),
    u16: () => this.#view.getUint16(this.#take(2), true),
    u32: () => this.#view.getUint32(this.#take(4), true),
    i32: () => this.#view.getInt32(this.#take(4), true),
    u64: () => Number(this.#view.getBigUint64(this.#take(8), true)),
    f64: () => this.#view.getFloat64(this.#take(8), false),
    bytes: (size) => {
      const at = this.#take(size);
      return this.#bytes.subarray(at, at + size);
    },
    line: () => {
      const end = this.#bytes.indexOf(0x0a, this.#at);
      if (end < 0) corrupt("A pickle ends in the midst of a name.");
      const text = decoded(this.#bytes.subarray(this.#at, end));
      this.#at = end + 1;
      return text;
    },
    push: (value) => void this.#stack.push(value),
    pop: () => this.#pop(),
    top: () => this.#top(),
    popMark: () => this.#items(),
    drop: () => void this.#stack.pop(),
    global: (module, name) => this.#global(module, name),
    remember: (place) => void this.#memory.set(place ?? this.#memory.size, this.#top()),
    recall: (place) => {
      const value = this.#memory.get(place);
      if (value === undefined) corrupt("A pickle recalls what it has not kept.");
      this.#stack.push(value as Pickled);
    },
    call: (of, args) => {
      if (!(of instanceof PickleGlobal)) {
        return corrupt("A pickle calls what is no function.", "a name", shown(of));
      }
      // What is not allowed is not called, but named when all have been seen.
      if (of.call === undefined) this.#refused.add(of.name);
      const { call } = of;
      const called = call !== undefined && this.#refused.size === 0;
      this.#stack.push(called ? call(listOf(args)) : new PickleGlobal(of.name));
    },
    persistent: (id) => {
      const known = this.#refused.size === 0;
      this.#stack.push(known ? this.#names.persistent(id) : new PickleGlobal("a storage"));
    },
    build: (object, state) => {
      if (this.#refused.size === 0) this.#names.build(object, state);
    },
  };
}

function refuse(message: string, expected: string, found: string): never {
  return fail("unsupported", {
    message,
    expected,
    found,
    fix: 'In Python, save what the module holds: torch.save(model.state_dict(), "weights.pt").',
  });
}

/** The parts of the machine that instructions use. */
interface Parts {
  readonly u8: () => number;
  readonly u16: () => number;
  readonly u32: () => number;
  readonly i32: () => number;
  readonly u64: () => number;
  readonly f64: () => number;
  readonly bytes: (size: number) => Uint8Array;
  readonly line: () => string;
  readonly push: (value: Pickled) => void;
  readonly pop: () => Pickled;
  readonly top: () => Pickled;
  readonly popMark: () => Pickled[];
  readonly drop: () => void;
  readonly global: (module: string, name: string) => void;
  readonly remember: (place?: number) => void;
  readonly recall: (place: number) => void;
  readonly call: (of: Pickled, args: Pickled) => void;
  readonly persistent: (id: Pickled) => void;
  readonly build: (object: Pickled, state: Pickled) => void;
}

function listOf(value: Pickled): PickledList {
  return Array.isArray(value) ? value : corrupt("A pickle adds to what is no list.");
}

/** To what is refused in the end, anything may be added. */
function addTo(target: Pickled, items: readonly Pickled[]): void {
  if (target instanceof PickleGlobal) return;
  const into = listOf(target);
  for (const item of items) into.push(item);
}

function setIn(target: Pickled, items: readonly Pickled[]): void {
  if (target instanceof PickleGlobal) return;
  if (!(target instanceof Map) || items.length % 2 !== 0) {
    corrupt("A pickle sets a name in what is no dictionary.");
  }
  const into = target as PickledMap;
  for (let i = 0; i < items.length; i += 2) into.set(items[i] as Pickled, items[i + 1] as Pickled);
}

const utf8 = /* @__PURE__ */ new TextDecoder("utf-8", { fatal: true });

function decoded(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch {
    return corrupt("A text of a pickle is not UTF-8.");
  }
}
const text = (value: Pickled): string =>
  typeof value === "string" ? value : corrupt("A name of a pickle is no text.");

/** A whole number of any length, little-endian, in two's complement. */
function whole(bytes: Uint8Array): number | bigint {
  if (bytes.length > longestNumber) corrupt("A number of a pickle has too many digits.");
  let value = 0n;
  for (let i = bytes.length - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[i] ?? 0);
  const signed = BigInt.asIntN(8 * bytes.length, value);
  const plain = Number(signed);
  return Number.isSafeInteger(plain) ? plain : signed;
}

const latin1 = (bytes: Uint8Array): string => new TextDecoder("latin1").decode(bytes);

const steps: ReadonlyMap<number, (m: Parts) => void> = /* @__PURE__ */ new Map<
  number,
  (m: Parts) => void
>([
  [
    0x80, // PROTO
    (m) => {
      const version = m.u8();
      if (version > 5) corrupt("A pickle is of a newer protocol.", "at most 5", `${version}`);
    },
  ],
  [0x95, (m) => void m.u64()], // FRAME
  [0x28, (m) => m.push(mark)], // MARK
  [0x30, (m) => m.drop()], // POP
  [0x31, (m) => void m.popMark()], // POP_MARK
  [0x32, (m) => m.push(m.top())], // DUP
  [0x4e, (m) => m.push(null)], // NONE
  [0x88, (m) => m.push(true)],
  [0x89, (m) => m.push(false)],
  [0x4a, (m) => m.push(m.i32())], // BININT
  [0x4b, (m) => m.push(m.u8())],
  [0x4d, (m) => m.push(m.u16())],
  [0x8a, (m) => m.push(whole(m.bytes(m.u8())))], // LONG1
  [0x8b, (m) => m.push(whole(m.bytes(m.u32())))],
  [0x47, (m) => m.push(m.f64())], // BINFLOAT
  [0x58, (m) => m.push(decoded(m.bytes(m.u32())))], // BINUNICODE
  [0x8c, (m) => m.push(decoded(m.bytes(m.u8())))],
  [0x8d, (m) => m.push(decoded(m.bytes(m.u64())))],
  [0x55, (m) => m.push(latin1(m.bytes(m.u8())))], // SHORT_BINSTRING, of Python 2
  [0x54, (m) => m.push(latin1(m.bytes(m.u32())))],
  [0x43, (m) => m.push(m.bytes(m.u8()))], // SHORT_BINBYTES
  [0x42, (m) => m.push(m.bytes(m.u32()))],
  [0x8e, (m) => m.push(m.bytes(m.u64()))],
  [0x96, (m) => m.push(m.bytes(m.u64()))], // BYTEARRAY8
  [0x7d, (m) => m.push(new Map())], // EMPTY_DICT
  [0x5d, (m) => m.push([])], // EMPTY_LIST
  [0x29, (m) => m.push([])], // EMPTY_TUPLE
  [0x8f, (m) => m.push([])], // EMPTY_SET
  [0x74, (m) => m.push(m.popMark())], // TUPLE
  [0x6c, (m) => m.push(m.popMark())], // LIST
  [0x91, (m) => m.push(m.popMark())], // FROZENSET
  [0x85, (m) => m.push([m.pop()])], // TUPLE1
  [
    0x86, // TUPLE2
    (m) => {
      const second = m.pop();
      m.push([m.pop(), second]);
    },
  ],
  [
    0x87, // TUPLE3
    (m) => {
      const third = m.pop();
      const second = m.pop();
      m.push([m.pop(), second, third]);
    },
  ],
  [
    0x64, // DICT
    (m) => {
      const items = m.popMark();
      m.push(new Map());
      setIn(m.top(), items);
    },
  ],
  [
    0x61, // APPEND
    (m) => {
      const item = m.pop();
      addTo(m.top(), [item]);
    },
  ],
  [
    0x65, // APPENDS
    (m) => {
      const items = m.popMark();
      addTo(m.top(), items);
    },
  ],
  [
    0x90, // ADDITEMS
    (m) => {
      const items = m.popMark();
      addTo(m.top(), items);
    },
  ],
  [
    0x73, // SETITEM
    (m) => {
      const value = m.pop();
      const key = m.pop();
      setIn(m.top(), [key, value]);
    },
  ],
  [
    0x75, // SETITEMS
    (m) => {
      const items = m.popMark();
      setIn(m.top(), items);
    },
  ],
  [
    0x63, // GLOBAL
    (m) => {
      const module = m.line();
      m.global(module, m.line());
    },
  ],
  [
    0x93, // STACK_GLOBAL
    (m) => {
      const name = text(m.pop());
      m.global(text(m.pop()), name);
    },
  ],
  [
    0x52, // REDUCE
    (m) => {
      const args = m.pop();
      m.call(m.pop(), args);
    },
  ],
  [
    0x81, // NEWOBJ
    (m) => {
      const args = m.pop();
      m.call(m.pop(), args);
    },
  ],
  [
    0x62, // BUILD
    (m) => {
      const state = m.pop();
      m.build(m.top(), state);
    },
  ],
  [0x51, (m) => m.persistent(m.pop())], // BINPERSID
  [0x71, (m) => m.remember(m.u8())], // BINPUT
  [0x72, (m) => m.remember(m.u32())],
  [0x94, (m) => m.remember()], // MEMOIZE
  [0x68, (m) => m.recall(m.u8())], // BINGET
  [0x6a, (m) => m.recall(m.u32())],
]);

/**
 * The data of a pickle. Nothing is executed: what it calls is a row of `names`, which makes data.
 *
 * @throws ChainruleError "unsupported" that names all else that it calls; "file-corrupt".
 */
export const unpickled = (bytes: Uint8Array, names: PickleNames): Pickled =>
  new Machine(bytes, names).run();
