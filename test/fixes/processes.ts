/** Advice about many processes, followed: where there is MPI with it, elsewhere with a stand-in. */
import { processesFor } from "../../src/cli/processes.ts";
import {
  batchNorm1d,
  type Loss,
  layerNorm,
  linear,
  meanSquaredError,
  penalized,
  sequential,
  sgd,
  stream,
  trainer,
} from "../../src/index.ts";
import { mpi } from "../../src/mpi/index.ts";
import type { Calls } from "../../src/parallel/node-calls.ts";
import { checkConnection } from "../../src/parallel/node-launch.ts";
import { loadMpi } from "../../src/parallel/node-library.ts";
import { Waiting } from "../../src/parallel/node-waiting.ts";
import { launch, launchers, programs } from "../mpi/launch.ts";
import { besideOther, alone as only } from "../support/processes.ts";
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
  import { mpi } from "./src/mpi/index.ts";
  console.log((await mpi()).size);
`;

const data = { inputs: [[1], [2], [4], [7]], targets: [[2], [5], [7], [9]] };
const sumSquaredError: Loss = (y, t) => meanSquaredError(y, t, { reduction: "sum" });
const root: Loss = (y, t) => meanSquaredError(y, t).sqrt();
type Options = Parameters<typeof trainer>[1];
const trains = (model: Parameters<typeof trainer>[0], more: Partial<Options> = {}) =>
  trainer(model, {
    loss: meanSquaredError,
    optimizer: sgd({ learningRate: 0.01 }),
    parallel: only(),
    ...more,
  }).fit(data);
const streams = (more: Partial<Options>) => {
  const t = trainer(linear(1, 1), { loss: meanSquaredError, optimizer: sgd(), ...more });
  return t.fit(stream(() => [data]));
};
/** Without processes. */
const single = { parallel: undefined } as unknown as Partial<Options>;
const normed = () => sequential(linear(1, 2), batchNorm1d(2), linear(2, 1));
const small = () => penalized(linear(1, 1), { l2: 0.1 });

export const processes: readonly Row[] = [
  [
    "Leave --shard out, or train by mpirun -n 4 … --mpi --shard.",
    () => processesFor({ shard: true }),
    () => processesFor({}),
  ],
  [
    "Leave --report out, or --shard.",
    () => processesFor({ mpi: true, shard: true, report: "r.html" }),
    () => processesFor({ shard: undefined, report: "r.html" }),
  ],
  [
    "Leave shard out, or train in several processes: { parallel: await mpi(), shard: true }.",
    () => trains(linear(1, 1), { ...single, shard: true }),
    () => trains(linear(1, 1), single),
    () => trains(linear(1, 1), { shard: true }),
  ],
  [
    "Leave --… out, or --mpi.",
    () => processesFor({ mpi: true, threads: 2 }),
    () => processesFor({ threads: 2 }),
    // Alone it is what it says, but nobody has started several processes here.
    async () => {
      const error = await processesFor({ mpi: true }).catch((reason) => reason);
      if (error.code !== "unsupported") throw error;
    },
  ],
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
    "Install it beside chainrule, or again: npm install koffi.",
    () => loadMpi(undefined, undefined, "The package koffi, which calls C, is not installed"),
    () => launchers.map(({ name: library }) => loadMpi(undefined, { size: 1, rank: 0, library })),
  ],
  [
    "Leave npx out: mpirun -n 4 node_modules/.bin/chainrule train FILE --mpi.",
    () => checkConnection({ PMI_FD: "1048575" }),
    // A program that the launcher itself has started, which finds its connection.
    async () => {
      for (const launcher of launchers) {
        const { stdout } = await launch(launcher, 2, [program("alone", alone)]);
        if (stdout !== "2\n".repeat(2)) throw new Error(stdout);
      }
    },
    () => checkConnection({}),
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
  [
    "Use layerNorm or groupNorm in the place of batch normalization, or train in one process.",
    () => trains(normed()),
    () => trains(sequential(linear(1, 2), layerNorm(2), linear(2, 1))),
    () => trains(normed(), single),
  ],
  [
    "Use the optimizer's weightDecay in the place of penalties, or train in one process.",
    () => trains(small(), { loss: sumSquaredError }),
    () => trains(linear(1, 1), { loss: sumSquaredError, optimizer: sgd({ weightDecay: 0.2 }) }),
    () => trains(small(), { loss: sumSquaredError, ...single }),
  ],
  [
    "Use layers and a loss (a mean, a weighted mean, a sum) in which examples do not meet, or train in one process.",
    () => trains(linear(1, 1), { loss: root }),
    () => trains(linear(1, 1)),
    () => trains(linear(1, 1), { loss: root, ...single }),
  ],
  [
    "Give every process the same program, file and data, and the same kind of machine.",
    () => trains(linear(1, 1), { parallel: besideOther((own) => own + 1) }),
    () => trains(linear(1, 1), { parallel: besideOther((own) => own) }),
  ],
  [
    "Read the data first, or train on the stream in one process.",
    () => streams({ parallel: only() }),
    () => trains(linear(1, 1)),
    () => streams(single),
  ],
];
