/** The MPI library: found, loaded, and its handles. */
import { findKoffi, type Koffi, type NativeFunction } from "../backends/c/node-koffi.ts";
import { fail } from "../core/errors.ts";
import type { Launch } from "./node-launch.ts";

/** A library that is loaded, with what its functions take. */
export interface MpiLibrary {
  readonly name: string;
  /** The function with these parameters; `H` stands for a handle. */
  readonly func: (name: string, parameters: string) => NativeFunction;
  readonly handles: Handles;
  /** The system's sched_yield. */
  readonly makeWay: () => void;
}

/** What a handle is: an address, or a number. */
type Handle = bigint | number;

interface Handles {
  readonly world: Handle;
  readonly float: Handle;
  readonly double: Handle;
  readonly sum: Handle;
  /** In the place of the array to send: take the other one. */
  readonly inPlace: bigint;
}

/** Of MPICH and what follows its binary interface: Intel MPI, MVAPICH, Cray MPICH. */
const mpich: Handles = {
  world: 0x44000000,
  float: 0x4c00040a,
  double: 0x4c00080b,
  sum: 0x58000003,
  inPlace: -1n,
};

/** Of the standard binary interface (MPI 5.0, chapter 20). */
const standard: Handles = {
  world: 0x101n,
  float: 0x210n,
  double: 0x214n,
  sum: 0x21n,
  inPlace: 1n,
};

/** Names to try, those of the launcher's own library first. */
function candidates(launch: Launch | undefined): string[] {
  const names =
    process.platform === "darwin"
      ? {
          open: "libmpi.40.dylib",
          other: "libmpi.12.dylib",
          abi: "libmpi_abi.0.dylib",
          any: "libmpi.dylib",
        }
      : { open: "libmpi.so.40", other: "libmpi.so.12", abi: "libmpi_abi.so.0", any: "libmpi.so" };
  // Debian's MPICH has a name of its own.
  const likeMpich = ["libmpich.so.12", names.other, names.abi];
  const known =
    launch?.library === "MPICH" ? [...likeMpich, names.open] : [names.open, ...likeMpich];
  return [...known, names.any];
}

/** @throws ChainruleError "unsupported" where there is no library, or no koffi. */
export function loadMpi(
  told: string | undefined,
  launch: Launch | undefined,
  koffi: Koffi | string = findKoffi(),
): MpiLibrary {
  if (typeof koffi === "string") {
    return fail("unsupported", {
      message: `${koffi}.`,
      expected: "koffi, by which MPI is called",
      fix: "Install it beside chainrule, or again: npm install koffi.",
    });
  }
  const paths = told === undefined ? candidates(launch) : [told];
  // Debian's MPICH would take the signal from V8 that a WebAssembly trap is.
  process.env.UCX_ERROR_SIGNALS ??= "";
  const why: string[] = [];
  for (const path of paths) {
    try {
      // Open MPI loads its parts later, which look for its names.
      const library = koffi.load(path, { global: true });
      return { ...withHandles(path, library), makeWay: koffi.load(null).func("int sched_yield()") };
    } catch (error) {
      why.push(String((error as Error)?.message ?? error).split("\n", 1)[0] ?? "");
    }
  }
  return fail("unsupported", {
    message: "The library of MPI is not found.",
    expected: told === undefined ? `one of ${paths.join(", ")}` : "the path of Open MPI or MPICH",
    found: told === undefined ? "none of them" : `${told}: ${why[0]}`,
    fix:
      "Install Open MPI or MPICH (Debian: apt-get install openmpi-bin; macOS: brew install open-mpi), " +
      "or name the library: CHAINRULE_MPI=/path/to/libmpi.so.40.",
  });
}

type Loaded = { func(prototype: string): NativeFunction; symbol(name: string): bigint };

function withHandles(name: string, library: Loaded): Omit<MpiLibrary, "makeWay"> {
  const handles = openHandles(library) ?? (name.includes("mpi_abi") ? standard : mpich);
  const type = typeof handles.world === "bigint" ? "void *" : "int";
  return {
    name,
    handles,
    func: (of, parameters) => library.func(`int ${of}(${parameters.replaceAll("H", type)})`),
  };
}

/** Open MPI's handles are the addresses of its own records. */
function openHandles(library: Loaded): Handles | undefined {
  try {
    return {
      world: library.symbol("ompi_mpi_comm_world"),
      float: library.symbol("ompi_mpi_float"),
      double: library.symbol("ompi_mpi_double"),
      sum: library.symbol("ompi_mpi_op_sum"),
      inPlace: 1n,
    };
  } catch {
    return undefined;
  }
}
