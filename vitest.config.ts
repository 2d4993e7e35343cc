import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const files = fileURLToPath(new URL("src/io/files-node.ts", import.meta.url));

export default defineConfig({
  resolve: { alias: { "#files": files } },
  test: { include: ["test/**/*.test.ts"], testTimeout: 60_000 },
});
