import { expect, it } from "vitest";
import { type ChainruleError, fail } from "../../src/core/errors.ts";
import { inFile } from "../../src/files/in-file.ts";
import { failure } from "../support/failure.ts";

it("names the file, and keeps what a reader says of the place", () => {
  const read = (where?: string) => () => fail("file-corrupt", { message: "Bad.", where });
  expect(inFile("a.bin", () => 7)).toBe(7);
  expect(failure("file-corrupt", () => inFile("a.bin", read())).where).toBe("a.bin");
  const within = failure("file-corrupt", () => inFile("a.bin", read("line 3")));
  expect(within.where).toBe("a.bin (line 3)");
  expect(within.message).toMatch(/^Bad\.\n {2}at {7}a\.bin \(line 3\)\n/);
  expect(failure("file-corrupt", () => inFile("a.bin", read("a.bin:3:1"))).where).toBe("a.bin:3:1");
  expect(failure("file-corrupt", () => inFile("a\x1b[2J", read())).where).toBe('"a\\u001b[2J"');
  const fix = ({ code }: ChainruleError) => `Repair ${code}.`;
  expect(failure("file-corrupt", () => inFile("a", read(), fix)).fix).toBe("Repair file-corrupt.");
});

it("leaves other errors alone", () => {
  const fault = new TypeError("a fault of ours");
  const thrown = (): never => {
    throw fault;
  };
  expect(() => inFile("a", thrown)).toThrow(fault);
});
