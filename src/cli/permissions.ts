/** What an engine that asks for permissions was started with, and what each is for. */
import { parse } from "node:path";
import { execPath } from "node:process";
import { engine } from "../core/engine.ts";

interface Permission {
  /** What gives it, on the engine's command line. */
  readonly flag: string;
  readonly purpose: string;
  /** Whether it is given for everything; for certain places or programs it may be all the same. */
  readonly given: boolean;
}

const denoPurposes = {
  read: "read files",
  write: "save checkpoints and documents",
  net: "serve the studio",
  run: "open the browser for the studio; time training (bench)",
  env: "honour NO_COLOR and the like",
  sys: "name the processor",
} as const;

const nodePurposes = {
  "fs.read": ["--allow-fs-read", "read files"],
  "fs.write": ["--allow-fs-write", "save checkpoints and documents"],
  worker: ["--allow-worker", "train with several threads"],
  child: ["--allow-child-process", "open the browser for the studio; time training (bench)"],
} as const;

interface Asked {
  readonly Deno?: {
    readonly permissions: {
      querySync(about: { name: string }): { readonly state: string; readonly partial?: boolean };
    };
  };
  readonly process?: { readonly permission?: { has(scope: string, place?: string): boolean } };
}

/** Every permission that chainrule has a use for; none where the engine asks for none. */
export function permissions(asked: Asked = globalThis as Asked): readonly Permission[] {
  const { Deno, process } = asked;
  if (engine().name === "Deno" && Deno) {
    return Object.entries(denoPurposes).map(([name, purpose]) => {
      const { state, partial = false } = Deno.permissions.querySync({ name });
      return { flag: `--allow-${name}`, purpose, given: state === "granted" && !partial };
    });
  }
  const permission = process?.permission;
  // Without a place Node 20 says yes where one folder may be read.
  const { root } = parse(execPath);
  if (permission === undefined) return [];
  return Object.entries(nodePurposes).map(([scope, [flag, purpose]]) => ({
    flag,
    purpose,
    given: permission.has(scope, scope.startsWith("fs.") ? root : undefined),
  }));
}
