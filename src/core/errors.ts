/**
 * Every error a person can meet, in one catalogue. The documentation's page of errors is generated
 * from it, so a code that is not here cannot be thrown.
 */
import { type CallSite, callSite } from "./call-site.ts";

/** What a code means in general: why it is an error, and what usually corrects it. */
interface CatalogueEntry {
  readonly title: string;
  readonly why: string;
  /** Where nothing helps in general, the error itself says what does. */
  readonly fix?: string;
}

export const catalogue = {
  "shape-mismatch": {
    title: "Shapes do not fit together",
    why: "An operator combines elements by position, so its inputs' sizes must agree.",
    fix: "Compare the two shapes; reshape, transpose or broadcast one of them, or correct a layer size.",
  },
  "bad-argument": {
    title: "An argument is outside its domain",
    why: "The operation has no meaning for this value.",
    fix: "Pass a value of the kind that the message names.",
  },
  "bad-dtype": {
    title: "An element type that the operator does not take",
    why: "Derivatives exist for floating-point elements only, and indices must be integers.",
    fix: 'Convert with .cast("f32"), .cast("f64") or .cast("i32").',
  },
  "no-derivative": {
    title: "An operator without a derivative is on the way",
    why: "The chain rule needs the local derivative of every operator between input and output.",
    fix: "Put stopGradient(…) around the part that is to count as constant, or define customOperator.",
  },
  "index-out-of-range": {
    title: "An index points outside its axis",
    why: "Reading there would give a number that belongs to something else.",
    fix: "Indices count from 0 and must be smaller than the axis's size; check labels and tokens.",
  },
  "not-finite": {
    title: "A value became infinite or NaN",
    why: "From here on every gradient that depends on it is meaningless, so training stops.",
    fix: "Lower the learning rate, clip the gradient, scale the data, or guard the named operation.",
  },
  "unbound-input": {
    title: "A graph was run without a value for one of its inputs",
    why: "A placeholder has no value of its own.",
    fix: "Pass a value for it.",
  },
  "invalid-graph": {
    title: "chainrule found a fault of its own",
    why: "Going on could give wrong results without a sign.",
    fix: 'Please report it with all that is printed here; backend: "interpreter" does without a compiler.',
  },
  "gradient-mismatch": {
    title: "A derivative disagrees with its check",
    why: "Either the derivative rule is wrong or the function is not differentiable at this point.",
    fix: "Look at the entry named in the message; compare the rule with the limit of differences.",
  },
  "file-unreadable": {
    title: "A file cannot be read",
    why: "It is missing, is not a file, or its permissions forbid it.",
    fix: "Check the path; paths in a network file are relative to that file.",
  },
  "file-unwritable": {
    title: "A file cannot be written",
    why: "The folder is missing or read-only, or the disk is full. What was there before is intact.",
    fix: "Choose another place, or free some space.",
  },
  "file-corrupt": {
    title: "A file is not what its name says",
    why: "Its header and its contents disagree, so nothing in it can be trusted.",
    fix: "Fetch or write the file again.",
  },
  "too-large": {
    title: "A file is larger than the limit",
    why: "A damaged or hostile file could fill the whole memory, so sizes are checked beforehand.",
    fix: "Use a smaller file, or raise the limit if the file can be trusted.",
  },
  "file-syntax": {
    title: "A network file cannot be parsed",
    why: "It is neither valid YAML nor valid JSON.",
    fix: "Correct the line that the message points at.",
  },
  "file-invalid": {
    title: "A network file says something that chainrule does not understand",
    why: "Guessing what was meant would train another network than the one that was asked for.",
    fix: "Correct the line that the message points at; the schema lists what may stand there.",
  },
  "data-invalid": {
    title: "The data cannot be trained on as they are",
    why: "A wrong cell would silently become a wrong number.",
    fix: "Correct the row that the message points at, or say how such cells are to be treated.",
  },
  "data-empty": {
    title: "There are no examples",
    why: "A gradient is a sum over examples; over none it is nothing.",
    fix: "Check the file, its header setting and the split.",
  },
  "checkpoint-mismatch": {
    title: "A checkpoint belongs to another model",
    why: "Its tensors have other names or shapes than this model's.",
    fix: 'Load it into the model that it was saved from, or let it differ: { differs: ["parameters"] }.',
  },
  "not-permitted": {
    title: "The engine was started without a permission",
    why: "Deno, and Node with --permission, allow a program what their command line names, no more.",
  },
  unsupported: {
    title: "Not supported here",
    why: "This runtime lacks what the operation needs.",
  },
  asynchronous: {
    title: "A value was read at once that comes later",
    why: "The backend answers with promises, and within a call JavaScript cannot wait for them.",
    fix: "Read it with `await t.array()` or `await t.data()`.",
  },
  "backend-failed": {
    title: "A backend has failed",
    why: "What it answered was an error of its own. What was computed before is as it was.",
    fix: 'Look at what it says; backend: "wasm" and "interpreter" do without it.',
  },
  "process-lost": {
    title: "Processes that train together have come apart",
    why: "Each has a share of every batch, so none can go on without the others.",
    fix: "See what the named process has printed; train on from the last checkpoint with --resume.",
  },
  "compiled-again": {
    title: "More was compiled than assertMaxCompiles allows",
    why: "A program is made for shapes and element types; to make one takes as long as many runs.",
    fix: "Give it arguments of few shapes (batches of one size, sequences padded to a few lengths), or allow more compiles.",
  },
  "out-of-memory": {
    title: "More memory is needed than can be had",
    why: "All buffers of a program are planned ahead, and together they exceed the limit.",
    fix: "Use a smaller batch, a smaller model, or f32 instead of f64.",
  },
  usage: {
    title: "The command line was not understood",
    why: "An unknown or incomplete option would do something other than what was meant.",
    fix: "See chainrule --help.",
  },
} as const satisfies Record<string, CatalogueEntry>;

