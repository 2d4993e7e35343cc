/**
 * Matrix products, whatever the strides and guards: columns in panels as wide as two vectors, rows in
 * tiles, so that a tile's sums fill the registers; factors that lie badly are first copied side by side.
 * compile/blocking.ts cuts them up, compile/summation.ts says in what order terms are added.
 */
import { blocking, type Machine } from "../../compile/blocking.ts";
import { type MatrixProduct, matrixProduct, type Side, stride } from "../../compile/contraction.ts";
import type { Kernel } from "../../compile/program.ts";
import { at } from "../../core/at.ts";
import { bytesOf, type DType } from "../../core/dtype.ts";
import { beginning } from "../../core/meaning.ts";
import type { Shape } from "../../core/shape.ts";
import { cTypes, type FileNeeds, linearText, numberText, Scope } from "./expressions.ts";
import { withJoinedRows } from "./joined-rows.ts";
import {
  beyondRuns,
  copyColumns,
  copyRows,
  copyRuns,
  copySideBySide,
  type Runs,
  runsOf,
  termPlaces,
} from "./pack.ts";
import { axisNumbers, nest, type Writer } from "./writer.ts";

type ReduceKernel = Extract<Kernel, { loop: "reduce" }>;

/** Of fewer products a kernel is summed as any other. */
const worthPacking = 2 ** 12;

/** Registers: 32 where a vector has 64 bytes (AVX-512) or 16 on arm64, else 16. */
const mostRows = (vectorBytes: number): number => (vectorBytes === 32 ? 6 : 12);

function machineFor(vectorBytes: number, { m, n, dtype }: MatrixProduct): Machine {
  const lanes = (type: DType): number => vectorBytes / bytesOf(type);
  const most = mostRows(vectorBytes);
  return {
    lanes,
    // Tiles of about one size: a last one of few rows would read all of b for little work.
    tileRows: Math.ceil(m / Math.ceil(m / most)),
    tileVectors: n > lanes(dtype) ? 2 : 1,
    blockBytes: 2 ** 21,
    groupBytes: 2 ** 19,
    mostPanels: 8,
    groupsToShare: 16,
    scattered: 2 ** 15,
  };
}

/** What a product's kernel stores, once for each row of a tile: sums stand in an array. */
type Finish = (scope: Scope, result: string, axis: number) => void;

