/**
 * One library in one process: a JSON request a line on standard input, a reply a line ("@" and
 * JSON) on standard output. Any program that answers the same requests can be a peer:
 *
 *   {"cmd":"info"}                          → {"ok":true,"info":{"name":…}}
 *   {"cmd":"init","id":"W2"}                → {"ok":true,"losses":[…],"checksum":…,"stepSec":…}
 *   {"cmd":"run","id":"W2","steps":9,"warm":3} → {"ok":true,"sec":…,"loss":…}
 *
 * chainrule itself is also asked for {"cmd":"fit","id":"W2","steps":9} → {"ok":true,"stepSec":…}.
 */
import { createInterface } from "node:readline";
import { engineName } from "../../core/engine.ts";
import { type MachineFacts, type MachineOptions, machineFor } from "./machine.ts";
import { type WorkloadName, workload, workloadNames } from "./workloads.ts";

/** The losses of so many steps are held against f64. */
export const checkedSteps = 21;

interface Request {
  readonly cmd: "info" | "init" | "run" | "fit";
  readonly id?: string;
  readonly steps?: number;
  readonly warm?: number;
  /** Seconds after which `init` may stop. */
  readonly budget?: number;
}

export interface Peer {
  readonly name: string;
  readonly open: (id: WorkloadName) => {
    machine: Omit<MachineFacts, "close" | "fit"> & Partial<Pick<MachineFacts, "fit">>;
    checksum: number;
  };
}

export const chainrulePeer = (options: MachineOptions): Peer => ({
  name: "chainrule",
  open(id) {
    const w = workload(id);
    return { machine: machineFor(w, options), checksum: w.checksum };
  },
});

export async function serve(peer: Peer): Promise<void> {
  const open = new Map<WorkloadName, ReturnType<Peer["open"]>>();
  const answer = async ({ cmd, id, steps = 1, warm = 3, budget = 1e9 }: Request) => {
    if (cmd === "info") return { info: { name: peer.name, engine: engineName() } };
    const name = workloadNames.find((known) => known === id);
    if (name === undefined) throw new Error(`not implemented: ${id}`);
    const opened = open.get(name) ?? peer.open(name);
    open.set(name, opened);
    const { machine, checksum } = opened;
    if (cmd === "fit") {
      if (machine.fit === undefined) throw new Error("not implemented: fit");
      return { stepSec: await machine.fit(steps) };
    }
    machine.reset();
    if (cmd === "init") {
      const losses: number[] = [];
      const began = performance.now();
      let last = 0;
      while (losses.length < checkedSteps) {
        if (losses.length >= 3 && performance.now() - began > 1000 * budget) break;
        const t = performance.now();
        losses.push(machine.run(1));
        last = performance.now() - t;
      }
      return { losses, checksum, stepSec: last / 1000, compileMs: machine.compileTime };
    }
    if (warm > 0) machine.run(warm);
    const began = performance.now();
    const loss = machine.run(steps);
    return { sec: (performance.now() - began) / 1000, loss };
  };
  for await (const line of createInterface({ input: process.stdin })) {
    let reply: object;
    try {
      reply = { ok: true, ...(await answer(JSON.parse(line) as Request)) };
    } catch (error) {
      reply = { ok: false, error: error instanceof Error ? error.message : String(error) };
    }
    process.stdout.write(`@${JSON.stringify(reply)}\n`);
  }
}
