/** The C backend: one library per program, made by the system's compiler for this processor. */
import { compileProgram } from "../../compile/index.ts";
import { at as element } from "../../core/at.ts";
import type { TypedArray } from "../../core/dtype.ts";
import { ChainruleError, type ErrorCode } from "../../core/errors.ts";
import { type Graph, nodesOf } from "../../core/graph.ts";
import { noteOnce } from "../../core/note.ts";
import type { Executable, SynchronousBackend } from "../backend.ts";
import { compilerHere } from "../compiler.ts";
import { fitting } from "../values.ts";
import { functionIn, loadProgram, type NativeOptions } from "./instance.ts";
import { toolchain } from "./node-library.ts";
import { openNativeSession } from "./session.ts";

export { makeAutomatic } from "./automatic.ts";
export { keptFiles } from "./node-cache.ts";

function compile(graph: Graph, code: NativeOptions): Executable {
  const program = compileProgram(graph);
  const { library, memory, at, throwFault } = loadProgram(program, code);
  const run = functionIn(library, memory, "run");
  const inputs = program.inputs.map(at);
  const outputs = program.outputs.map(at);
  const given = new Set(graph.inputs);
  const needed = new Set(nodesOf(graph.outputs, (n) => given.has(n)));
  const runOnMemory = (): TypedArray[] => {
    if (run() !== 0) throwFault();
    return outputs;
  };
  return {
    bytes: memory.buffer.byteLength,
    run(values) {
      graph.inputs.forEach((node, i) => {
        if (needed.has(node)) element(inputs, i).set(fitting(node, values[i]));
      });
      return runOnMemory();
    },
    memory: { inputs, run: runOnMemory },
  };
}

/** What fails when the machine cannot do it: no program is at fault, and another backend may go on. */
const ofTheMachine: readonly ErrorCode[] = ["backend-failed", "file-unwritable", "unsupported"];

/**
 * Where no library can be made, WebAssembly goes on, with a note, and the backend has its name from
 * then on.
 */
export function makeNativeBackend(code: NativeOptions): SynchronousBackend {
  let instead: SynchronousBackend | undefined;
  const attempt = <T>(work: () => T): T | SynchronousBackend => {
    if (instead) return instead;
    try {
      return work();
    } catch (error) {
      const { deterministic = false } = code;
      const other = compilerHere()?.makeBackend({ deterministic });
      const isOurs = error instanceof ChainruleError && ofTheMachine.includes(error.code);
      if (!isOurs || !other) throw error;
      const [message = ""] = error.message.split("\n", 1);
      const found = error.found === undefined ? "" : ` (${error.found.split("\n", 1)})`;
      noteOnce(`${message.replace(/\.$/, "")}${found}: WebAssembly goes on instead of C.`);
      instead = other;
      return other;
    }
  };
  const isBackend = (x: object): x is SynchronousBackend => "compile" in x;
  const session: NonNullable<SynchronousBackend["session"]> = (step, data, options) => {
    const opened = attempt(() => openNativeSession(step, data, { ...options, code }));
    if (!isBackend(opened)) return opened;
    if (opened.session === undefined) throw new TypeError("WebAssembly has a loop");
    return opened.session(step, data, options);
  };
  return {
    get name() {
      return instead?.name ?? "c";
    },
    compile(graph) {
      const compiled = attempt(() => compile(graph, code));
      return isBackend(compiled) ? compiled.compile(graph) : compiled;
    },
    session,
  };
}

/** Whether it can run here, or the reason why not, as a sentence without its full stop. */
export function canRun(): true | string {
  const tools = toolchain();
  return typeof tools === "string" ? tools : true;
}