/** Writes the kernel, if it is a product that is worth it. */
export function writeProduct(
  w: Writer,
  kernel: ReduceKernel,
  scope: Scope,
  finish: (kernel: ReduceKernel) => Finish,
): boolean {
  const alone = matrixProduct(kernel);
  if (alone === undefined || alone.m * alone.n * alone.k < worthPacking) return false;
  const product = withJoinedRows(alone, kernel);
  const { a, b, dtype, extents, rows, columns, m, n, k } = product;
  const place = w.place(extents);
  if ([a, b].some(({ input }) => place.given(input) !== undefined)) return false;
  const cut = blocking(product, machineFor(w.needs.vectorBytes, product));
  const { tileRows, lanes, width, group, block, terms, packsColumns, bytes } = cut;
  const along = extents.length;
  const packsRows = a.kind === "packed" || cut.packedRows > 0 || (n > 2 * width && m > 1);
  const type = cTypes[dtype];
  const runs = b.kind === "packed" ? runsOf(product, b) : undefined;
  const direct = runs && directly(product, runs, lanes);
  const wide = direct ? direct.columns : group * width;
  const held = direct ? 2 * lanes : wide;
  const rowsHeld = packsRows ? Math.ceil(block / tileRows) * tileRows : 0;
  // Columns in runs are copied a block of terms at a time, and wait for no more than the tiles of a block
  // of rows; else all terms of the columns, for one tile after the other.
  const tilesAtOnce = runs && !direct ? Math.ceil(block / tileRows) : 1;
  const sumsHeld = tilesAtOnce * tileRows * held;
  const termsHeld = direct ? 0 : runs ? Math.min(k, terms) : k;
  const rowsBytes = Math.ceil((rowsHeld * k * bytes) / 64) * 64;
  w.scratch =
    rowsBytes + (sumsHeld + termsHeld * wide + (runs ? beyondRuns(width) : 0)) * bytes + 64;
  const isOuter = (axis: number): boolean =>
    axis !== rows && axis !== columns && extents[axis] === kernel.extents[axis];
  const batch = axisNumbers(extents).filter(isOuter);
  const base = (side: typeof a): string => {
    if (side.kind === "packed") return "0";
    const { coefficients, base } = side.form;
    const outer = coefficients
      .slice(0, along)
      .map((c, axis) => (axis === rows || axis === columns || extents[axis] === 1 ? 0 : c));
    return `x${side.input} + ${linearText(outer, base)}`;
  };
  const groups = Math.ceil(n / wide);
  const [first = -1] = batch.filter((axis) => at(extents, axis) > 1);
  const products = first < 0 ? 1 : at(extents, first);
  const bandRows = rowsOfBand(product, { groups, tileRows });
  const bands = Math.ceil(m / bandRows);
  // Whole products are shared out where there are enough of them, else each of them.
  const split = products >= Math.min(unitsWanted, groups * bands) ? first : -1;
  const shares = split < 0 && groups * bands > 1;
  if (split >= 0) scope.lines.push(...w.bounds(products, { size: 1, count: products }));
  if (shares) w.units = groups * bands;
  const packTheRows = (inside: Scope): void => {
    if (!packsRows) return;
    if (a.kind === "packed") {
      copyRows(w, product, a, tileRows, inside);
      return;
    }
    const [row, step] = [stride(a, rows), stride(a, along)];
    inside.lines.push(
      `for (long t = 0; t < mb; t += ${tileRows}) {`,
      `const long wb = mb - t < ${tileRows} ? mb - t : ${tileRows};`,
      `const ${type} *const from = a0 + (m0 + t) * ${row}L;`,
      `${type} *const to = ap + t * ${k}L;`,
      ...copySideBySide({ k, width: tileRows, across: row, step }),
      "}",
    );
  };
  // Rows that are the same for all products are copied once.
  const rowsFirst =
    packsRows && block >= m && !shares && batch.every((axis) => !changes(a, axis, extents));
  if (runs && direct) {
    scope.lines.push(`static const i32 places[${k}] = {${termPlaces(runs).join(", ")}};`);
  }
  scope.lines.push(
    `${type} *const ap = (${type} *)scratch;`,
    `${type} *const sums = (${type} *)(scratch + ${rowsBytes}), *const bp = sums + ${sumsHeld};`,
  );
  if (rowsFirst) {
    const once = new Scope(scope);
    packTheRows(once);
    scope.lines.push(
      "{",
      `const ${type} *const a0 = ${base(a)};`,
      `const long m0 = 0, mb = ${m};`,
      ...once.lines,
      "}",
    );
  }
  const bStep = packsColumns ? width : stride(b, along);
  const aSteps = packsRows ? [1, tileRows] : [stride(a, rows), stride(a, along)];
  /** Sums of a tile over the terms [k0, k0 + kb). */
  const tile = (count: number): string[] => {
    const tileAt = packsRows ? `ap + t * ${k}L` : `a0 + (m0 + t) * ${stride(a, rows)}L`;
    if (direct) {
      const call = (vectors: number): string => {
        const name = micro(w.needs, {
          ...{ dtype, rows: count, vectors, aSteps, bStep: "places", yStep: held },
        });
        const from = vectors > 1 ? "from0, from1" : "from0";
        return `${name}(${tileAt} + k0 * ${at(aSteps, 1)}L, ${from}, places + k0, sums, kb, k0 > 0);`;
      };
      if (n % wide === 0) return [call(2)];
      return [`if (nb < ${wide}) ${call(1)}`, `else ${call(2)}`];
    }
    const [panel, to] = [
      packsColumns ? (runs ? "bp + p * kb" : `bp + p * ${k}L + k0 * ${width}L`) : panelAt(bStep),
      runs ? `sums + t * ${wide} + p` : "sums + p",
    ];
    const calls = (vectors: number): string => {
      const name = micro(w.needs, {
        ...{ dtype, rows: count, vectors, aSteps, bStep, yStep: wide },
      });
      return `${name}(${tileAt} + k0 * ${at(aSteps, 1)}L, ${panel}, ${to}, kb, k0 > 0);`;
    };
    const full = width / lanes;
    return [
      `for (long p = 0; p < nb; p += ${width}) {`,
      ...(full > 1 && n % width > 0 && n % width <= lanes
        ? [`if (nb - p <= ${lanes}) ${calls(1)}`, `else ${calls(full)}`]
        : [calls(full)]),
      "}",
    ];
  };
  /** Stores what is made of a tile's sums. */
  const stores = (count: number, inside: Scope): string[] => {
    const each = new Scope(inside);
    if (rows >= 0) each.has(rows);
    const row = runs && !direct ? `(t + r) * ${held}` : `r * ${held}`;
    const lane = direct?.each === 1 ? `${row} + v * ${lanes}` : row;
    finish({ ...kernel, extents })(each, `sums[${lane} + l]`, columns);
    // Each vector has a run of its own: their columns follow each other, their sums do not.
    const eachRun = (run: number): string[] => [
      "const long panel = n0, all = nb;",
      `for (long v = 0; v * ${run} < all; v++) {`,
      `const long n0 = panel + v * ${run}, nb = ${run};`,
      ...each.lines,
      "}",
    ];
    return [
      `for (long r = 0; r < ${count}; r++) {`,
      ...(rows >= 0 && at(extents, rows) > 1 ? [`const long i${rows} = m0 + t + r;`] : []),
      ...(runs && direct?.each === 1 ? eachRun(runs.run) : each.lines),
      "}",
    ];
  };
  const rest = m % tileRows;
  const tiles = (of: (count: number) => string[]): string[] => [
    `for (long t = 0; t < mb; t += ${tileRows}) {`,
    ...(m >= tileRows ? [`if (mb - t >= ${tileRows}) {`, ...of(tileRows), "}"] : ["if (0) {}"]),
    ...(rest > 0 ? ["else {", ...of(rest), "}"] : []),
    "}",
  ];
  const blocks = (lines: readonly string[]): string[] => [
    `for (long k0 = 0; k0 < ${k}; k0 += ${terms}) {`,
    `const long kb = ${k} - k0 < ${terms} ? ${k} - k0 : ${terms};`,
    ...lines,
    "}",
  ];
  const whole = (inside: Scope) => {
    const { lines } = inside;
    lines.push(
      `const ${type} *const a0 = ${base(a)}, *const b0 = ${base(b)};`,
      ...(shares
        ? bandLines({ m, n, bandRows, groups, wide })
        : [`const long mFrom = 0, mTo = ${m}, nFrom = 0, nTo = ${n};`]),
      `for (long m0 = mFrom; m0 < mTo; m0 += ${block}) {`,
      `const long mb = mTo - m0 < ${block} ? mTo - m0 : ${block};`,
    );
    if (!rowsFirst) packTheRows(inside);
    lines.push(
      `for (long n0 = nFrom; n0 < nTo; n0 += ${wide}) {`,
      `const long nb = ${n} - n0 < ${wide} ? ${n} - n0 : ${wide};`,
    );
    if (b.kind === "packed" && runs && direct) {
      const second =
        direct.each === 1 ? `x + ${runs.placeOf(`(n0 + ${runs.run})`)}` : `from0 + ${lanes}`;
      lines.push(
        `const ${type} *const x = x${b.input} + ${runs.base};`,
        `const ${type} *const from0 = x + ${runs.placeOf("n0")}, *const from1 = ${second};`,
        ...tiles((count) => [...blocks(tile(count)), ...stores(count, inside)]),
      );
    } else if (b.kind === "packed" && runs) {
      lines.push(
        ...blocks([...copyRuns(product, runs, b, { width, lanes }), ...tiles(tile)]),
        ...tiles((count) => stores(count, inside)),
      );
    } else {
      if (b.kind === "packed") copyColumns(w, product, b, width, inside);
      else if (packsColumns) {
        const [column, step] = [stride(b, columns), stride(b, along)];
        lines.push(
          `for (long p = 0; p < nb; p += ${width}) {`,
          `const long wb = nb - p < ${width} ? nb - p : ${width};`,
          `const ${type} *const from = b0 + (n0 + p) * ${column}L;`,
          `${type} *const to = bp + p * ${k}L;`,
          ...copySideBySide({ k, width, across: column, step }),
          "}",
        );
      }
      lines.push(...tiles((count) => [...blocks(tile(count)), ...stores(count, inside)]));
    }
    lines.push("}", "}", ...(shares ? ["}"] : []));
  };
  nest(scope, extents, batch, whole, split < 0 ? {} : { split });
  return true;
}

