/** chainrule bench --from-file NETWORK: what a step of somebody's own network takes. */

import type { BackendName } from "../../backends/registry.ts";
import { compileProgram } from "../../compile/index.ts";
import { arraysOf } from "../../core/array-tensor.ts";
import { engineName } from "../../core/engine.ts";
import { prepareNetwork } from "../../network-file/index.ts";
import { statePairs } from "../../step/ports.ts";
import { exit } from "../failure.ts";
import { readNetwork } from "../files.ts";
import { bytes, plural } from "../numbers.ts";
import { cores, processor } from "../processor.ts";
import { besides } from "../run-place.ts";
import { bold, columns, print, printJson } from "../terminal.ts";
import { machineFor, stepOf, type Work } from "./machine.ts";
import { type StepTimes, timesOf } from "./race.ts";
import { leastToMost, time } from "./times.ts";

interface FileOptions {
  readonly repetitions: number;
  /** How long one turn is to take. */
  readonly seconds: number;
  readonly threads?: number | undefined;
  readonly backend?: BackendName | undefined;
  readonly json?: boolean | undefined;
}

/** Training alone, without validation and early stopping: the compiled program, and `fit`. */
export async function benchFile(file: string, options: FileOptions): Promise<number> {
  const { threads, backend, seconds } = options;
  const network = await readNetwork(file);
  const { trainer, data } = await prepareNetwork(network, besides(file), {});
  const { size } = data.train;
  const [inputs, targets] = [arraysOf(data.train.inputs), arraysOf(data.train.targets)];
  const batchSize = Math.min(network.training.batchSize, size);
  const { model, loss, optimizer, update } = trainer;
  const dtype = trainer.dtype === "f64" ? "f64" : "f32";
  const work: Work = { model, loss, optimizer, dtype, update, batchSize, inputs, targets };
  const { temporary, peak } = memoryOf(work);
  const machine = machineFor(work, { threads, backend });
  const alone = (steps: number): number => {
    const began = performance.now();
    machine.run(steps);
    return (performance.now() - began) / 1000 / steps;
  };
  // A first step to begin with, then some to find out how many fill a turn.
  alone(1);
  const trial = Math.max(1, Math.min(2000, Math.round(seconds / alone(1))));
  const steps = Math.max(1, Math.round(seconds / alone(trial)));
  const [program, fits]: [number[], number[]] = [[], []];
  for (let turn = 0; turn < options.repetitions; turn++) {
    machine.reset();
    program.push(alone(steps) * 1e6);
    fits.push((await machine.fit(steps)) * 1e6);
  }
  machine.close();
  const unit = timesOf(program, 1).median;
  const found = {
    ...{ file, name: network.name, examples: size, batchSize },
    program: timesOf(program, unit),
    fit: timesOf(fits, unit),
    compileMs: machine.compileTime,
    ...{ temporaryBytes: temporary, liveBytes: peak },
  };
  const place = { cpu: processor(), cores: cores(), engine: engineName() };
  if (options.json) {
    printJson({ machine: place, ...found });
    return exit.ok;
  }
  print(`${place.cpu}, ${place.cores} cores, ${place.engine}`);
  print();
  print(bold(network.name ?? file));
  const row = (what: string, times: StepTimes) => [
    ...[what, time(times.median), leastToMost(times), `${times.ratio.toFixed(2)} ×`],
  ];
  const head = ["", "per step", "least … most", "ratio"];
  const lines = [head, row("the program alone", found.program), row("by fit", found.fit)];
  for (const line of columns(lines, "<>>>")) print(line);
  print();
  const each = Math.ceil(size / batchSize);
  print(`${plural(size, "example")} in batches of ${batchSize}: ${plural(each, "step")} an epoch`);
  print(
    `${time(1000 * found.compileMs)} to trace and compile, ` +
      `${bytes(temporary)} for temporaries (least possible ${bytes(peak)})`,
  );
  return exit.ok;
}

function memoryOf(work: Work) {
  const step = stepOf(work);
  return compileProgram(step, { state: statePairs(step) }).memory;
}
