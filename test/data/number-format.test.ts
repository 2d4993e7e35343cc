import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  formatsFrom,
  kindOf,
  type NumberFormat,
  parseNumber,
  readQuantity,
} from "../../src/data/number-format.ts";

const english: NumberFormat = { decimal: ".", thousands: "," };
const german: NumberFormat = { decimal: ",", thousands: "." };
const swiss: NumberFormat = { decimal: ".", thousands: "'" };
const french: NumberFormat = { decimal: ",", thousands: " " };

describe("parseNumber", () => {
  it.each([
    [english, "1,200", 1200],
    [english, "-12,345,678.5", -12345678.5],
    [english, "12,34,567", 1234567],
    [english, "1200", 1200],
    [english, "1.200", 1.2],
    [english, "\u22123", -3],
    [german, "1.200", 1200],
    [german, "1.200,50", 1200.5],
    [german, "0,125", 0.125],
    [german, "1,5e3", 1500],
    [swiss, "1'200.5", 1200.5],
    [swiss, "1’200’000", 1200000],
    [french, "1 200,5", 1200.5],
    [french, "1\u202f200", 1200],
    [french, "1\u00a0200\u2009300", 1200300],
  ] as const)("%j: %s", (format, cell, value) => {
    expect(parseNumber(cell, format)).toBe(value);
  });
  it.each([
    [
      english,
      ["1,2", "12,00", "0,125", ",200", "1,200,", "1,2000", "1200,300", "1.200,5", "1,,200"],
    ],
    [german, ["1.2", "1.20", "1,200,5", "0.125", "1,5.2", "1'200"]],
    [{ decimal: "." }, ["1,200", "1 200", "1'200", "12 kg", "5%", "", "-", "(3)", "1-2", "٣"]],
    [{ decimal: "," }, ["1.200", "1.5", "1.200,50"]],
    [french, ["1  200", "12 00", " 200"]],
  ] as const)("%j: none of %j", (format, cells) => {
    for (const cell of cells) expect([cell, parseNumber(cell, format)]).toEqual([cell, undefined]);
  });
  it("reads what is written in any format, or says that it is none", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: -(10 ** 9), max: 10 ** 9 }),
        fc.integer({ min: 0, max: 999 }),
        fc.constantFrom(...formatsFrom({ decimal: "." })),
        (whole, rest, format) => {
          const digits = String(Math.abs(whole));
          const groups = digits.replace(/\B(?=(?:\d{3})+$)/g, format.thousands ?? "");
          const sign = whole < 0 ? "-" : "";
          const text = `${sign}${groups}${format.decimal}${String(rest).padStart(3, "0")}`;
          expect(parseNumber(text, format)).toBe(
            Number(`${sign}${digits}.${String(rest).padStart(3, "0")}`),
          );
        },
      ),
    );
  });
});

describe("readQuantity", () => {
  const units: NumberFormat = { ...english, units: true };
  it.each([
    ["12 kg", 12, "kg"],
    ["12kg", 12, "kg"],
    ["-3.5°C", -3.5, "°C"],
    ["18 %", 18, "%"],
    ["$1,200.50", 1200.5, "$"],
    ["-$5", -5, "$"],
    ["$-5", -5, "$"],
    ["US$ 5", 5, "US$"],
    ["€80", 80, "€"],
    ["80\u00a0€", 80, "€"],
    ["CHF 20", 20, "CHF"],
    ["9.81 m/s²", 9.81, "m/s²"],
    ["1.5e3 kg", 1500, "kg"],
    ["7", 7, ""],
  ])("%s", (cell, value, unit) => {
    expect(readQuantity(cell, units)).toEqual({ value, unit });
  });
  it("is none without a number, with two signs, or without the option", () => {
    for (const cell of ["kg", "kg 12", "-$-5", "12 kg 3", "1,2 kg", "1-2 kg", "a1", "$", "%5%"]) {
      expect([cell, readQuantity(cell, units)]).toEqual([cell, undefined]);
    }
    expect(readQuantity("12 kg", english)).toBeUndefined();
  });
  it("takes no time that grows with the square of a cell's length", () => {
    const started = performance.now();
    for (const text of [" ".repeat(1e6), "1".repeat(1e6), "1,".repeat(5e5), "1 ".repeat(5e5)]) {
      readQuantity(`${text}!`, units);
      kindOf(`${text}!`, units);
    }
    expect(performance.now() - started).toBeLessThan(5000);
  });
});

describe("kindOf", () => {
  it.each([
    ["number", "1 1.5 -3e5 inf"],
    ["doubtful", "1,5 1,200 1'200 1.200,50 1.2.3 (12)"],
    ["quantity", "12kg 5% $3 $1,200 €3 3,5%"],
    [
      "date",
      "2024-01-31 31.01.2024 1/31/24 2024-01-31T12:30:00Z 12:30 9:05:33 31-Jan-2024 2024/1/5",
    ],
    ["text", "a a1 - n/a 1a2b3c4d5e6f7g8 1-2 12:3 #1 5/6"],
  ])("%s: %s", (kind, cells) => {
    for (const cell of cells.split(" ")) {
      expect([cell, kindOf(cell, { decimal: "." })]).toEqual([cell, kind]);
    }
  });
  it("knows dates of several words", () => {
    for (const cell of ["31 Jan 2024", "31. Januar 2024", "January 5, 2024", "2024-01-31 12:30"]) {
      expect([cell, kindOf(cell, { decimal: "." })]).toEqual([cell, "date"]);
    }
  });
});
