/** What must still go; nothing is added here. */
export const circles = ["src/backends/wasm/session.ts -> src/backends/wasm/index.ts"];
