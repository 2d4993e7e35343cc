/** A person's number against the true one. */
import { describe, expect, it } from "vitest";
import { agreement, numeral } from "../../src/explain/diagnose/agreement.ts";

const verdict = (text: string | number, exact: number) => agreement(numeral(text)!, exact);

describe("a numeral", () => {
  it.each([
    ["0.10", 0.1, 2, 0.01],
    ["0.1", 0.1, 1, 0.1],
    ["1e-3", 1e-3, 1, 1e-3],
    ["0.561", 0.561, 3, 1e-3],
    [".0822", 0.0822, 3, 1e-4],
    ["5.", 5, 1, 1],
    ["100", 100, 3, 1],
    ["1.20E+2", 120, 3, 1],
    ["−0.0822", -0.0822, 3, 1e-4],
    ["+8.22e-2", 0.0822, 3, 1e-4],
    [" 0,0822 ", 0.0822, 3, 1e-4],
    ["1234,5", 1234.5, 5, 0.1],
    ["56.1%", 0.561, 3, 1e-3],
    ["56.1 %", 0.561, 3, 1e-3],
    ["0", 0, 0, 1],
    ["-0.000", -0, 0, 1e-3],
    ["1/3", 1 / 3, Number.POSITIVE_INFINITY, 0],
    ["−1/8", -0.125, Number.POSITIVE_INFINITY, 0],
    [0.1, 0.1, 1, 0.1],
    [1e21, 1e21, 1, 1e21],
    [0.1 + 0.2, 0.1 + 0.2, 17, 1e-17],
  ])("%j is %d, of %d digits, the last worth %d", (given, value, digits, unit) => {
    const read = numeral(given)!;
    expect([read.value, read.digits]).toEqual([value, digits]);
    expect(read.unit).toBeCloseTo(unit, 20);
  });

  it.each([
    "",
    "-",
    ".",
    "e5",
    "0x10",
    "1,200",
    "12,345,678",
    "1.2.3",
    "1e999",
    "1/0",
    "1/x",
    "NaN",
  ])("is not what %j is", (text) => expect(numeral(text)).toBeUndefined());
  it.each([Number.NaN, Number.POSITIVE_INFINITY])("is not %d", (n) =>
    expect(numeral(n)).toBeUndefined(),
  );
});

describe("a number against the true one", () => {
  const w5 = 0.08216704056423077;
  it.each([
    // From three digits on: rounded or cut off at the last.
    ["0.0822", w5, "right"],
    ["0.0821", w5, "right"],
    ["0.0823", w5, "wrong"],
    ["0.0820", w5, "wrong"],
    ["0.08217", w5, "right"],
    ["0.082167041", w5, "right"],
    ["0.082167040", w5, "right"],
    ["0.082167042", w5, "wrong"],
    ["8.22e-2", w5, "right"],
    ["-0.0822", w5, "wrong"],
    ["-0.0822", -w5, "right"],
    ["-0.0821", -w5, "right"],
    ["-0.0823", -w5, "wrong"],
    ["8.22 %", w5, "right"],
    ["0.561", 0.5613, "right"],
    ["0.562", 0.5613, "wrong"],
    ["0.100", 0.0996, "right"],
    ["1.00", 0.9996, "right"],
    ["100", 100.3, "right"],
    // Exactly between two numerals both do, whatever binary fractions make of them.
    ["0.561", 0.5605, "right"],
    ["0.560", 0.5605, "right"],
    ["0.561", 0.562, "wrong"],
    ["0.561", 0.56199999999999994, "wrong"],
    // With fewer digits there is no more to be said than that it fits.
    ["0.1", 0.0822, "unclear"],
    ["1", 0.561, "unclear"],
    ["0.08", w5, "unclear"],
    ["0.082", w5, "unclear"],
    ["0.10", 0.0996, "unclear"],
    ["8e-2", w5, "unclear"],
    ["1", 1.0000001, "unclear"],
    ["1", 0.15, "wrong"],
    ["0.1", 0.0499, "wrong"],
    ["0.2", 0.0822, "wrong"],
    ["-0.1", 0.04, "wrong"],
    ["-1", 0.561, "wrong"],
    // All of the number: there are no more digits to be given.
    ["1", 1, "right"],
    ["1", 0.9999999999999998, "right"],
    ["0.5", 0.5, "right"],
    ["0.3", 0.30000000000000004, "right"],
    ["-0.25", -0.25, "right"],
    ["1/3", 1 / 3, "right"],
    ["1/3", 0.3334, "wrong"],
    ["2/6", 1 / 3, "right"],
    [w5, w5, "right"],
    // Zero has no digits: it is right for zero alone.
    ["0", 0, "right"],
    ["0.00", 0, "right"],
    ["-0", 0, "right"],
    ["0", -0, "right"],
    ["0.00", 0.004, "unclear"],
    ["0.00", 0.006, "wrong"],
    ["0", 1e-17, "unclear"],
    ["0", 0.9, "wrong"],
    ["1e-9", 0, "wrong"],
    ["0.001", 0, "wrong"],
    // Small numbers are numbers, too.
    ["1e-9", 3e-9, "wrong"],
    ["1.00e-9", 3e-9, "wrong"],
    ["3.00e-9", 3e-9, "right"],
    ["1.23e-300", 1.234e-300, "right"],
    ["1.23e-300", 1.244e-300, "wrong"],
    ["0.561", Number.NaN, "wrong"],
    ["0.561", Number.POSITIVE_INFINITY, "wrong"],
  ] as const)("%s for %d is %s", (given, exact, expected) =>
    expect(verdict(given, exact)).toBe(expected),
  );

  it("allows for the true number's own rounding", () => {
    expect(agreement(numeral("4.38567734e-10")!, 4.38567e-10)).toBe("wrong");
    expect(agreement(numeral("4.38567734e-10")!, 4.38567e-10, 1e-15)).toBe("right");
    expect(agreement(numeral("0")!, 1e-17, 1e-16)).toBe("right");
  });
});
