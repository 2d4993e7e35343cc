/** The compiler: a graph in, a program of kernels over one arena out. */
import { at } from "../core/at.ts";
import type { Graph } from "../core/graph.ts";
import { printGraph } from "../core/print.ts";
import type { Tensor } from "../core/tensor.ts";
import { building } from "../core/tracing.ts";
import { verifyGraph } from "../core/verify.ts";
import { simplifyGraph } from "./1-simplify.ts";
import { fuse, printGroups } from "./2-fuse.ts";
import { type Scheduled, type StatePairs, schedule } from "./3-schedule.ts";
import { planMemory } from "./4-plan-memory.ts";
import { coalesceSummed } from "./coalesce.ts";
import { kindsOfNodes } from "./kinds.ts";
import { type Kernel, type Origin, type Program, printKernels, printProgram } from "./program.ts";
import { firstSize, opened, openRows } from "./rows.ts";
import { verifyProgram } from "./verify-program.ts";

interface CompileOptions {
  /** Outputs that become inputs of the next run, written in place where that is possible. */
  readonly state?: StatePairs;
  /** Inputs, by number, that have their places elsewhere: behind the arena of their own. */
  readonly outside?: readonly number[];
  /** Receives each pass's result as text. */
  readonly trace?: (pass: string, text: string) => void;
  /** Checks the graph between passes, too; the program is always checked. */
  readonly verify?: boolean;
}

/** Which kernel does what of the graph. */
function originOf(
  known: Pick<Origin, "graph" | "rows" | "outputs" | "kinds">,
  scheduled: Scheduled,
  kernels: readonly Kernel[],
): Origin {
  const { reduces, constants } = scheduled;
  const byNode = new Map<Tensor, Kernel>();
  for (const [i, kernel] of scheduled.kernels.entries()) {
    // The other's axes stand behind its own: they are not those that a run may shorten.
    const [first] = reduces.get(kernel) ?? [];
    if (first) byNode.set(first, at(kernels, i));
  }
  return { ...known, kernels: byNode, constants };
}

export function compileProgram(graph: Graph, options: CompileOptions = {}): Program {
  const { state = [], outside = [], trace, verify } = options;
  const inputs = new Set(graph.inputs);
  trace?.("the graph", printGraph(graph.outputs));
  const kinds = kindsOfNodes();
  const outputs = building(() => simplifyGraph(graph.outputs, inputs, kinds));
  if (verify) verifyGraph(outputs);
  trace?.("1. simplified", printGraph(outputs));
  const rows = openRows(graph.rows);
  const groups = fuse(outputs, inputs, kinds, rows);
  trace?.("2. fused", printGroups(groups));
  const scheduled = schedule(groups, graph, outputs, { state, outside, compile: compileProgram });
  trace?.("3. scheduled", printKernels(scheduled.kernels));
  const kernels = scheduled.kernels.map((kernel) => {
    const made = coalesceSummed(kernel);
    return rows === undefined ? made : opened(made, firstSize(kernel), rows);
  });
  const planned = planMemory({ ...scheduled, kernels });
  const origin = rows === undefined ? undefined : { graph, rows, outputs, kinds };
  const program = origin ? { ...planned, origin: originOf(origin, scheduled, kernels) } : planned;
  verifyProgram(program);
  trace?.("4. memory planned", printProgram(program));
  return program;
}
