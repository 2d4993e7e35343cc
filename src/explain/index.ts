export type { DerivationData, Step } from "./derivation.ts";
export { type DiagnoseOptions, diagnose } from "./diagnose/diagnose.ts";
export { Diagnosis } from "./diagnose/diagnosis.ts";
export {
  diagnoseSheet,
  SheetDiagnosis,
  type SheetOptions,
  type SheetValue,
} from "./diagnose/sheet.ts";
export { explain } from "./explain.ts";
export { parseExpression } from "./expression/expression.ts";
export type { TypedExpression } from "./expression/typed.ts";
export type { ExplainOptions } from "./options.ts";
export { Derivation } from "./render/index.ts";
export { GradientReport, gradientReport } from "./report.ts";
