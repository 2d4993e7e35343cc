/**
 * A model of Keras as layers of ours, call by call. Channels stand last there and first here: a value
 * whose channels were moved to the front is kept so until a layer needs the other order, so that
 * images are turned once, and numbers come out in Keras's order.
 */
import type { ArrayTensor } from "../../core/array-tensor.ts";
import { at } from "../../core/at.ts";
import { fail } from "../../core/errors.ts";
import { shown } from "../../core/wording.ts";
import type { Chosen } from "../../network-file/form.ts";
import { rowOf } from "../../network-file/form.ts";
import { layers as rows } from "../../network-file/layers.ts";
import { complete } from "../../network-file/validate.ts";

/** Sizes behind the batch's axis; null where one is not fixed. */
export type Sizes = readonly (number | null)[];

/** A tensor of Keras while its model is translated. */
export interface KerasValue {
  /** The node that makes it. */
  readonly node: string;
  /** Its sizes as Keras has them. */
  readonly sizes: Sizes;
  /** Whether its last axis stands first here. */
  readonly moved: boolean;
}

/** Something that is read when everything is known to fit. */
export type ReadLater<T> = T | (() => Promise<T>);

/** A layer of ours with the values of its parameters and buffers. */
export interface Made {
  readonly name: string;
  readonly options?: ReadLater<Readonly<Record<string, unknown>>>;
  readonly state?: Readonly<Record<string, ReadLater<ArrayTensor>>>;
  /** Keras's regularizers of its parameters, by Keras's word for these. */
  readonly penalties?: Readonly<Record<string, MadePenalty>>;
}

/** l1·Σ|w| + l2·Σw² over a parameter of ours. */
interface MadePenalty {
  readonly of: string;
  readonly l1: number;
  readonly l2: number;
}

/** What a layer's list is made of, besides itself. */
interface Found {
  readonly state: Map<string, ArrayTensor>;
  readonly penalties: { l1: number; l2: number; parameters: string }[];
}

export type Join = "concatenate" | "add" | "multiply";

interface Node {
  readonly layer?: string;
  readonly join?: Join;
  readonly axis: number;
  readonly of: string | readonly string[] | Readonly<Record<string, string>>;
}

/** What a layer of Keras asks for that has no equal here; thrown, and named with all others. */
export class Refusal extends Error {}

export const refused = (why: string): never => {
  throw new Refusal(why);
};

/** A name as parts of graphs have it: letters, digits and _, a letter first. */
const partName = (name: string): string => {
  const plain = name.replaceAll(/[^A-Za-z0-9_]/g, "_");
  return /^[A-Za-z]/.test(plain) ? plain : `p${plain}`;
};

/** More layers than this are no model. */
const mostNodes = 20_000;

/** Our layers of a model, as they are found. */
export class Lowering {
  readonly remarks = new Set<string>();
  readonly refusals: string[] = [];
  readonly #parts = new Map<string, { readonly made: readonly Made[]; readonly key: string }>();
  readonly #nodes = new Map<string, Node>();
  readonly #turned = new Map<string, KerasValue>();
  readonly #inputs: string[] = [];

