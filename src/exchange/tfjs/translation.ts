/** One node of TensorFlow in the words of ONNX: what its rule sees and writes. */
import { sizeOf } from "../../core/shape.ts";
import { type Constant, knownNumbers, listOf } from "../onnx/constants.ts";
import { readNode } from "../onnx/import.ts";
import { asWritten, type Node, type NodeAttributes } from "../onnx/nodes.ts";
import { viewSizes } from "../onnx/pieces.ts";
import { type GraphReader, NoLayer, noLayer } from "../onnx/reader.ts";

type Given = Readonly<Record<string, number | string | readonly number[]>>;

/** A rule gives the names of what it has made, one for each output. */
export type OperatorRule = (t: Translation) => string | readonly string[];

function attributesFrom(given: Given): NodeAttributes {
  const own = new Map(Object.entries(given));
  const list = (name: string) => own.get(name) as readonly number[] | undefined;
  return {
    has: (name) => own.has(name),
    int: (name, otherwise) => (own.get(name) as number | undefined) ?? otherwise,
    float: (name, otherwise) => (own.get(name) as number | undefined) ?? otherwise,
    ints: list,
    floats: list,
    text: (name, otherwise) => (own.get(name) as string | undefined) ?? otherwise,
    texts: () => undefined,
    tensor: () => undefined,
  };
}

export class Translation {
  readonly r: GraphReader;
  readonly node: Node;
  #count = 0;

  constructor(r: GraphReader, node: Node) {
    this.r = r;
    this.node = node;
  }

  /** Reads the node by its rule; where there is no layer, its outputs are known as such. */
  run(rules: ReadonlyMap<string, OperatorRule>): void {
    const { r, node } = this;
    let made: readonly string[] = [];
    let reason = "no layer has this output";
    try {
      const found = rules.get(node.op)?.(this) ?? [];
      made = typeof found === "string" ? [found] : found;
    } catch (error) {
      if (!(error instanceof NoLayer)) throw error;
      reason = error.message;
    }
    node.outputs.forEach((name, i) => {
      const own = made[i];
      const value = own === undefined ? undefined : r.values.get(own);
      r.values.set(name, value ?? { kind: "unknown", node, reason });
      const maker = own === undefined ? node : r.makers.get(own);
      if (maker) r.makers.set(name, maker);
    });
  }

  /** The name of an input. */
  input(i: number): string {
    return this.node.inputs[i] ?? noLayer("an input is missing");
  }

  /** Writes a node, which is read at once. Gives the name of its first output. */
  emit(op: string, inputs: readonly string[], attributes: Given = {}): string {
    return this.emitAll(op, inputs, attributes, 1)[0] as string;
  }

  emitAll(op: string, inputs: readonly string[], given: Given, outputs: number): string[] {
    const { name } = this.node;
    // No name of a file has a line break, which would be its own otherwise.
    const made = Array.from({ length: outputs }, () => `${name}\n${this.#count++}`);
    const attributes = attributesFrom(given);
    readNode(this.r, { op, domain: "", name, inputs, outputs: made, attributes });
    return made;
  }

  /** A constant of its own. */
  constant(
    data: readonly number[],
    shape: readonly number[] = [data.length],
    whole = true,
  ): string {
    const name = `${this.node.name}\n${this.#count++}`;
    this.r.values.set(name, knownNumbers(shape, Float64Array.from(data), whole));
    return name;
  }

  number = (value: number): string => this.constant([value], [], false);

  /** An input that is known. */
  known(i: number, what: string): Constant {
    const value = this.r.values.get(this.input(i));
    return value?.kind === "constant" ? value : noLayer(`its ${what} is computed from the input`);
  }

  knownList = (i: number, what: string): number[] => listOf(this.known(i, what));

  /** The sizes of a value; an error where it is none of a layer. */
  sizes(name: string): readonly number[] {
    const value = this.r.values.get(name);
    if (value?.kind === "constant") return value.shape;
    if (value?.kind === "view") return viewSizes(value);
    return noLayer("what it reads has no layer");
  }

  int = (name: string, otherwise = 0): number => this.node.attributes.int(name, otherwise);

  /** The decimal number that was meant by one of 32 bits. */
  float = (name: string, otherwise: number): number =>
    asWritten(Math.fround(this.node.attributes.float(name, otherwise)));

  transpose(name: string, perm: readonly number[]): string {
    return this.emit("Transpose", [name], { perm });
  }

  reshape(name: string, sizes: readonly number[]): string {
    return this.emit("Reshape", [name, this.constant(sizes)], { allowzero: 1 });
  }

  /** A constant's elements in another shape of as many. */
  as(name: string, shape: readonly number[]): string {
    const size = sizeOf(this.sizes(name));
    return sizeOf(shape) === size
      ? this.reshape(name, shape)
      : noLayer("its constant does not fit");
  }
}
