/** Whether MPI can be called here, which no launcher is needed for. */
import { ChainruleError } from "../core/errors.ts";
import { Calls } from "./node-calls.ts";
import { launchOf } from "./node-launch.ts";
import { loadMpi } from "./node-library.ts";

/** What the library calls itself, or why there is none, as a sentence without its full stop. */
export function mpiHere(): { readonly library: string } | { readonly why: string } {
  try {
    const library = loadMpi(process.env.CHAINRULE_MPI || undefined, launchOf(process.env));
    return { library: `${new Calls(library).version} (${library.name})` };
  } catch (error) {
    // Permissions may refuse the environment, too.
    const [message = ""] = String((error as Error)?.message ?? error).split("\n", 1);
    const kind = error instanceof ChainruleError ? "" : "It fails: ";
    return { why: kind + message.replace(/\.$/, "") };
  }
}