  #free(name: string): string {
    const plain = partName(name);
    const taken = (own: string) =>
      this.#nodes.has(own) || own === "input" || this.#inputs.includes(own);
    if (!taken(plain)) return plain;
    for (let i = 2; ; i++) if (!taken(`${plain}_${i}`)) return `${plain}_${i}`;
  }

  #add(name: string, node: Node): string {
    if (this.#nodes.size >= mostNodes) {
      fail("too-large", {
        message: "A model has more layers than any that could be meant.",
        expected: `at most ${mostNodes}`,
      });
    }
    const own = this.#free(name);
    this.#nodes.set(own, node);
    return own;
  }

  /** One of several inputs of the model. */
  input(name: string): string {
    const own = this.#free(name);
    this.#inputs.push(own);
    return own;
  }

  /** Layers one after another, called by this name; layers of the same key are shared. */
  call(
    name: string,
    of: KerasValue | Readonly<Record<string, KerasValue>>,
    made: readonly Made[],
    to: { readonly sizes: Sizes; readonly moved: boolean },
    key = name,
  ): KerasValue {
    const single = "node" in of ? (of as KerasValue) : undefined;
    const { sizes, moved } = to;
    if (made.length === 0 && single) return { node: single.node, sizes, moved };
    let part = partName(name);
    for (let i = 2; ; i++) {
      const known = this.#parts.get(part);
      if (known === undefined || known.key === key) break;
      part = `${partName(name)}_${i}`;
    }
    if (!this.#parts.has(part)) this.#parts.set(part, { made, key });
    const sources = Object.entries(of as Readonly<Record<string, KerasValue>>);
    const from = single
      ? single.node
      : Object.fromEntries(sources.map(([as, value]) => [as, value.node]));
    return { node: this.#add(name, { layer: part, axis: -1, of: from }), sizes, moved };
  }

  /** Several values as one. */
  join(name: string, join: Join, of: readonly KerasValue[], sizes: Sizes, axis = -1): KerasValue {
    const first = at(of, 0);
    if (of.length === 1) return first;
    const node = this.#add(name, { join, axis, of: of.map((value) => value.node) });
    return { node, sizes, moved: first.moved };
  }

  /** The value with its last axis first (`moved`), or in Keras's order. */
  turned(value: KerasValue, moved: boolean): KerasValue {
    const rank = value.sizes.length;
    if (value.moved === moved || rank < 2) return { ...value, moved: rank < 2 ? false : moved };
    const key = `${value.node} ${moved}`;
    const known = this.#turned.get(key);
    if (known) return { ...known, sizes: value.sizes };
    const others = Array.from({ length: rank - 1 }, (_, i) => i + 1);
    const axes = moved ? [0, rank, ...others] : [0, ...others.map((axis) => axis + 1), 1];
    const name = `channels_${moved ? "first" : "last"}_${rank}`;
    this.remarks.add(
      "Keras has channels last: layers permute bring them to the front for convolutions, pools and norms, " +
        "and back where their order counts (Flatten, Reshape); inputs, outputs and weights behind Flatten " +
        "are in Keras's order.",
    );
    const own = this.call(name, value, [{ name: "permute", options: { axes } }], {
      sizes: value.sizes,
      moved,
    });
    this.#turned.set(key, own);
    return own;
  }

  /**
   * Layers and values by our names.
   *
   * @param sizes of the inputs, where there are several
   */
  async finish(
    sizes: readonly number[],
    outputs: readonly KerasValue[],
  ): Promise<Found & { readonly layers: Chosen[] }> {
    const found: Found = { state: new Map(), penalties: [] };
    const chain = this.#inputs.length === 0 ? this.#chain(outputs) : undefined;
    if (chain) return { layers: await listOf(chain, "", found), ...found };
    const needed = this.#needed(outputs);
    const parts: [string, Chosen[]][] = [];
    for (const [name, { made }] of this.#parts) {
      const used = [...needed].some((node) => this.#nodes.get(node)?.layer === name);
      if (used) parts.push([name, await listOf(made, `0.${name}.`, found)]);
    }
    const options = {
      ...(this.#inputs.length === 0
        ? {}
        : { inputs: Object.fromEntries(this.#inputs.map((name, i) => [name, at(sizes, i)])) }),
      layers: Object.fromEntries(parts),
      nodes: Object.fromEntries([...this.#nodes].filter(([name]) => needed.has(name))),
      outputs: outputs.map(({ node }) => node),
    };
    return { layers: [{ name: "graph", options }], ...found };
  }

  /** The layers one after another, if the model is no more than that. */
  #chain(outputs: readonly KerasValue[]): readonly Made[] | undefined {
    if (outputs.length !== 1) return undefined;
    const needed = this.#needed(outputs);
    let before = "input";
    const all: Made[] = [];
    const used = new Set<string>();
    for (const [name, node] of this.#nodes) {
      if (!needed.has(name)) continue;
      if (node.of !== before || node.layer === undefined) return undefined;
      // Turning has no parameters, so that it may stand twice.
      const { made } = this.#parts.get(node.layer) ?? { made: [] };
      if (used.has(node.layer) && made.some((own) => own.state !== undefined)) return undefined;
      used.add(node.layer);
      all.push(...made);
      before = name;
    }
    return before === outputs[0]?.node && all.length > 0 ? all : undefined;
  }

  /** The nodes that have a say in the outputs. */
  #needed(outputs: readonly KerasValue[]): Set<string> {
    const needed = new Set(outputs.map(({ node }) => node));
    for (const [name, { of }] of [...this.#nodes].toReversed()) {
      if (!needed.has(name)) continue;
      const sources = typeof of === "string" ? [of] : Object.values(of);
      for (const source of sources) needed.add(source);
    }
    return needed;
  }
}

const now = <T>(later: ReadLater<T>): Promise<T> | T =>
  typeof later === "function" ? (later as () => Promise<T>)() : later;

/** A list of layers as a network file has them; their values and penalties are put beside it. */
async function listOf(
  made: readonly Made[],
  prefix: string,
  { state, penalties }: Found,
): Promise<Chosen[]> {
  const list: Chosen[] = [];
  for (const { name, options = {}, state: own = {}, penalties: put = {} } of made) {
    const { form } = rowOf(rows, name);
    const given = complete(form, await now(options)) as Chosen["options"];
    for (const [key, value] of Object.entries(own)) {
      state.set(`${prefix}${list.length}.${key}`, await now(value));
    }
    for (const { of, l1, l2 } of Object.values(put))
      penalties.push({ l1, l2, parameters: `${prefix}${list.length}.${of}` });
    list.push({ name, options: given });
  }
  return list;
}

/** What is refused, all at once. */
export function checkRefusals(format: string, refusals: readonly string[]): void {
  if (refusals.length === 0) return;
  const most = 12;
  const rest = refusals.length > most ? ` and ${refusals.length - most} more` : "";
  fail("unsupported", {
    message: `This ${format} model has parts that have no equal here.`,
    expected: "layers and options of docs/keras.md",
    found: `${refusals.slice(0, most).join("; ")}${rest}`,
    fix: "Replace them in the model and save it again, or read its values alone.",
  });
}

/** A name as messages show it. */
export const nameOf = (name: string): string => shown(name);
