/** chainrule/data: datasets from tables, IDX files, inline examples and formulas. */
import "../ops/methods.ts";

// Data: tables, IDX files, examples, generators, preprocessing, splits.
export { parseArrow } from "./arrow.ts";
export type { NamedClassWeights } from "./balance.ts";
export { classWeights, oversample } from "./balance.ts";
export type { Row } from "./cells.ts";
export type { ColumnType, Table, TableColumn, TableOptions } from "./csv.ts";
export { defaultMissingValues, parseTable } from "./csv.ts";
export type { Dataset } from "./dataset.ts";
export { dataset, numericTargets, subset } from "./dataset.ts";
export type { DivisionOptions } from "./divisions.ts";
export type { InlineExamples } from "./examples.ts";
export { examples } from "./examples.ts";
export type { ColumnScale } from "./fit-rules.ts";
export type { KFoldOptions } from "./folds.ts";
export { kFold, kFoldIndices } from "./folds.ts";
export type { GeneratorOptions, RegressionOptions } from "./generators.ts";
export { blobs, circles, moons, regression, spirals, xor } from "./generators.ts";
export { gunzip, isGzip } from "./gunzip.ts";
export type { IdxOptions } from "./idx.ts";
export { idxDataset, parseIdx, readIdx } from "./idx.ts";
export type { DecodedImage } from "./image.ts";
export type {
  DecodeImageOptions,
  ImageFile,
  ImageFolder,
  ImageFolderOptions,
  ImageOptions,
  ImageSource,
} from "./images.ts";
export { decodeImage, imageBatches, imageFolder, imageTensor } from "./images.ts";
export type { DecodeJpeg } from "./jpeg.ts";
export type { JsonLinesOptions } from "./json-lines.ts";
export { parseJsonLines } from "./json-lines.ts";
export { npyBytes, parseNpy } from "./npy.ts";
export type { NpzDatasetOptions, NpzOptions } from "./npz.ts";
export { npzBytes, npzDataset, parseNpz } from "./npz.ts";
export type { NumberFormat, Thousands } from "./number-format.ts";
export type { ParquetOptions } from "./parquet.ts";
export { parseParquet } from "./parquet.ts";
export type { CategoryRule, ColumnRule, NumberRule, Preprocessing } from "./preprocessing.ts";
export { applyPreprocessing, originalTarget, preprocessDataset } from "./preprocessing.ts";
export { checkPreprocessing } from "./preprocessing-check.ts";
export type { ReadingProgress, ReadTableOptions, TableSource } from "./read-table.ts";
export { readTable } from "./read-table.ts";
export type { SlidingWindowsOptions } from "./sliding-windows.ts";
export { slidingWindows } from "./sliding-windows.ts";
export type { SplitIndices, SplitOptions } from "./split.ts";
export { shuffledOrder, split, splitIndices } from "./split.ts";
export type { TableDataset, TableDatasetOptions } from "./table-dataset.ts";
export { tableDataset } from "./table-dataset.ts";
export type { TableWindows, WindowRule } from "./table-windows.ts";
export type { NextTokensOptions, Tokenizer } from "./text.ts";
export { bytePairs, characters, nextTokens, utf8Bytes } from "./text.ts";
export type { TypedTableOptions } from "./typed-table.ts";
