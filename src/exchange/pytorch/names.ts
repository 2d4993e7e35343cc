/**
 * The names of Python's that a file of torch.save may use, and what becomes of each: tensors as views
 * of storages, texts, lists and dictionaries. Nothing else is called.
 * Source: PyTorch's torch/_utils.py, torch/serialization.py and torch/_weights_only_unpickler.py.
 */

import { checkedSize } from "../../core/array-tensor.ts";
import { fail } from "../../core/errors.ts";
import { shown } from "../../core/wording.ts";
import { type Pickled, PickleGlobal, type PickleNames } from "./pickle.ts";

/** An element type: PyTorch's word, and that of safetensors for the same bytes. */
interface TorchType {
  readonly word: string;
  readonly stored: string;
  readonly bytes: number;
}

const torchTypes: readonly TorchType[] = [
  { word: "float64", stored: "F64", bytes: 8 },
  { word: "float32", stored: "F32", bytes: 4 },
  { word: "float16", stored: "F16", bytes: 2 },
  { word: "bfloat16", stored: "BF16", bytes: 2 },
  { word: "float8_e4m3fn", stored: "F8_E4M3", bytes: 1 },
  { word: "float8_e5m2", stored: "F8_E5M2", bytes: 1 },
  { word: "float8_e4m3fnuz", stored: "F8_E4M3FNUZ", bytes: 1 },
  { word: "float8_e5m2fnuz", stored: "F8_E5M2FNUZ", bytes: 1 },
  { word: "float8_e8m0fnu", stored: "F8_E8M0", bytes: 1 },
  { word: "int64", stored: "I64", bytes: 8 },
  { word: "int32", stored: "I32", bytes: 4 },
  { word: "int16", stored: "I16", bytes: 2 },
  { word: "int8", stored: "I8", bytes: 1 },
  { word: "uint64", stored: "U64", bytes: 8 },
  { word: "uint32", stored: "U32", bytes: 4 },
  { word: "uint16", stored: "U16", bytes: 2 },
  { word: "uint8", stored: "U8", bytes: 1 },
  { word: "bool", stored: "BOOL", bytes: 1 },
  { word: "complex64", stored: "C64", bytes: 8 },
  { word: "complex128", stored: "C128", bytes: 16 },
];

const storages: Readonly<Record<string, string>> = {
  DoubleStorage: "float64",
  FloatStorage: "float32",
  HalfStorage: "float16",
  BFloat16Storage: "bfloat16",
  LongStorage: "int64",
  IntStorage: "int32",
  ShortStorage: "int16",
  CharStorage: "int8",
  ByteStorage: "uint8",
  BoolStorage: "bool",
  ComplexFloatStorage: "complex64",
  ComplexDoubleStorage: "complex128",
};

const typeOf = (word: string): TorchType | undefined => torchTypes.find((t) => t.word === word);

/** A name that says an element type. */
class TypeName extends PickleGlobal {
  readonly type: TorchType;
  constructor(type: TorchType) {
    super(`torch.${type.word}`);
    this.type = type;
  }
}

/** Bytes of the file that tensors are views of; of one without a type, tensors say theirs. */
class TorchStorage {
  /** The entry data/KEY of the archive. */
  readonly key: string;
  readonly type: TorchType | undefined;
  /** In elements, and bytes where it has no type. */
  readonly length: number;
  constructor(key: string, type: TorchType | undefined, length: number) {
    this.key = key;
    this.type = type;
    this.length = length;
  }
}

/** A tensor: places of a storage, from an offset on, in steps. */
export class TorchTensor {
  readonly storage: TorchStorage;
  readonly type: TorchType;
  readonly offset: number;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
  constructor(
    storage: TorchStorage,
    type: TorchType,
    offset: number,
    shape: readonly number[],
    strides: readonly number[],
  ) {
    this.storage = storage;
    this.type = type;
    this.offset = offset;
    this.shape = shape;
    this.strides = strides;
  }
}

function corrupt(message: string, expected: string, found: string): never {
  return fail("file-corrupt", { message, expected, found });
}

const isSize = (value: unknown): value is number =>
  Number.isSafeInteger(value) && Number(value) >= 0;

/** More axes than PyTorch can have. */
const mostAxes = 64;

const isSizes = (value: unknown): value is readonly number[] =>
  Array.isArray(value) && value.length <= mostAxes && value.every(isSize);

/** (storage, offset, sizes, strides, …), after checking that all places are inside the storage. */
function viewOf(args: readonly Pickled[], type?: TorchType): TorchTensor {
  const [storage, offset, shape, strides] = args;
  if (
    !(storage instanceof TorchStorage) ||
    !isSize(offset) ||
    !isSizes(shape) ||
    !isSizes(strides)
  ) {
    return corrupt(
      "A tensor is not described.",
      "a storage, an offset, sizes, strides",
      shown(args),
    );
  }
  const own = type ?? storage.type;
  const size = checkedSize(shape);
  if (own === undefined || size === undefined || shape.length !== strides.length) {
    return corrupt(
      "A tensor's sizes and strides disagree.",
      `${shape.length} strides`,
      shown(strides),
    );
  }
  const steps = shape.reduce((sum, n, axis) => sum + Math.max(0, n - 1) * (strides[axis] ?? 0), 0);
  const held = storage.type ? storage.length : Math.floor(storage.length / own.bytes);
  if (size > 0 && !(offset + steps < held)) {
    corrupt("A tensor reaches beyond its storage.", `places below ${held}`, `${offset + steps}`);
  }
  return new TorchTensor(storage, own, offset, [...shape], [...strides]);
}

