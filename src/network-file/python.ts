/** Calls as a PyTorch script writes them. */

/** Values as Python writes them. */
export const python = (value: unknown): string =>
  Array.isArray(value)
    ? `(${value.map(python).join(", ")}${value.length === 1 ? "," : ""})`
    : typeof value === "boolean"
      ? value
        ? "True"
        : "False"
      : typeof value === "string"
        ? `"${value}"`
        : value === null
          ? "None"
          : String(value);
/** Keyword arguments of those options that are not as usual. */
export const keywords = (
  options: Readonly<Record<string, unknown>>,
  names: Readonly<Record<string, readonly [ours: string, usual: unknown]>>,
): string =>
  Object.entries(names)
    .flatMap(([theirs, [ours, usual]]) => {
      const value = options[ours];
      return value === undefined || value === usual ? [] : [`, ${theirs}=${python(value)}`];
    })
    .join("");
