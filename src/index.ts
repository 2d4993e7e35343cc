/** The table of contents: a comment names the group of what follows, here and in docs/api. */
import "./backends/reading.ts";

// Differentiation.
export {
  assertGradients,
  type CheckReport,
  checkGradients,
  checkGradientsAsync,
} from "./autodiff/check.ts";
// Tensors: making them, reading them, errors.
export { evaluate, evaluateAsync } from "./autodiff/evaluate.ts";
// Differentiation.
export { hessian, jacfwd, jacobian } from "./autodiff/jacobian.ts";
// Loops as part of a graph.
export { checkpoint } from "./autodiff/loops/checkpoint.ts";
export { cond } from "./autodiff/loops/cond.ts";
export { type ScanOptions, scan } from "./autodiff/loops/scan.ts";
export { type WhileOptions, whileLoop } from "./autodiff/loops/while-loop.ts";
// Differentiation.
export {
  type SparseMatrix,
  type SparseOptions,
  type SparsePattern,
  sparseHessian,
  sparseJacobian,
} from "./autodiff/sparse-jacobian.ts";
export { grad, hvp, jvp, valueAndGrad, vjp } from "./autodiff/transforms.ts";
export { mapTensors, type Tree } from "./autodiff/tree.ts";
export { type MappedAxes, type VmapOptions, vmap } from "./autodiff/vmap.ts";
// Backends.
export type { Backend, Executable } from "./backends/backend.ts";
// Training.
export { type CompileOptions, compile } from "./backends/compiled.ts";
export { assertMaxCompiles } from "./backends/compiles.ts";
// Backends.
export { interpreter } from "./backends/interpreter/index.ts";
// Tensors: making them, reading them, errors.
export type { ArrayTensor } from "./core/array-tensor.ts";
export type { DType, TypedArray } from "./core/dtype.ts";
export { ChainruleError, type ErrorCode } from "./core/errors.ts";
export { printGraph } from "./core/print.ts";
export type { Shape } from "./core/shape.ts";
export { verifyGraph } from "./core/verify.ts";
// Showing the work.
export * from "./explain/index.ts";
// Files of values: safetensors.
export type { DecodedSafetensors, DecodeOptions } from "./files/safetensors.ts";
export { decodeSafetensors, encodeSafetensors } from "./files/safetensors.ts";
export type { BigIntTensor, StoredTensor, UnreadTensor } from "./files/safetensors-types.ts";
// Operators of linear algebra: functions.
export { cholesky } from "./linalg/cholesky.ts";
export { determinant, type SignAndLogarithm, slogdet } from "./linalg/determinant.ts";
export { type Eigen, eigh } from "./linalg/eigh.ts";
export { type LeastSquares, lstsq } from "./linalg/lstsq.ts";
export { inverse, solve } from "./linalg/lu.ts";
export { type PinverseOptions, pinverse } from "./linalg/pinverse.ts";
export { type QR, type QROptions, qr } from "./linalg/qr.ts";
export { type SVD, type SVDOptions, svd } from "./linalg/svd.ts";
export { type TriangularSolveOptions, triangularSolve } from "./linalg/triangular.ts";
// Metrics.
export * from "./metrics/index.ts";
// Layers, losses, initializers.
export * from "./nn/index.ts";
// Operators: also methods of every tensor.
export {
  abs,
  add,
  div,
  isFinite,
  maximum,
  minimum,
  mul,
  neg,
  reciprocal,
  sign,
  square,
  sub,
} from "./ops/arithmetic.ts";
export { broadcastTo, sum } from "./ops/broadcast.ts";
export { cast } from "./ops/cast.ts";
export {
  ceil,
  clamp,
  equal,
  floor,
  greater,
  greaterEqual,
  isNaN,
  less,
  lessEqual,
  logicalAnd,
  logicalNot,
  logicalOr,
  notEqual,
  round,
  trunc,
  where,
} from "./ops/compare.ts";
export { concatenate, stack } from "./ops/concatenate.ts";
// Operators as functions: no methods.
export {
  type ConvolutionOptions,
  convolution,
  type TransposedConvolutionOptions,
  transposedConvolution,
} from "./ops/convolution.ts";
export {
  type CumulativeOptions,
  cummax,
  cummin,
  cumprod,
  logcumsumexp,
} from "./ops/cumulative.ts";
// Operators: also methods of every tensor.
export { customOperator, stopGradient } from "./ops/custom.ts";
export { einsum } from "./ops/einsum.ts";
// Operators as functions: no methods.
export { erfc, erfinv } from "./ops/error-function.ts";
export { digamma, lgamma, polygamma } from "./ops/gamma.ts";
// Operators: also methods of every tensor.
export { gather, oneHot, scatterAdd, type TakeOptions, take } from "./ops/indexing.ts";
// Operators as functions: no methods.
export {
  type InterpolateOptions,
  type InterpolationMode,
  interpolate,
  pixelShuffle,
  pixelUnshuffle,
} from "./ops/interpolate.ts";
// Tensors: making them, reading them, errors.
export {
  eye,
  full,
  input,
  type NestedArray,
  ones,
  onesLike,
  range,
  type TensorOptions,
  tensor,
  zeros,
  zerosLike,
} from "./ops/leaf.ts";
// Operators as functions: no methods.
export { lerp } from "./ops/lerp.ts";
export {
  type LogitOptions,
  log2,
  log10,
  logAddExp,
  logit,
  xlogy,
} from "./ops/logarithms.ts";
// Operators: also methods of every tensor.
export { matmul } from "./ops/matmul.ts";
// Tensors: making them, reading them, errors.
export { Tensor } from "./ops/methods.ts";
// Operators: also methods of every tensor.
export { expandDims, flip, reshape, slice, squeeze, transpose } from "./ops/move.ts";
// Operators as functions: no methods.
export {
  type CosineOptions,
  cdist,
  cosineSimilarity,
  type DistanceOptions,
  type NormalizeOptions,
  type NormOptions,
  norm,
  normalize,
  std,
} from "./ops/norms.ts";
export {
  argsort,
  kthValue,
  median,
  medianWithIndex,
  type SortOptions,
  sort,
  type TopOptions,
  topK,
} from "./ops/order.ts";
// Operators: also methods of every tensor.
export { type PaddingMode, type PadOptions, pad } from "./ops/padding.ts";
// Operators as functions: no methods.
export { atan2, hypot } from "./ops/plane.ts";
export {
  type AdaptivePoolOptions,
  type AvgPoolOptions,
  adaptiveAvgPool,
  adaptiveMaxPool,
  avgPool,
  type MaxPoolOptions,
  maxPool,
  type PoolOptions,
} from "./ops/pooling.ts";
// Operators: also methods of every tensor.
export { pow } from "./ops/power.ts";
// Operators as functions: no methods.
export {
  type CrossOptions,
  cross,
  type DotAxes,
  kron,
  outer,
  tensordot,
  trace,
} from "./ops/products.ts";
// Operators: also methods of every tensor.
export { randomNormal, randomUniform } from "./ops/random.ts";
// Operators as functions: no methods.
export {
  chunk,
  type DiagonalOptions,
  diagonal,
  type RepeatOptions,
  repeatInterleave,
  roll,
  splitBy,
  type TriangleOptions,
  tile,
  tril,
  triu,
} from "./ops/rearrange.ts";
// Operators: also methods of every tensor.
export {
  argmax,
  argmin,
  cumsum,
  logsumexp,
  max,
  mean,
  min,
  prod,
  variance,
} from "./ops/reduce.ts";
// Operators as functions: no methods.
export { fmod, remainder } from "./ops/remainder.ts";
export {
  indexAdd,
  type Masked,
  type MaskedOptions,
  maskedSelect,
  scatter,
} from "./ops/selecting.ts";
export { sinc } from "./ops/sinc.ts";
export {
  all,
  any,
  type CountOptions,
  countNonzero,
  maxWithIndex,
  minWithIndex,
  type ValueWithIndex,
  type WithIndexOptions,
} from "./ops/tallies.ts";
// Operators: also methods of every tensor.
export {
  acos,
  acosh,
  asin,
  asinh,
  atan,
  atanh,
  cos,
  cosh,
  erf,
  exp,
  expm1,
  log,
  log1p,
  rsqrt,
  sin,
  sinh,
  sqrt,
  tan,
} from "./ops/transcendental.ts";
// Operators as functions: no methods.
export { type FoldOptions, fold, type PerAxis, type UnfoldOptions, unfold } from "./ops/windows.ts";
// Optimizers and schedules.
export * from "./optim/index.ts";
// Showing the work.
export * from "./report/index.ts";
// Optimizers and schedules.
export { gradientStep, optimizerStep } from "./step/cut.ts";
export type { Objective } from "./step/objective.ts";
export { type Filled, inputList, outputsByName } from "./step/ports.ts";
export { trainingStep } from "./step/step.ts";
// Training.
export { averaged } from "./train/averages.ts";
export type { LoadOptions } from "./train/checkpoint-differences.ts";
export type { CheckpointOptions, CheckpointRule } from "./train/checkpoint-rule.ts";
export type { EvaluateOptions, Evaluation } from "./train/evaluate.ts";
export type { EpochReport, FitOptions, History, StepReport } from "./train/fit.ts";
export type { SetNames, SetOptions } from "./train/given-values.ts";
export type { MetricName } from "./train/measures.ts";
export { type PlateauOptions, type RatePlateau, reduceOnPlateau } from "./train/plateau.ts";
export { learningRateFinder, type RateCurve } from "./train/rate-finder.ts";
export type { Remark } from "./train/remarks.ts";
export { type Blocks, Stream, type StreamOptions, stream } from "./train/stream.ts";
export { StreamFit, type StreamFitOptions } from "./train/stream-fit.ts";
export { type Data, Trainer, type TrainerOptions, trainer } from "./train/trainer.ts";
