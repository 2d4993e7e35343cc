/** The compiler: a graph in, a program of kernels over one arena out. */
import type { Graph } from "../core/graph.ts";
import { printGraph } from "../core/print.ts";
import { building } from "../core/tracing.ts";
import { verifyGraph } from "../core/verify.ts";
import { simplifyGraph } from "./1-simplify.ts";
import { fuse, printGroups } from "./2-fuse.ts";
import { type StatePairs, schedule } from "./3-schedule.ts";
import { planMemory } from "./4-plan-memory.ts";
import { coalesceSummed } from "./coalesce.ts";
import { kindsOfNodes } from "./kinds.ts";
import { type Program, printKernels, printProgram } from "./program.ts";
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

export function compileProgram(graph: Graph, options: CompileOptions = {}): Program {
  const { state = [], outside = [], trace, verify } = options;
  const inputs = new Set(graph.inputs);
  trace?.("the graph", printGraph(graph.outputs));
  const kinds = kindsOfNodes();
  const outputs = building(() => simplifyGraph(graph.outputs, inputs, kinds));
  if (verify) verifyGraph(outputs);
  trace?.("1. simplified", printGraph(outputs));
  const groups = fuse(outputs, inputs, kinds);
  trace?.("2. fused", printGroups(groups));
  const scheduled = schedule(groups, graph, outputs, { state, outside, compile: compileProgram });
  trace?.("3. scheduled", printKernels(scheduled.kernels));
  const kernels = scheduled.kernels.map(coalesceSummed);
  const program = planMemory({ ...scheduled, kernels });
  verifyProgram(program);
  trace?.("4. memory planned", printProgram(program));
  return program;
}
