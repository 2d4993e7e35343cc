import { fileURLToPath } from "node:url";
import { defineConfig, type Plugin } from "vite";
import { firstScreen } from "./first-screen.ts";

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));

/**
 * The library's package says that its sources have no effects of their own, which is meant for its
 * users' bundlers. Here the sources themselves are bundled, and one of them gives tensors methods.
 */
const withEffects = (): Plugin => ({
  name: "with-effects",
  transform: (code, id) =>
    id.endsWith("/src/ops/methods.ts") ? { code, moduleSideEffects: true } : undefined,
});

/** While the page is worked on, Vite puts styles into it, which the page's policy would not let. */
const withoutPolicy = (): Plugin => ({
  name: "without-policy",
  apply: "serve",
  transformIndexHtml: (html) =>
    html.replace(/<meta\s+http-equiv="Content-Security-Policy"[^>]*>/, ""),
});

export default defineConfig({
  plugins: [firstScreen(path(".")), withoutPolicy()],
  root: path("."),
  // Relative, so that the page works in any folder of any host.
  base: "./",
  resolve: { alias: { "#files": path("../src/files/browser.ts") } },
  build: {
    outDir: process.env.CHAINRULE_STUDIO_OUT ?? path("../dist/studio"),
    emptyOutDir: true,
    target: "es2022",
    modulePreload: { polyfill: false },
    // On a slow machine the first command would begin with a table of times.
    rolldownOptions: { checks: { pluginTimings: false } },
    // Data URLs for small files are forbidden by the page's policy.
    assetsInlineLimit: 0,
  },
  worker: { format: "es", plugins: () => [withEffects()] },
});
