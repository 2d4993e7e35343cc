/**
 * Where the compiler is: it is a third of the library, and not every program needs it. What compiles
 * for sure (`compile`, the trainer) loads wasm/install.ts; Node's files load it when it is asked for;
 * a page that only reads tensors has it fetched by the first large one that is awaited.
 */
type Compiler = typeof import("./wasm/parts.ts");

let here: Compiler | undefined;
let demand: (() => Compiler) | undefined;

export function installCompiler(compiler: Compiler): void {
  here = compiler;
}

/** What loads it at once, where files can be loaded so. */
export function loadWhenAsked(load: () => Compiler): void {
  demand = load;
}

/** The compiler, if this program has it by now. */
export const compilerHere = (): Compiler | undefined => (here ??= demand?.());

/** Whether it is not here, and cannot be had at once. */
export const isAway = (): boolean => here === undefined && demand === undefined;

/** The compiler where it may have to come first; undefined if it cannot be fetched. */
export async function fetchCompiler(): Promise<Compiler | undefined> {
  if (isAway()) {
    const fetched = await import("./wasm/fetched.ts").catch(() => undefined);
    here ??= fetched?.compiler;
  }
  return compilerHere();
}

/** The backend that compiles C: Node's files have it, and it needs what not every machine has. */
type Native = typeof import("./c/index.ts");

let native: Native | undefined;
let nativeDemand: (() => Native) | undefined;

export function installNative(parts: Native): void {
  native = parts;
}

/** What loads it at once, where files can be loaded so. */
export function loadNativeWhenAsked(load: () => Native): void {
  nativeDemand = load;
}

/** The backend that compiles C, if this program has it. */
export const nativeHere = (): Native | undefined => (native ??= nativeDemand?.());
