/** koffi, which calls C: a package that is asked for, and not installed along. */
import { createRequire } from "node:module";
import { join } from "node:path";

/** A function of a library. */
export type NativeFunction = (...args: unknown[]) => number;

/** What is used of koffi. */
export interface Koffi {
  load(
    path: string | null,
    options?: { readonly global?: boolean },
  ): {
    func(prototype: string): NativeFunction;
    /** The address of what has this name. */
    symbol(name: string): bigint;
  };
  address(data: ArrayBuffer): bigint;
}

/** As it stands beside this library, or else where the program was started; or why there is none. */
export function findKoffi(): Koffi | string {
  let why = "";
  for (const from of [import.meta.url, join(process.cwd(), "package.json")]) {
    try {
      return createRequire(from)("koffi") as Koffi;
    } catch (error) {
      const { code, message } = error as { code?: string; message?: string };
      if (code !== "MODULE_NOT_FOUND") why = String(message ?? error).split("\n")[0] ?? "";
    }
  }
  return why === ""
    ? "The package koffi, which calls C, is not installed (npm install koffi)"
    : `The package koffi, which calls C, does not load: ${why}`;
}