/** Columns in runs that are read where they lie, by two vectors at a time. */
interface Direct {
  /** Columns of two vectors, whose other lanes hold nothing of use. */
  readonly columns: number;
  /** Vectors of a run. */
  readonly each: 1 | 2;
}

/** Copying a term's columns takes about as long as its products with so many rows. */
const rowsOfCopy = 6;
const mostPlaces = 2 ** 12;

/** Where lanes without use cost less than copies, which few rows read. */
function directly({ m, k }: MatrixProduct, { run }: Runs, lanes: number): Direct | undefined {
  if (run > 2 * lanes || k > mostPlaces) return undefined;
  const each = run > lanes ? 2 : 1;
  const wasted = (each * lanes) / run - 1;
  return wasted * m < rowsOfCopy ? { columns: each === 2 ? run : 2 * run, each } : undefined;
}

/** Where columns that are read where they lie begin. */
const panelAt = (step: number): string => `b0 + n0 + p + k0 * ${step}L`;

/** Whether a factor follows from the index along an axis of the loop. */
function changes(side: Side, axis: number, extents: Shape): boolean {
  if (extents[axis] === 1) return false;
  if (side.kind === "packed" && side.guard.axes.has(axis)) return true;
  return side.form === undefined || side.form.coefficients[axis] !== 0;
}