const tensorOf = (value: Pickled | undefined): TorchTensor =>
  value instanceof TorchTensor
    ? value
    : corrupt("A parameter is no tensor.", "a tensor", shown(value));

/** (pairs) as a dictionary. */
function mapOf([pairs]: readonly Pickled[]): Map<Pickled, Pickled> {
  if (pairs instanceof Map) return new Map(pairs);
  const map = new Map<Pickled, Pickled>();
  for (const pair of Array.isArray(pairs) ? pairs : []) {
    if (!Array.isArray(pair) || pair.length !== 2) {
      return corrupt("A dictionary is made of what are no pairs.", "[name, value]", shown(pair));
    }
    map.set(pair[0] as Pickled, pair[1] as Pickled);
  }
  return map;
}

const itemsOf = ([items]: readonly Pickled[]): Pickled[] =>
  Array.isArray(items) ? [...items] : [];
const firstOf = ([first]: readonly Pickled[]): Pickled => first ?? null;

/** The classes whose tensors are read as tensors. */
const tensorClasses = [
  "torch.Tensor",
  "torch.nn.parameter.Parameter",
  "torch.nn.parameter.Buffer",
  "torch.nn.parameter.UninitializedParameter",
];

/** (function, class, arguments, state) of a tensor with attributes of its own. */
function fromType([make, type, args]: readonly Pickled[]): Pickled {
  const known = type instanceof PickleGlobal && tensorClasses.includes(type.name);
  if (
    !(make instanceof PickleGlobal) ||
    make.call === undefined ||
    !known ||
    !Array.isArray(args)
  ) {
    return corrupt(
      "A tensor is of a class that is not read.",
      tensorClasses.join(", "),
      shown(type),
    );
  }
  return make.call(args);
}

/** _rebuild_tensor_v3: the type stands last, behind gradient, hooks. */
function typedView(args: readonly Pickled[]): TorchTensor {
  const type = args.find((arg) => arg instanceof TypeName);
  return type instanceof TypeName
    ? viewOf(args, type.type)
    : corrupt("A tensor has no element type.", "torch.float32, for example", shown(args[6]));
}

const callable: Readonly<Record<string, (args: readonly Pickled[]) => Pickled>> = {
  "collections.OrderedDict": mapOf,
  "collections.defaultdict": ([, pairs]) => mapOf([pairs ?? []]),
  "collections.Counter": mapOf,
  "torch._utils._rebuild_tensor": (args) => viewOf(args),
  "torch._utils._rebuild_tensor_v2": (args) => viewOf(args),
  "torch._utils._rebuild_tensor_v3": typedView,
  "torch._utils._rebuild_parameter": ([data]) => tensorOf(data),
  "torch._utils._rebuild_parameter_with_state": ([data]) => tensorOf(data),
  "torch._tensor._rebuild_from_type_v2": fromType,
  "torch.Size": itemsOf,
  "torch.device": (args) => args.join(":"),
  "_codecs.encode": firstOf,
};

/** The names of Python 2, which protocol 2 writes, and of Python 3. */
for (const module of ["__builtin__", "builtins"]) {
  Object.assign(callable, {
    [`${module}.set`]: itemsOf,
    [`${module}.frozenset`]: itemsOf,
    [`${module}.list`]: itemsOf,
    [`${module}.tuple`]: itemsOf,
    [`${module}.dict`]: mapOf,
    [`${module}.int`]: firstOf,
    [`${module}.float`]: firstOf,
    [`${module}.bool`]: firstOf,
    [`${module}.str`]: firstOf,
    [`${module}.bytearray`]: firstOf,
    [`${module}.complex`]: (args: readonly Pickled[]) => args.join(" + i·"),
  });
}

function globalOf(module: string, name: string): PickleGlobal | undefined {
  const full = `${module}.${name}`;
  if (module === "torch") {
    const type = typeOf(name);
    if (type !== undefined) return new TypeName(type);
    const stored = Object.hasOwn(storages, name) ? storages[name] : undefined;
    if (stored !== undefined) return new PickleGlobal(full);
  }
  if (full === "torch.storage.UntypedStorage" || tensorClasses.includes(full)) {
    return new PickleGlobal(full);
  }
  return Object.hasOwn(callable, full) ? new PickleGlobal(full, callable[full]) : undefined;
}

/** ("storage", its class, its key, where it was, its length). */
function persistent(id: Pickled): TorchStorage {
  const [kind, type, key, , length] = Array.isArray(id) ? id : [];
  const named = type instanceof PickleGlobal ? type.name.replace(/^torch\./, "") : "";
  const word = Object.hasOwn(storages, named) ? storages[named] : undefined;
  const untyped = named === "storage.UntypedStorage";
  if (kind !== "storage" || (word === undefined && !untyped) || !isSize(length)) {
    return corrupt("A storage is not described.", "its class, key and length", shown(named));
  }
  if (typeof key !== "string" || !/^\w{1,64}$/.test(key)) {
    return corrupt("A storage has no key.", "a number as text", shown(key));
  }
  return new TorchStorage(key, word === undefined ? undefined : typeOf(word), length);
}

/** What module.state_dict() says of versions stands beside it. */
export const metadataOf: WeakMap<object, Pickled> = /* @__PURE__ */ new WeakMap();

export const torchNames: PickleNames = {
  global: globalOf,
  persistent,
  build(object, state) {
    // An attribute of the dictionary of a module; of other objects nothing is set.
    if (object instanceof Map && state instanceof Map) {
      const versions = state.get("_metadata");
      if (versions !== undefined) metadataOf.set(object, versions);
    }
  },
};
