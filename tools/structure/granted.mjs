/** What check-structure.mjs grants: each exception with its reason. */

/** Where the modules stand; tests are no reason for an export. */
export const folders = [
  ...["src", "studio/src", "studio/first-screen.ts", "studio/vite.config.ts", "tools"],
];

/** The program itself: it runs when it is loaded. */
export const program = "src/cli/main.ts";

export const exports = {
  folders: ["src/", "studio/"],
  entries: [
    ...["src/index.ts", "src/data/index.ts", "src/network-file/index.ts"],
    ...["src/exchange/index.ts", "src/mpi/index.ts"],
    // What stands for src/files/node.ts in browsers.
    ...["src/files/browser.ts", "studio/vite.config.ts"],
    // The first screen, which is worked out when the page is built.
    "studio/src/engine/first.ts",
  ],
  /** "file name" → the reason why it is exported, though tests alone take it. */
  kept: {
    "src/core/stack.ts userPlace": "stacks of other engines are tested as texts",
    "src/core/stack.ts folderOf": "stacks of other engines are tested as texts",
    "src/core/meaning.ts meanings": "what the next backend reads; a test writes one in C",
    "src/core/meaning.ts roundsOnce": "what the next backend reads; a test writes one in C",
    "src/core/elementary/functions.ts elementary": "the tests of accuracy go through all of them",
    "src/backends/wasm/assembler/instructions.ts instructionNames": "tests go through all of them",
    "src/backends/registry.ts backendNames": "a test holds it against the table",
    "src/cli/tour.ts tell": "a test has it told by a backend that answers later",
    "src/cli/bench/index.ts unusable": "a test follows its advice",
    "studio/src/state/layout.ts labelHalf": "tests measure what overlaps",
    "studio/src/state/layout.ts strongest": "tests count the edges that are drawn",
    "studio/src/state/link.ts checked": "tests give it hostile links",
    "src/files/node.ts writeWith": "a test lets each step of writing fail",
    "src/files/atomic.ts NewFile": "a test lets each step of writing fail",
  },
};

export const names = {
  folders: ["src/"],
  /** Files that may give the same names, since they mean the same (a path or its beginning). */
  alike: [
    {
      files: ["src/core/elementary/", "src/ops/", "src/nn/activations.ts"],
      why: "one function: of a number, of lanes, of a tensor, and as a layer",
    },
    {
      files: ["src/files/node.ts", "src/files/browser.ts"],
      why: "one stands for the other in browsers",
    },
  ],
};

/** The most assertions below a folder; these numbers go down only. */
export const assertions = {
  "src/autodiff/": {},
  "src/backends/": { "!": 23 },
  "src/cli/": { "!": 81 },
  "src/compile/": {},
  "src/core/": { "!": 7 },
  "src/data/": { "!": 6 },
  "src/exchange/": {},
  "src/explain/": {},
  "src/files/": {},
  "src/index.ts": {},
  "src/mpi/": {},
  "src/network-file/": {},
  "src/nn/": { "!": 4 },
  "src/ops/": {},
  "src/optim/": {},
  "src/parallel/": {},
  "src/step/": {},
  "src/train/": { "!": 1 },
  "studio/": { "!": 2 },
  "tools/": {},
};
