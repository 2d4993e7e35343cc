/** The layers of a model as a derivation sees them: which have numbers, and what each one makes. */
import { sameShape } from "../../core/shape.ts";
import type { Tensor } from "../../core/tensor.ts";
import { layersInside } from "../../nn/inside.ts";
import type { Layer, LayerKind, ParameterSpec } from "../../nn/layer.ts";

/** A tensor on the way whose elements have names. */
export interface Stage {
  readonly tensor: Tensor;
  /** The layer with parameters that it belongs to, counted from 1; 0 before the first. */
  readonly layer: number;
  /**
   * "net": what units have before their activation; "out": the activation of a layer; "whole": what
   * a layer with parameters makes of which nothing else is known; "inner": what a layer computes on
   * the way to its output, such as a mean; "other": anything else.
   */
  readonly role: "net" | "out" | "whole" | "inner" | "other";
  /** Whether its elements stand in the places of the layer's units: net, activation, noise. */
  readonly units: boolean;
  /** The axis on which the layer counts them, from the last one back: −3 for channels of images. */
  readonly axis: number;
  /** The layer's; of what is inside of one, its own. */
  readonly name: string;
  readonly path: string;
  /** Of what a recurrence computes at one step: which, from 0. */
  readonly step?: number;
}

/** Whether a stage is the net input of a step of a recurrence. */
export const isSumOfStep = ({ name, step }: Stage): boolean =>
  step !== undefined && /(^|\.)sum$/.test(name);

/** A layer proper of a model. */
export interface Leaf {
  readonly layer: Layer;
  /** "0", "1.2"; "" for the model itself. */
  readonly path: string;
  /** The layer with parameters that it belongs to, counted from 1; 0 before the first. */
  readonly number: number;
  /** Whether it begins this layer. */
  readonly begins: boolean;
}

/** Paths and names are put together alike: "2" and "weight" are "2.weight". */
export const below = (path: string, name: string | number): string =>
  path === "" ? `${name}` : `${path}.${name}`;

/** The layers that compute something themselves, in order. */
export function leavesOf(model: Layer): Leaf[] {
  const found: Leaf[] = [];
  let count = 0;
  let number = 0;
  const visit = (layer: Layer, path: string): void => {
    if (layer.layers.length > 0) {
      const { order } = layer;
      for (const [name, inner] of layersInside(layer)) {
        // What begins a branch does not belong to the layer that stands beside it.
        if (order !== undefined) number = 0;
        visit(inner, below(path, name));
      }
      if (order !== undefined) number = 0;
      return;
    }
    // The slope of an activation belongs to the units that go through it.
    const begins = Object.keys(layer.parameters).length > 0 && layer.kind !== "activation";
    if (begins) number = ++count;
    found.push({ layer, path, number, begins });
  };
  visit(model, "");
  return found;
}

/** A parameter of a model: what it is, and the layer that it belongs to, counted from 1. */
interface Owned {
  readonly name: string;
  readonly spec: ParameterSpec;
  readonly layer: number;
}

/** The parameters of a model with the layers that they belong to. */
export function ownedBy(model: Layer, leaves: readonly Leaf[]): Owned[] {
  const owners = new Map(
    leaves.flatMap((leaf) =>
      Object.keys(leaf.layer.parameters).map((own) => [below(leaf.path, own), leaf] as const),
    ),
  );
  return Object.entries(model.parameters).map(([name, spec]) => {
    const { number = 1 } = owners.get(name) ?? {};
    return { name, spec, layer: Math.max(1, number) };
  });
}

/** Notes each layer's output as a stage, and what it names on the way, as the layers are applied. */
export function observer(leaves: readonly Leaf[], input: Tensor) {
  const byPath = new Map(leaves.map((leaf) => [leaf.path, leaf]));
  const stages: Stage[] = [];
  const known = new Set([input]);
  const called = new Set<string>();
  const inner = new Set<string>();
  /** Layers whose units have gone through an activation already. */
  const activated = new Set<number>();
  /** The net of the layer that is being gone through, as long as what follows keeps its units. */
  let net: Tensor | undefined;
  const count = new Map<string, number>();
  /** A second norm in a layer is another quantity than the first. */
  const named = (layer: number, name: string): string => {
    const n = (count.get(`${layer} ${name}`) ?? 0) + 1;
    count.set(`${layer} ${name}`, n);
    return n === 1 ? name : `${name}.${n}`;
  };
  const observe = (path: string, tensor: Tensor): void => {
    const leaf = byPath.get(path);
    // What a layer makes when it is called again has no name of its own: its formula is written out.
    if (!leaf || called.has(path)) return;
    called.add(path);
    const { number, layer, begins } = leaf;
    const activates = layer.kind === "activation" && number > 0 && !activated.has(number);
    if (activates) activated.add(number);
    if (known.has(tensor)) return;
    known.add(tensor);
    const role = begins ? (isNet(layer.kind) ? "net" : "whole") : activates ? "out" : "other";
    if (begins) net = role === "net" ? tensor : undefined;
    else if (!net || !keepsUnits(layer.kind) || !sameShape(net.shape, tensor.shape))
      net = undefined;
    const axis = layer.outputAxis;
    const units = net !== undefined;
    const name = role === "other" || role === "whole" ? named(number, layer.name) : layer.name;
    stages.push({ tensor, layer: number, role, units, axis, name, path });
  };
  const observeInner = (path: string, name: string, tensor: Tensor, step?: number): void => {
    let own = path;
    while (own !== "" && !byPath.has(own)) own = own.slice(0, Math.max(0, own.lastIndexOf(".")));
    const leaf = byPath.get(own);
    if (!leaf || called.has(own) || known.has(tensor)) return;
    // What is inside of a part of a layer has that part's name before its own.
    const whole = own === path ? name : below(path.slice(own === "" ? 0 : own.length + 1), name);
    const { number } = leaf;
    // Two that would be called the same go without a name.
    const key = `${number} ${whole} ${step ?? ""}`;
    if (inner.has(key)) return;
    inner.add(key);
    known.add(tensor);
    const common = { role: "inner", units: false, axis: -1 } as const;
    const when = step === undefined ? {} : { step };
    stages.push({ tensor, layer: number, ...common, name: whole, path: own, ...when });
  };
  const observeStep = (path: string, name: string, step: number, tensor: Tensor): void =>
    observeInner(path, name, tensor, step);
  return { stages, observe, observeInner, observeStep };
}

/** A function of one's own is an activation as well, and may make another shape. */
const keepsUnits = (kind: LayerKind): boolean => kind === "activation" || kind === "noise";
const isNet = (kind: LayerKind): boolean => kind === "dense" || kind === "convolution";