/** Which kind of error it is: see docs/errors.md, which explains each. */
export type ErrorCode = keyof typeof catalogue;

/** The facts of one error; what is general about it stands in the catalogue. */
export interface ErrorFacts {
  /** One sentence: what went wrong. */
  readonly message: string;
  readonly expected?: string;
  readonly found?: string;
  /** Where: the user's line, or a file with line and column. */
  readonly where?: string | undefined;
  /** A fix better than the catalogue's general one. */
  readonly fix?: string;
  readonly cause?: unknown;
}

/** An error that explains itself: code, expected and found, where, why and how to correct it. */
export class ChainruleError extends Error {
  override readonly name = "ChainruleError";
  readonly code: ErrorCode;
  readonly expected: string | undefined;
  readonly found: string | undefined;
  readonly where: string | undefined;
  readonly why: string;
  readonly fix: string;

  constructor(code: ErrorCode, facts: ErrorFacts) {
    const entry: CatalogueEntry = catalogue[code];
    const fix = facts.fix ?? entry.fix ?? "";
    const lines = [facts.message];
    if (facts.expected !== undefined) lines.push(`  expected ${facts.expected}`);
    if (facts.found !== undefined) lines.push(`  found    ${facts.found}`);
    if (facts.where !== undefined) lines.push(`  at       ${facts.where}`);
    if (fix !== "") lines.push(`  fix      ${fix}`);
    super(lines.join("\n"), facts.cause === undefined ? undefined : { cause: facts.cause });
    this.code = code;
    this.expected = facts.expected;
    this.found = facts.found;
    this.where = facts.where;
    this.why = catalogue[code].why;
    this.fix = fix;
  }
}

/**
 * The same error with the line that began what has failed, where it names no place of its own: behind
 * an await the stack does not have the user's line any more.
 */
export function begunAt(error: unknown, site: CallSite): unknown {
  if (!(error instanceof ChainruleError) || error.where !== undefined) return error;
  const where = site.toString();
  if (where === "" || error.code.startsWith("file-")) return error;
  const { code, message, stack, expected, found, fix, cause } = error;
  const [sentence = ""] = message.split("\n");
  const facts = { message: sentence, where, fix, cause };
  const placed = new ChainruleError(code, {
    ...facts,
    ...(expected === undefined ? {} : { expected }),
    ...(found === undefined ? {} : { found }),
  });
  if (stack !== undefined) placed.stack = stack.replace(message, placed.message);
  return placed;
}

/** Throws a ChainruleError; an expression, so that it can stand where a value is needed. */
export function fail(code: ErrorCode, facts: ErrorFacts): never {
  // An error about files says where itself; any other was caused by the line being executed.
  const where = facts.where ?? (code.startsWith("file-") ? undefined : callSite().toString());
  throw new ChainruleError(code, { ...facts, where: where || undefined });
}
