/** Convolutions and pools against PyTorch's recorded values and gradients. */
import "../support/backend.ts";
import { describe, expect, test } from "vitest";
import { gradient } from "../../src/autodiff/gradient.ts";
import * as convolution from "../../src/ops/convolution.ts";
import * as pooling from "../../src/ops/pooling.ts";
import * as windows from "../../src/ops/windows.ts";
import { expectClose } from "../support/close.ts";
import { fixtures, numbers, toTensor } from "../support/fixtures.ts";
import { type Case, call, type Functions } from "../support/operators.ts";

const functions = { ...convolution, ...pooling, ...windows } as unknown as Functions;

// Both sides compute in double precision; no sum has more than some hundred terms.
const tolerance = { relative: 1e-13, absolute: 1e-13 };

const cases = fixtures<Case>("windows");
const names = [...new Set(cases.map((c) => c.name))];

describe.each(names)("%s", (name) => {
  const own = cases.filter((c) => c.name === name);
  test.each(own.map((c) => [`${c.note ?? ""} ${JSON.stringify(c.attributes)}`, c] as const))(
    "%s",
    (_, c) => {
      const xs = c.inputs.map(toTensor);
      const y = call(functions, c, xs);
      expect(y.shape).toEqual(c.output.shape);
      expectClose(y.dataSync(), numbers(c.output), tolerance, "value");
      gradient(call(functions, c, xs), xs, toTensor(c.upstream!)).forEach((g, k) => {
        expect(g.shape).toEqual(xs[k]!.shape);
        const wanted = numbers(c.gradients[k]!);
        expectClose(g.dataSync(), wanted, tolerance, `gradient of input ${k}, entry`);
      });
    },
  );
});
