export { type ExplainOptions, explain } from "./explain.ts";
