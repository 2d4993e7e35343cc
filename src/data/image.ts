/** What an image is once it is decoded, and how large it may be. */
import { fail } from "../core/errors.ts";
import { isNumber } from "../core/kinds.ts";
import { shown } from "../core/wording.ts";

/** The pixels of an image: row by row from the top, each as its samples. */
export interface DecodedImage {
  readonly width: number;
  readonly height: number;
  /** 1: grey; 2: grey, alpha; 3: red, green, blue; 4: and alpha. */
  readonly channels: 1 | 2 | 3 | 4;
  /** Samples from 0 to 255, or in a Uint16Array, as files of 16 bits have them, to 65535. */
  readonly data: Uint8Array | Uint8ClampedArray | Uint16Array;
}

/** A photograph of 64 million pixels takes 256 MB while it is decoded. */
export const mostPixels = 2 ** 26;

/** @throws ChainruleError "file-corrupt" for an image without pixels, "too-large" beyond the limit. */
export function checkPixels(width: number, height: number, most: number): void {
  if (width === 0 || height === 0) {
    fail("file-corrupt", {
      message: "An image has no pixels.",
      expected: "at least one row and one column",
      found: `${width} · ${height}`,
    });
  }
  if (width * height <= most) return;
  fail("too-large", {
    message: "An image has more pixels than the limit.",
    expected: `at most ${most} pixels`,
    found: `${width} · ${height}`,
    fix: "Make it smaller beforehand, or raise maxPixels if the file can be trusted.",
  });
}

/** @throws ChainruleError "bad-argument" unless it is a number of pixels. */
export function checkMost(most: unknown): void {
  if (isNumber(most, (n) => Number.isInteger(n) && n > 0)) return;
  fail("bad-argument", {
    message: "maxPixels is the most pixels of an image.",
    expected: "a whole number from 1 on",
    found: shown(most),
  });
}
