/**
 * What runs a graph, kept by the graph's structure: the next derivation of a network of this form
 * makes the same graphs from other tensors, and what was made for them serves again.
 */
import type { SynchronousBackend } from "../../backends/backend.ts";
import { type Interpreted, interpreter } from "../../backends/interpreter/index.ts";
import { type Signature, sameSignature, signatureOf } from "../../backends/structure.ts";
import { at, entry } from "../../core/at.ts";
import { withSite } from "../../core/call-site.ts";
import { elementCount } from "../../core/cost.ts";
import type { TypedArray } from "../../core/dtype.ts";
import { type Graph, nodesOf } from "../../core/graph.ts";
import { Tensor } from "../../core/tensor.ts";
import { building } from "../../core/tracing.ts";
import { isGiven, nowhere, valueOf } from "../../core/values.ts";
import { input } from "../../ops/leaf.ts";

/** A graph to run; the interpreter alone says what each node is. */
type Planned = Pick<Interpreted, "run">;

interface Plan {
  readonly machine: SynchronousBackend;
  readonly signature: Signature;
  /** What is written in a program's text: constants of one number. */
  readonly numbers: readonly number[];
  readonly executable: Interpreted;
  /** The places of its nodes in the order of any graph of this structure. */
  readonly places: ReadonlyMap<Tensor, number>;
  /** Bytes that it holds, about. */
  readonly bytes: number;
}

/** The latest ones, by the hash of their structure. */
const plans = new Map<number, Plan>();
const mostPlans = 256;
const mostBytes = 2 ** 25;
/** To interpret a graph of larger arrays takes long beside making what interprets it. */
const mostInterpreted = 2 ** 20;

/**
 * The graph as something to run, with the arrays of its inputs. What a run gives stands in memory
 * that the next run of a graph of this structure uses: copy it, or be done with it.
 */
export function planned(machine: SynchronousBackend, graph: Graph): Planned {
  const nodes = nodesOf([...graph.inputs, ...graph.outputs]);
  // What a user's operator is made of may be another thing the next time.
  if (nodes.some((n) => n.op.isOpaque)) return machine.compile(graph);
  const interprets = machine === interpreter;
  if (interprets && bytesOf(nodes) > mostInterpreted) return machine.compile(graph);
  const signature = signatureOf(nodes, [...graph.inputs, ...graph.outputs]);
  const constants = nodes.filter(isGiven);
  const numbers = constants.flatMap((n) => (n.size === 1 ? [Number(valueOf(n)[0])] : []));
  const arrays = constants.filter((n) => n.size !== 1).map(valueOf);
  const isSame = (p: Plan) =>
    p.machine === machine &&
    sameSignature(p.signature, signature) &&
    p.numbers.every((v, i) => Object.is(v, numbers[i]));
  const { hash } = signature;
  const found = plans.get(hash);
  const known = found && isSame(found) ? found : undefined;
  const plan = known ?? { machine, signature, numbers, ...made(machine, graph, nodes) };
  plans.delete(hash);
  plans.set(hash, plan);
  tidy();
  const { executable, places } = plan;
  return {
    run(values, observe) {
      const seen =
        observe &&
        ((copy: Tensor, value: TypedArray) => observe(at(nodes, entry(places, copy)), value));
      try {
        return executable.run([...values, ...arrays], seen);
      } catch {
        // Its own nodes know the lines that an error is to name.
        return interpreter.compile(graph).run(values, observe);
      }
    },
  };
}

/** It is made from copies, which hold no values and no lines of a program. */
function made(machine: SynchronousBackend, graph: Graph, nodes: readonly Tensor[]) {
  const copies = new Map<Tensor, Tensor>();
  const arrays: Tensor[] = [];
  const bound = new Set(graph.inputs);
  const copy = () => {
    for (const n of nodes) {
      const isArray = !bound.has(n) && isGiven(n) && n.size !== 1;
      if (bound.has(n) || isArray) {
        const place = input(String(n.attributes.name ?? ""), n.shape, n.dtype);
        if (isArray) arrays.push(place);
        copies.set(n, place);
      } else {
        const own = n.inputs.map((x) => entry(copies, x));
        copies.set(n, new Tensor(n.op, own, n.attributes, nowhere, n));
      }
    }
  };
  building(() => withSite(nowhere, copy));
  const copied = (n: Tensor) => entry(copies, n);
  const inputs = [...graph.inputs.map(copied), ...arrays];
  const executable = machine.compile({ inputs, outputs: graph.outputs.map(copied) });
  return {
    executable,
    places: new Map(nodes.map((n, i) => [copied(n), i])),
    bytes: executable.bytes ?? bytesOf(nodes),
  };
}

/** What interpreting a graph holds, about. */
const bytesOf = (nodes: readonly Tensor[]): number => 8 * elementCount(nodes) + 2048 * nodes.length;

/** Lets go of what was not used for longest. */
function tidy(): void {
  let bytes = 0;
  for (const plan of plans.values()) bytes += plan.bytes;
  for (const [hash, plan] of plans) {
    if (plans.size === 1 || (plans.size <= mostPlans && bytes <= mostBytes)) return;
    bytes -= plan.bytes;
    plans.delete(hash);
  }
}
