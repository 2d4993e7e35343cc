import { it } from "vitest";
import { wasm } from "../src/backends/wasm/index.ts";
import { input, exp, log, sigmoid, tanh, max, logsumexp, sum, where, isFinite } from "../src/index.ts";
import { compileProgram, printProgram } from "../src/compile/index.ts";
it("x", () => {
  for (const f of [max, (x: any) => sum(exp(x)), (x: any) => { const m = max(x); return where(isFinite(m), m, 0) }, (x: any) => log(sum(exp(x))), (x: any) => log(sum(exp(x))).add(max(x)), logsumexp]) {
    const x = input("x", [2], "f64");
    const e = wasm.compile({ inputs: [x], outputs: [f(x)] });
    console.log("R", e.run([Float64Array.of(1, 2)])[0][0]);
  }
  const x = input("x", [2], "f64");
  console.log(printProgram(compileProgram({ inputs: [x], outputs: [logsumexp(x)] })));
});
