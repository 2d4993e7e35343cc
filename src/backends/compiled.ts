/** compile: a function of tensors as one program, for loops that the trainer does not have. */

import { orReadOutside } from "../autodiff/read-outside.ts";
import { byPath, leaves, rebuild, sameForm, type Tree } from "../autodiff/tree.ts";
import { at } from "../core/at.ts";
import type { ByName } from "../core/by-name.ts";
import { fail } from "../core/errors.ts";
import { isPlaceholder, nodesOf } from "../core/graph.ts";
import { checkNames } from "../core/options.ts";
import { readValues, readValuesLater } from "../core/runtime.ts";
import type { Tensor } from "../core/tensor.ts";
import { isBuilding, traced } from "../core/tracing.ts";
import { isGiven } from "../core/values.ts";
import { shown } from "../core/wording.ts";
import { input } from "../ops/leaf.ts";
import { laterTensor, programOf, type QueuedProgram } from "./asynchronous.ts";
import type { Backend } from "./backend.ts";
import { countCompile } from "./compiles.ts";
import { type BackendName, chooseBackend } from "./registry.ts";
import { StayingProgram } from "./staying.ts";
import "./wasm/install.ts";

/** What runs a compiled function. */
export interface CompileOptions {
  /** What runs it. Default "auto": WebAssembly, where the engine has it. */
  readonly backend?: BackendName | Backend;
  /** The same bits on every machine, for a little speed. Default false. */
  readonly deterministic?: boolean;
}

/** The program for arguments of one form. */
interface Program {
  /** The arguments that it was made for: placeholders in their places. */
  readonly args: Tree;
  readonly program: StayingProgram | QueuedProgram;
  readonly outputs: readonly Tensor[];
  /** What the function returned: a tree around the outputs. */
  readonly result: Tree;
}

/**
 * f as a program. The first call with arguments of these shapes and types runs f once, to see which
 * graph it makes, and compiles that; later calls run the program. What comes back holds values
 * and no graph, so that a loop that feeds them back needs no more memory with every turn.
 *
 * On an asynchronous backend the call returns at once, too: its tensors are read with
 * `await t.array()`, and may be passed on before that.
 *
 * f must be a function of its arguments alone: another number that it reads is part of the program,
 * as it was at the first call. It may differentiate (grad, valueAndGrad …), and inside of a function
 * that is being differentiated or compiled the result stands for f itself. Should an error have to
 * name a line of f, f runs again to find it.
 *
 * @throws ChainruleError "unbound-input" where f reads a value instead of returning it.
 */
export function compile<Args extends readonly Tree[], Result extends Tree>(
  f: (...args: Args) => Result,
  options: CompileOptions = {},
): (...args: Args) => Result {
  checkNames("compile", options, ["backend", "deterministic"]);
  if (typeof f !== "function") {
    fail("bad-argument", {
      message: "compile takes a function of tensors.",
      expected: "compile((x) => x.mul(2))",
      found: shown(f),
    });
  }
  /** The newest first. */
  const programs: Program[] = [];
  return (...args) => {
    const given = leaves(args, "A compiled function takes tensors.");
    if (isBuilding() || standsForMore(given)) return f(...args);
    const isFor = (known: Program) => sameForm(known.args, args);
    let known = programs.find(isFor);
    if (!known) {
      const before = () => programs.map((program) => argumentsOf(program.args));
      const what = "A compiled function";
      countCompile(() => ({ what, types: argumentsOf(args), before: before() }));
      programs.unshift((known = programFor(f, args, options)));
    }
    const { program, outputs, result } = known;
    if ("queued" in program) return rebuild(result, runLater(program, given, outputs)) as Result;
    const missing = given.filter((x) => !isGiven(x));
    if (missing.length > 0) readValues(missing);
    return rebuild(result, program.run(given)) as Result;
  };
}

function programFor<Args extends readonly Tree[]>(
  f: (...args: Args) => Tree,
  args: Args,
  { backend = "auto", deterministic = false }: CompileOptions,
): Program {
  const inputs = leaves(args).map((x, i) => input(`argument ${i + 1}`, x.shape, x.dtype));
  const placeholders = rebuild(args, inputs);
  const result = traced(() => orReadOutside("compiled", () => f(...placeholders)));
  const outputs = leaves(result, "A compiled function returns tensors.");
  const made = programOf(chooseBackend(backend, deterministic), { inputs, outputs });
  const program = "queued" in made ? made : new StayingProgram(made, outputs);
  return { args: placeholders, program, outputs, result };
}

/** The tensors of arguments by name: "argument 1", "argument 2.w", "argument 2.layers.0". */
const argumentsOf = (args: Tree): ByName<Tensor> =>
  Object.fromEntries(
    Object.entries(byPath(args)).map(([path, x]) => {
      const [first, ...rest] = path.split("/");
      return [[`argument ${Number(first) + 1}`, ...rest].join("."), x];
    }),
  );

/** What the program will have computed: tensors whose values are promised. */
function runLater(
  program: QueuedProgram,
  given: readonly Tensor[],
  outputs: readonly Tensor[],
): Tensor[] {
  const values = readValuesLater(given).then((data) => program.run(data));
  return outputs.map((y, i) => {
    const own = values.then((all) => at(all, i));
    return laterTensor(own, y.shape, y.dtype);
  });
}

/** Whether tensors depend on a placeholder, and so have no value yet. */
const standsForMore = (tensors: readonly Tensor[]): boolean =>
  tensors.some((x) => x.inputs.length > 0 || isPlaceholder(x)) &&
  nodesOf(tensors).some(isPlaceholder);
