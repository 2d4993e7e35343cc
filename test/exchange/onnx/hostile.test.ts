/** ONNX files that are damaged or ill meant: each is refused by name, soon, and nothing else is read. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { openForeign } from "../../../src/exchange/index.ts";
import { encodeModel, type WrittenProto } from "../../../src/exchange/onnx/protobuf.ts";
import type { GraphProto, ModelProto } from "../../../src/exchange/onnx/schema.ts";
import { rejection } from "../../support/failure.ts";
import { mutated } from "../../support/mutations.ts";

type Graph = WrittenProto<GraphProto>;
type Node = NonNullable<Graph["node"]>[number];

const fixtures = `${import.meta.dirname}/../../fixtures/onnx`;
const value = (name: string, ...dims: (number | string)[]) => ({
  name,
  type: {
    tensor_type: {
      elem_type: 1,
      shape: {
        dim: dims.map((d) => (typeof d === "number" ? { dim_value: d } : { dim_param: d })),
      },
    },
  },
});
const node = (op_type: string, input: string[], output: string[], more: Partial<Node> = {}) => ({
  ...{ op_type, input, output, name: output[0]! },
  ...more,
});
const file = (graph: Graph): Uint8Array =>
  encodeModel({
    ir_version: 9,
    opset_import: [{ version: 20 }],
    graph: { input: [value("x", "n", 4)], output: [value("y", "n", 4)], ...graph },
  } as WrittenProto<ModelProto>);
const modelOf = async (bytes: Uint8Array) =>
  (await openForeign(bytes, { name: "m.onnx" })).model!();
const floats = (name: string, dims: number[], more: object = {}) => ({
  ...{ name, dims, data_type: 1, raw_data: new Uint8Array(0) },
  ...more,
});

describe("1,000 changed files", () => {
  it("give a model or a ChainruleError", async () => {
    const names = readdirSync(`${fixtures}/forms`).filter((name) => name.endsWith(".onnx"));
    const beside = async () => new Uint8Array(readFileSync(`${fixtures}/forms/external.data`));
    for (const name of names) {
      const bytes = new Uint8Array(readFileSync(`${fixtures}/forms/${name}`));
      await mutated(name, bytes, Math.ceil(1000 / names.length), async (changed) => {
        const opened = await openForeign(changed, { name, beside });
        for (const tensor of opened.tensors) await tensor.read();
        await opened.model?.();
      });
    }
  });
});

describe("graphs", () => {
  it("that go round in a circle", async () => {
    const nodes = [node("Relu", ["b"], ["a"]), node("Relu", ["a"], ["b"])];
    const error = await rejection(
      "file-corrupt",
      modelOf(file({ node: [...nodes, node("Add", ["x", "a"], ["y"])] })),
    );
    expect(error.message).toContain("go round in a circle");
  });
  it("that read themselves", async () => {
    const error = await rejection(
      "file-corrupt",
      modelOf(file({ node: [node("Add", ["x", "y"], ["y"])] })),
    );
    expect(error.message).toContain("go round in a circle");
  });
  it("of 5,000 nodes, one behind the other, are read", async () => {
    const count = 5_000;
    const nodes = Array.from({ length: count }, (_, i) =>
      node("Relu", [i === 0 ? "x" : `v${i}`], [i === count - 1 ? "y" : `v${i + 1}`]),
    );
    const { layers } = await modelOf(file({ node: nodes }));
    expect(layers.length).toBe(count);
  }, 30_000);
  it("of more nodes than any model", async () => {
    const nodes = Array.from({ length: 50_001 }, (_, i) => node("Relu", ["x"], [`v${i}`]));
    const error = await rejection("file-corrupt", modelOf(file({ node: nodes })));
    expect(error.message).toContain("too large");
  }, 30_000);
  it("in graphs in graphs", async () => {
    let inner: Graph = { node: [node("Relu", ["x"], ["y"])] };
    for (let i = 0; i < 40; i++) {
      const attribute = [{ name: "body", g: inner, type: 5 }];
      inner = { node: [node("Loop", ["x"], ["y"], { attribute })] };
    }
    const error = await rejection("file-corrupt", modelOf(file(inner)));
    expect(error.expected).toContain("deep");
  });
  it("with names that JavaScript has itself", async () => {
    const names = ["__proto__", "constructor", "toString", "hasOwnProperty"];
    const nodes = names.map((name, i) => node("Relu", [i === 0 ? "x" : names[i - 1]!], [name]));
    const { layers } = await modelOf(file({ node: nodes, output: [value(names.at(-1)!, "n", 4)] }));
    expect(layers.map(({ name }) => name)).toEqual(names.map(() => "relu"));
    expect(Object.hasOwn(Object.prototype, "weight")).toBe(false);
  });
  it("whose operators are called so", async () => {
    for (const op of ["__proto__", "constructor", "toString"]) {
      const error = await rejection(
        "unsupported",
        modelOf(file({ node: [node(op, ["x"], ["y"])] })),
      );
      expect(error.found).toBe(`"y" (${op}: no layer does this)`);
    }
  });
  it("with a join of branches of such names is a graph of ours", async () => {
    const nodes = [
      node("Relu", ["x"], ["__proto__"]),
      node("Tanh", ["x"], ["constructor"]),
      node("Concat", ["__proto__", "constructor"], ["y"], {
        attribute: [{ name: "axis", i: 1, type: 2 }],
      }),
    ];
    const { layers } = await modelOf(file({ node: nodes, output: [value("y", "n", 8)] }));
    const [{ name, options }] = layers as [{ name: string; options: object }];
    expect(name).toBe("graph");
    expect(Object.getPrototypeOf(options)).toBe(Object.prototype);
  });
});

describe("sizes that cannot be", () => {
  it("of a tensor, beside its data", async () => {
    for (const dims of [
      [2 ** 40],
      [2 ** 31, 2 ** 31],
      [65_536, 65_536, 65_536, 65_536],
      [-1],
      [3],
    ]) {
      const bytes = file({ initializer: [floats("w", dims)] });
      const error = await rejection("file-corrupt", openForeign(bytes, { name: "m.onnx" }));
      expect(error.message).toContain('"w"');
    }
  });
  it("of an input", async () => {
    for (const size of [-4, 2 ** 40]) {
      const nodes = [node("Relu", ["x"], ["y"])];
      await rejection(
        "file-corrupt",
        modelOf(file({ node: nodes, input: [value("x", "n", size)] })),
      );
    }
  });
  it("of what nodes make of constants", async () => {
    const shape = new Uint8Array(BigInt64Array.of(40_000n, 40_000n).buffer);
    const initializer = [{ name: "s", dims: [2], data_type: 7, raw_data: shape }];
    const nodes = [
      node("ConstantOfShape", ["s"], ["c"]),
      node("Expand", ["c", "s"], ["d"]),
      node("Add", ["x", "d"], ["y"]),
    ];
    const before = process.memoryUsage().rss;
    const error = await rejection("unsupported", modelOf(file({ node: nodes, initializer })));
    expect(error.found).toContain("ConstantOfShape");
    expect(process.memoryUsage().rss - before).toBeLessThan(100 * 2 ** 20);
  });
  it("of what doubles with each node", async () => {
    const one = { name: "c0", dims: [1], data_type: 1, raw_data: new Uint8Array(4) };
    const nodes = Array.from({ length: 60 }, (_, i) =>
      node("Concat", [`c${i}`, `c${i}`], [`c${i + 1}`], {
        attribute: [{ name: "axis", i: 0, type: 2 }],
      }),
    );
    const all = [...nodes, node("Add", ["x", "c60"], ["y"])];
    await rejection("unsupported", modelOf(file({ node: all, initializer: [one] })));
  });
  it("of a window", async () => {
    const kernel = floats("w", [1, 1, 1, 1], { raw_data: new Uint8Array(4) });
    const attribute = [
      { name: "pads", ints: [2 ** 30, 2 ** 30, 2 ** 30, 2 ** 30], type: 7 },
      { name: "kernel_shape", ints: [1, 1], type: 7 },
    ];
    const nodes = [node("Conv", ["x", "w"], ["y"], { attribute })];
    const input = [value("x", "n", 1, 4, 4)];
    await rejection(
      "unsupported",
      modelOf(file({ node: nodes, initializer: [kernel], input, output: [value("y", "n")] })),
    );
  });
});

describe("tensors in another file", () => {
  const folder = mkdtempSync(join(tmpdir(), "chainrule-onnx-"));
  afterAll(() => rmSync(folder, { recursive: true }));
  const external = (location: string, more: Record<string, string> = {}) => {
    const entries = Object.entries({ location, ...more });
    const data = entries.map(([key, value]) => ({ key, value }));
    const { raw_data: _, ...tensor } = floats("w", [4, 4]);
    const initializer = [{ ...tensor, data_location: 1, external_data: data }];
    return file({ node: [node("MatMul", ["x", "w"], ["y"])], initializer });
  };
  it.each(["../secret", "/etc/passwd", "a/../../b", "..", "c:\\x", ""])(
    "%s is not opened",
    async (location) => {
      let asked = 0;
      const beside = async () => {
        asked++;
        return new Uint8Array(64);
      };
      const opened = await openForeign(external(location), { name: "m.onnx", beside });
      const outcome = await opened.model!().then(
        () => "read",
        (error) => error.code,
      );
      expect([outcome, asked]).toEqual([expect.not.stringMatching("read"), 0]);
    },
  );
  it.each([
    [{ offset: "60" }, "file-corrupt"],
    [{ offset: "99999999999999999999" }, "file-corrupt"],
    [{ offset: "-1" }, "file-corrupt"],
    [{ length: "63" }, "file-corrupt"],
  ] as const)("%o is no place in it", async (more, code) => {
    writeFileSync(join(folder, "w.bin"), new Uint8Array(64));
    writeFileSync(join(folder, "m.onnx"), external("w.bin", more));
    const opened = await openForeign(join(folder, "m.onnx"));
    await rejection(code, opened.model!());
  });
  it("that is not there is named", async () => {
    writeFileSync(join(folder, "n.onnx"), external("none.bin"));
    const opened = await openForeign(join(folder, "n.onnx"));
    const error = await rejection("file-unreadable", opened.model!());
    expect(error.message).toContain("none.bin");
  });
});
