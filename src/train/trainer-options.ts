/** What a trainer is made with. */
import type { Backend } from "../backends/backend.ts";
import type { BackendName } from "../backends/registry.ts";
import type { Loss } from "../nn/losses.ts";
import type { Optimizer } from "../optim/optimizer.ts";
import type { Parallel } from "../parallel/parallel.ts";
import type { UpdateTiming } from "../step/update.ts";

/** How a trainer trains: loss and optimizer, first values, element type, and what runs it. */
export interface TrainerOptions {
  readonly loss: Loss;
  readonly optimizer: Optimizer;
  /** Decides initial values, data order and dropout. Default 0. */
  readonly seed?: number;
  /** Element type of parameters and activations. Default f32. */
  readonly dtype?: "f32" | "f64";
  /** Default "auto": WebAssembly where the engine has SIMD, or C, as `reproducible` says; else the interpreter. */
  readonly backend?: BackendName | Backend;
  /**
   * Forbids WebAssembly's relaxed instructions, which round as the engine likes: the bits then agree
   * between machines and engines, too, and some steps take longer. Default false.
   */
  readonly deterministic?: boolean;
  /**
   * Whether the same program gives the same bits each time it runs. With false, or with `deterministic`, which
   * makes them the same everywhere, the backend "auto" goes over to C in the midst of a training that lasts, where
   * a compiler is found (docs/native.md); otherwise one backend runs all of it. Default true.
   */
  readonly reproducible?: boolean;
  /** Threads to train with; by default as many as the work can feed. The bits do not differ. */
  readonly threads?: number;
  /** When layers change within a step. Default "simultaneous". */
  readonly update?: UpdateTiming;
  /**
   * Measures ‖∂E/∂θ‖₂ at each step, of all trained parameters together and before it is clipped; the
   * reports of epochs have its mean over the steps as `gradientNorm`. Default false.
   */
  readonly gradientNorm?: boolean;
  /**
   * The processes to train with, by `await mpi()` of "chainrule/mpi": each takes its share of every
   * batch, and all have the same state. They call `fit` and `step` in the same order with the same
   * data; everything else each may do by itself, and `save` writes in the first alone. With
   * `deterministic` the bits are the same for 1, 2, 4 and 8 processes.
   */
  readonly parallel?: Parallel;
  /**
   * Shares out the optimizer's memory: each process keeps that of some parameters and updates them. The bits
   * do not change. `save`, `toBytes` and `slots` then collect it, and are called by all processes together.
   * Default false.
   */
  readonly shard?: boolean;
}
