/**
 * How a matrix product is cut up: columns in panels as wide as a register tile, panels side by side
 * in groups, rows in blocks, long sums in blocks of terms. Only the last of these decides the order
 * of additions: see summation.ts.
 */
import { bytesOf, type DType } from "../core/dtype.ts";
import { type MatrixProduct, stride } from "./contraction.ts";
import { productBlock } from "./summation.ts";

/** What the cutting depends on. */
export interface Machine {
  /** Elements of a vector. */
  readonly lanes: (dtype: DType) => number;
  /** The register tile, in rows and in vectors. */
  readonly tileRows: number;
  readonly tileVectors: number;
  /** Rows of a that stay in the second-level cache while all panels pass. */
  readonly blockBytes: number;
  /** Panels of b that stay in the second-level cache while the rows of a pass, and how many at most. */
  readonly groupBytes: number;
  readonly mostPanels: number;
  /** So many groups there should be, for threads to share. */
  readonly groupsToShare: number;
  /** Beyond so many bytes a strided panel touches too many pages and is copied. */
  readonly scattered: number;
}

export interface Blocking {
  readonly tileRows: number;
  /** Bytes of an element, elements of a vector, columns of a panel. */
  readonly bytes: number;
  readonly lanes: number;
  readonly width: number;
  /** Panels of a group, rows of a block, terms of a block. */
  readonly group: number;
  readonly block: number;
  readonly terms: number;
  /** Rows of a that are copied (0: none): where neighbours along k lie far apart. */
  readonly packedRows: number;
  /** Whether a panel of b is copied. */
  readonly packsColumns: boolean;
  /** Elements of scratch memory for one group's sums, its panels and the packed rows. */
  readonly scratch: number;
}

export function blocking(product: MatrixProduct, machine: Machine): Blocking {
  const { dtype, extents, a, b, columns, m, n, k } = product;
  const along = extents.length;
  const { tileRows, tileVectors, groupsToShare, scattered } = machine;
  const bytes = bytesOf(dtype);
  const lanes = machine.lanes(dtype);
  const fitting = Math.floor(machine.blockBytes / (k * bytes) / tileRows) * tileRows;
  // Blocks of about one size: a last block of few rows would copy every panel for little work.
  const even = Math.ceil(m / Math.ceil(m / Math.max(tileRows, fitting)) / tileRows) * tileRows;
  const block = Math.min(m, even);
  const width = tileVectors * lanes;
  const panels = Math.ceil(n / width);
  const most = Math.min(
    machine.groupBytes / (k * width * bytes),
    panels / groupsToShare,
    machine.mostPanels,
  );
  const group = Math.max(1, Math.floor(most));
  const isFar = (step: number): boolean => k * step * bytes > scattered;
  const packsRows =
    a.kind === "packed" ||
    (isFar(stride(a, along)) && stride(a, along) !== 1 && n > width && m > 1);
  const packedRows = packsRows ? Math.ceil(block / tileRows) * tileRows : 0;
  const packsColumns =
    b.kind === "packed" ||
    stride(b, columns) !== 1 ||
    (isFar(stride(b, along)) && m >= 4 * tileRows);
  return {
    tileRows,
    bytes,
    lanes,
    width,
    group,
    block,
    terms: productBlock(k),
    packedRows,
    packsColumns,
    scratch: (tileRows + k) * group * width + packedRows * k,
  };
}
