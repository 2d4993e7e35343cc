/** Which engine runs the program. Bun and Deno report a version of Node, too: they are asked first. */
interface Engine {
  readonly name: "Node" | "Deno" | "Bun" | "browser";
  /** Its own version; a browser's is not asked for. */
  readonly version: string;
}

interface Traces {
  readonly Deno?: { readonly version?: { readonly deno?: unknown } };
  readonly Bun?: { readonly version?: unknown };
  readonly process?: { readonly versions?: { readonly node?: unknown } };
}

export function engine(traces: Traces = globalThis as Traces): Engine {
  const { Deno, Bun, process } = traces;
  const said = [
    ["Deno", Deno?.version?.deno],
    ["Bun", Bun?.version],
    ["Node", process?.versions?.node],
  ] as const;
  for (const [name, version] of said) if (typeof version === "string") return { name, version };
  return { name: "browser", version: "" };
}

/** "Deno 2.9.6", or "a browser". */
export function engineName(): string {
  const { name, version } = engine();
  return name === "browser" ? "a browser" : `${name} ${version}`;
}
