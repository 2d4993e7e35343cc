import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const files = fileURLToPath(new URL("src/files/node.ts", import.meta.url));

/** What says how operators, layers and optimizers behave, whatever runs them. */
const behaviour = ["ops", "laws", "autodiff", "linalg", "nn", "optim"].map(
  (f) => `test/${f}/**/*.test.ts`,
);

export default defineConfig({
  resolve: { alias: { "#files": files } },
  test: {
    // Vitest leaves one core idle otherwise: of two, half the machine.
    maxWorkers: "100%",
    // Those who look further among random cases wait longer.
    testTimeout: 60_000 + 200 * Number(process.env.CHAINRULE_FUZZ_RUNS ?? 0),
    // What "auto" chooses is not to depend on which libraries a test has left behind.
    env: { CHAINRULE_AUTO: "wasm" },
    projects: [
      { extends: true, test: { name: "all", include: ["test/**/*.test.ts"] } },
      {
        extends: true,
        test: { name: "wasm", include: behaviour, env: { CHAINRULE_BACKEND: "wasm" } },
      },
    ],
  },
});
