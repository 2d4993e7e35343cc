import type { Context } from "./context.ts";
export function ledger(_c: Context): void {}