/** So many units there should be for threads to share, and so much work each at least. */
const unitsWanted = 16;
const leastUnit = 2 ** 17;

/** Rows of a band: with too few groups of columns, rows are cut up, too. Whole tiles. */
function rowsOfBand(
  { m, n, k }: MatrixProduct,
  { groups, tileRows }: { readonly groups: number; readonly tileRows: number },
): number {
  const tiles = Math.ceil(m / tileRows);
  const bands = Math.min(tiles, unitsWanted / groups, (m * n * k) / (leastUnit * groups));
  return bands < 2 ? m : Math.ceil(tiles / Math.floor(bands)) * tileRows;
}

/**
 * A unit is a group of columns in a band of rows; a band's units follow each other. Bands of which all
 * groups are to be done are done as one. Opens a loop over rows [mFrom, mTo) and columns [nFrom, nTo).
 */
const bandLines = ({
  m,
  n,
  bandRows,
  groups,
  wide,
}: Readonly<Record<"m" | "n" | "bandRows" | "groups" | "wide", number>>): string[] => [
  "for (long unit = lo, done; unit < hi; unit += done) {",
  `const long band = unit / ${groups}, group = unit % ${groups}, left = hi - unit;`,
  `const long bands = group == 0 && left >= ${groups} ? left / ${groups} : 0;`,
  `const long some = left < ${groups} - group ? left : ${groups} - group;`,
  `done = bands ? bands * ${groups} : some;`,
  `const long mFrom = band * ${bandRows}, mLast = mFrom + (bands ? bands : 1) * ${bandRows};`,
  `const long mTo = mLast < ${m} ? mLast : ${m};`,
  `const long nFrom = group * ${wide}, nLast = bands ? ${n} : nFrom + some * ${wide};`,
  `const long nTo = nLast < ${n} ? nLast : ${n};`,
];

interface Micro {
  readonly dtype: "f32" | "f64";
  readonly rows: number;
  readonly vectors: number;
  /** From row to row and from term to term of a; from term to term of b; from row to row of sums. */
  readonly aSteps: readonly number[];
  /** "places": of each vector apart, the terms' places being in a table. */
  readonly bStep: number | "places";
  readonly yStep: number;
}

