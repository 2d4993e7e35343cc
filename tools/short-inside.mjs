import { transform } from "esbuild";

/** Whether it stays shows whether names at the top do: those of a module are not seen from outside. */
const sign = "keptAtTheTop";

/**
 * A built file with short names inside of functions. What stands at the top keeps its name: it is seen
 * in stacks. So a body that can only be a module's, which has `import.meta` or waits, stays as it is.
 */
export async function shortInside(text, settings) {
  const parts = /^((?:#!.*\n)?(?:import[^;(]*;\s*)*)([\s\S]*?)(export\s*\{[^{}]*\};\s*)?$/;
  const [, imports, body, exports = ""] = parts.exec(text);
  const short = { ...settings, minifyIdentifiers: true, minifyWhitespace: true };
  const { code } = await transform(`${body}\nvar ${sign};`, short);
  const end = code.lastIndexOf(`var ${sign};`);
  return end < 0 ? text : imports + code.slice(0, end) + exports;
}
