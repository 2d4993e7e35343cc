/** Patterns of parameters' names. */

/** Whether a name is meant: "*" stands for anything. */
export function namesFit(names: string | RegExp | undefined, name: string): boolean {
  if (names === undefined) return true;
  // search, unlike test, does not go on from where it was.
  if (typeof names !== "string") return name.search(names) >= 0;
  const parts = names.split("*").map((part) => part.replace(/[\\^$.|?+()[\]{}]/g, "\\$&"));
  return new RegExp(`^${parts.join(".*")}$`, "s").test(name);
}
