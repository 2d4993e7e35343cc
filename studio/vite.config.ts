import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";
import { firstScreen } from "./first-screen.ts";

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));

/** The library's modules add methods to tensors when they are loaded: none may be left out. */
const treeshake = { moduleSideEffects: true };

export default defineConfig({
  plugins: [firstScreen(path("."))],
  root: path("."),
  // Relative, so that the page works in any folder of any host.
  base: "./",
  resolve: { alias: { "#files": path("../src/io/files-browser.ts") } },
  build: {
    outDir: process.env.CHAINRULE_STUDIO_OUT ?? path("../dist/studio"),
    emptyOutDir: true,
    target: "es2022",
    modulePreload: { polyfill: false },
    // Data URLs for small files are forbidden by the page's policy.
    assetsInlineLimit: 0,
    rolldownOptions: { treeshake },
  },
  worker: { format: "es", rolldownOptions: { treeshake } },
});
