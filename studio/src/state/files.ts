/** What files that were dropped on the page are to each other. */
import type { Source, TableFile } from "../protocol.ts";

const isNetwork = ({ name }: TableFile): boolean => /\.(ya?ml|json)$/i.test(name);

/** A network file with the tables beside it; or a table alone, over which there is no network yet. */
export function sorted(files: readonly TableFile[]): Source | TableFile | undefined {
  const network = files.find(isNetwork);
  const tables = files.filter((f) => !isNetwork(f));
  if (!network) return tables[0];
  const given = Object.fromEntries(tables.map(({ name, text }) => [name, text]));
  return { text: network.text, files: underTheirPaths(network.text, given) };
}

/** A file may name a table in another folder: its own name decides. */
function underTheirPaths(text: string, given: Readonly<Record<string, string>>) {
  const found: Record<string, string> = { ...given };
  for (const [name, content] of Object.entries(given)) {
    const path = text.match(new RegExp(`[\\w./-]*/${name.replace(/[^\w]/g, "\\$&")}`))?.[0];
    if (path) found[path] = content;
  }
  return found;
}

const modelEndings = /\.(safetensors|pt|pth|npz|onnx|keras|h5|hdf5)$/i;
export const isModelName = (name: string): boolean => modelEndings.test(name);
const described =
  /"(?:modelTopology|weightsManifest|weight_map)"\s*:|^\s*\{\s*"(?:sklearn"\s*:|sizes"\s*:|type"\s*:\s*"NeuralNetwork)/;

/** Whether some of the files are another library's, by their names and their first bytes. */
export async function areModels(files: readonly File[]): Promise<boolean> {
  for (const file of files) {
    if (isModelName(file.name)) return true;
    const head = new Uint8Array(await file.slice(0, 4096).arrayBuffer());
    // No text has such a byte: what it is, the readers know best.
    if (head.includes(0)) return true;
    if (/\.json$/i.test(file.name) && described.test(new TextDecoder().decode(head))) return true;
  }
  return false;
}
