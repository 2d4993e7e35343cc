export { type DiagnoseOptions, Diagnosis, diagnose } from "./diagnose.ts";
export { type ExplainOptions, explain } from "./explain.ts";