/** A function that sums a tile in registers; it adds the sums to those that are there, or sets them. */
function micro({ micros, fuses, vectorBytes }: FileNeeds, of: Micro): string {
  const { dtype, rows, vectors, aSteps, bStep, yStep } = of;
  const key = JSON.stringify(of);
  const known = micros.get(key);
  if (known !== undefined) return known.name;
  const name = `tile_${micros.size}`;
  const [row = 0, step = 0] = aSteps;
  const lanes = vectorBytes / bytesOf(dtype);
  const [type, vector] = [cTypes[dtype], `v_${dtype}`];
  const all = <T>(n: number, f: (k: number) => T): T[] => Array.from({ length: n }, (_, k) => f(k));
  const each = (f: (r: number, v: number) => string): string[] =>
    all(rows, (r) => all(vectors, (v) => f(r, v)).join(" "));
  const from = (pointer: string, k: number): string => `*(u_${dtype} *)(${pointer} + ${k})`;
  const begin = numberText(beginning("sum", dtype), dtype);
  const table = bStep === "places";
  const columns = table
    ? `${all(vectors, (v) => `const ${type} *from${v}`).join(", ")}, const i32 *places`
    : `const ${type} *b`;
  const lines = [
    `${vector} ${all(rows * vectors, (k) => `c${Math.floor(k / vectors)}_${k % vectors} = begin`).join(", ")};`,
    "for (long i = 0; i < k; i++) {",
    ...all(vectors, (v) =>
      table
        ? `const ${vector} b${v} = *(u_${dtype} *)(from${v} + places[i]);`
        : `const ${vector} b${v} = ${from("b", v * lanes)};`,
    ),
    ...all(
      rows,
      (r) =>
        `{ const ${vector} x = a[${r * row}L] - zero; ${all(vectors, (v) => `c${r}_${v} = ${fuses ? "fused" : "plain"}_${dtype}(x, b${v}, c${r}_${v});`).join(" ")} }`,
    ),
    `a += ${step}L;${table ? "" : ` b += ${bStep}L;`}`,
    "}",
    "if (adds) {",
    ...each((r, v) => `c${r}_${v} = ${from("y", r * yStep + v * lanes)} + c${r}_${v};`),
    "}",
    ...each((r, v) => `${from("y", r * yStep + v * lanes)} = c${r}_${v};`),
  ];
  const text = `tile void ${name}(const ${type} *a, ${columns}, ${type} *y, long k, int adds) {
contracting
const ${vector} zero = {0}, begin = ${begin} - zero;
${lines.join("\n")}
}
`;
  micros.set(key, { name, text });
  return name;
}

/**
 * Vectors of so many bytes, and a product and a sum of them rounded once, where the machine can: by its
 * own instruction where GCC has a name for it, else by leave for these functions alone.
 */
export function vectors({ vectorBytes, fuses }: Pick<FileNeeds, "vectorBytes" | "fuses">): string {
  const named = (
    [
      [64, "__AVX512F__", (x: string) => `vfmadd${x}512_mask(a, b, c, -1, 4)`],
      [32, "__FMA__", (x: string) => `vfmadd${x}256(a, b, c)`],
      [16, "__FMA__", (x: string) => `vfmadd${x}(a, b, c)`],
    ] as const
  ).find(([bytes]) => bytes === vectorBytes);
  const plain = (name: string): string[] =>
    ["f32", "f64"].map((type) => `#define ${name}_${type}(a, b, c) ((a) * (b) + (c))`);
  const noinline = "static __attribute__((noinline))";
  const [, has = "__FMA__", call] = named ?? [];
  return [
    `typedef float v_f32 __attribute__((vector_size(${vectorBytes})));`,
    `typedef double v_f64 __attribute__((vector_size(${vectorBytes})));`,
    `typedef float u_f32 __attribute__((vector_size(${vectorBytes}), aligned(4), may_alias));`,
    `typedef double u_f64 __attribute__((vector_size(${vectorBytes}), aligned(8), may_alias));`,
    ...(fuses
      ? [
          `#if !defined(__clang__) && defined(${has})`,
          `#define tile ${noinline}`,
          "#define contracting",
          ...(call
            ? [
                `#define fused_f32(a, b, c) ((v_f32)__builtin_ia32_${call("ps")})`,
                `#define fused_f64(a, b, c) ((v_f64)__builtin_ia32_${call("pd")})`,
              ]
            : plain("fused")),
          "#elif defined(__clang__)",
          `#define tile ${noinline}`,
          '#define contracting _Pragma("clang fp contract(fast)")',
          ...plain("fused"),
          "#else",
          `#define tile ${noinline} __attribute__((optimize("fp-contract=fast")))`,
          "#define contracting",
          ...plain("fused"),
          "#endif",
        ]
      : [`#define tile ${noinline}`, "#define contracting", ...plain("plain")]),
  ].join("\n");
}
