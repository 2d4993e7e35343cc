/** What files of other libraries hold, in words that all their readers share. */

import type { ArrayTensor } from "../core/array-tensor.ts";
import type { Shape } from "../core/shape.ts";
import type { ByteSource } from "../files/byte-source.ts";
import type { BigIntTensor } from "../files/safetensors-types.ts";
import type { Chosen } from "../network-file/form.ts";

/** A tensor of a file, which is read when it is asked for. */
export interface ForeignTensor {
  /** As the file calls it; names of containers in front, with dots: "model.0.weight". */
  readonly name: string;
  /** Its sizes; [] of a scalar. */
  readonly shape: Shape;
  /** The element type in the file's own word: "F32", "float32". */
  readonly dtype: string;
  /** So much it takes in the file. */
  readonly bytes: number;
  /**
   * The elements, row-major.
   *
   * @param memory of at least `bytes` bytes, to be used again from tensor to tensor, or a part of one
   *   that takes all: new memory costs more than reading. The elements are a view of it where the
   *   file stores them as they stand here, and are good until it is written to.
   * @throws ChainruleError "unsupported" for a type that no type of ours says exactly;
   *   "bad-argument" for memory that is too short.
   */
  read(memory?: Uint8Array): Promise<ArrayTensor | BigIntTensor>;
}

/** What a file of another library holds. */
export interface ForeignFile {
  /** Which kind of file it is, as its row in the table of formats is called. */
  readonly format: string;
  readonly tensors: readonly ForeignTensor[];
  /** Texts and single values that stand beside the tensors. */
  readonly metadata: Readonly<Record<string, string>>;
  /** The model; absent where a file holds values alone (safetensors, a state dict). */
  model?(): Promise<ForeignModel>;
}

/** What an optimizer of another library remembers, in the words of ours. */
export interface ForeignOptimizerState {
  /** Steps that were taken. */
  readonly steps: number;
  /** The memory of each parameter by its name and that of the slot: "0.weight/mean". */
  readonly slots: ReadonlyMap<string, ArrayTensor>;
}

/** A model of another library in the words of network files. */
export interface ForeignModel {
  /** The shape of one example, without the batch's axis. */
  readonly input: Shape;
  /** Layers as in a network file; a `graph` layer where they are no chain. */
  readonly layers: readonly Chosen[];
  /** Values by the names that parameters and buffers have here: "0.weight". */
  readonly state: ReadonlyMap<string, ArrayTensor>;
  readonly loss?: Chosen;
  readonly optimizer?: Chosen;
  /** What is added to the loss: l1·Σ|w| + l2·Σw² over the weights, or the parameters of that name. */
  readonly penalties?: readonly {
    readonly l1: number;
    readonly l2: number;
    readonly parameters?: string;
  }[];
  /** Examples for each step, and whether they come in a new order each epoch. */
  readonly training?: { readonly batchSize?: number; readonly shuffle?: boolean };
  readonly optimizerState?: ForeignOptimizerState;
  /** What was folded, merged or renamed, and what will differ: a sentence each. */
  readonly remarks: readonly string[];
}

/** A row of the table of formats. */
export interface ForeignFormat {
  /** "safetensors". */
  readonly name: string;
  /** How names of such files usually end, with the dot. */
  readonly endings: readonly string[];
  /** Whether this is such a file, by its first bytes (4096, or fewer where it is shorter) and name. */
  recognises(head: Uint8Array, name: string): boolean;
  open(source: ByteSource): Promise<ForeignFile>;
}
