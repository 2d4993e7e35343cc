/** Advice about many processes, followed: where there is MPI with it, elsewhere with a stand-in. */
import { mpi } from "../../src/parallel/index.ts";
import type { Calls } from "../../src/parallel/node-calls.ts";
import { loadMpi } from "../../src/parallel/node-library.ts";
import { Waiting } from "../../src/parallel/node-waiting.ts";
import { launch, launchers, programs } from "../mpi/launch.ts";
import type { Row } from "./row.ts";

/** Two processes, this one and another, which says that it is there or does not. */
function waiting({ answers = false, pid = process.pid, limit = 30 }) {
  const calls = {
    makeWay() {},
    sendSign() {},
    receiveSign() {},
    arrived: (_: number, tag: number) => answers && tag === 72,
  };
  const made = new Waiting(calls as unknown as Calls, limit);
  made.know([{ rank: 1, pid }]);
  return made;
}

/** Done after so many ms. */
function after(ms: number): () => boolean {
  const end = performance.now() + ms;
  return () => performance.now() > end;
}

const never = () => false;
const program = programs();
const alone = `
  import { mpi } from "./src/parallel/index.ts";
  console.log((await mpi()).size);
`;

export const processes: readonly Row[] = [
  [
    "Start it with mpirun -n 4 node program.js, or mpirun -n 4 npx chainrule train FILE --mpi.",
    () => mpi(),
    async () => {
      for (const launcher of launchers) {
        const { stdout } = await launch(launcher, 4, [program("alone", alone)]);
        if (stdout !== "4\n".repeat(4)) throw new Error(stdout);
      }
    },
  ],
  [
    "Install Open MPI or MPICH (Debian: apt-get install openmpi-bin; macOS: brew install open-mpi), or name the library: CHAINRULE_MPI=/path/to/libmpi.so.40.",
    () => loadMpi("/nowhere/libmpi.so", undefined),
    () => launchers.map(({ name: library }) => loadMpi(undefined, { size: 1, rank: 0, library })),
  ],
  [
    "Look at what that process does; mpi({ timeout }) has the seconds to wait.",
    () => waiting({}).until(never),
    () => waiting({ limit: 5000 }).until(after(400)),
  ],
  [
    "Let every process call fit and step in the same order, with the same data.",
    () => waiting({ answers: true }).until(never),
    () => waiting({ answers: true }).until(after(1)),
  ],
  [
    "See what the named process has printed; train on from the last checkpoint with --resume.",
    // No system gives so large a number to a process.
    () => waiting({ pid: 2 ** 30 }).until(never),
    () => waiting({}).until(after(1)),
  ],
];
