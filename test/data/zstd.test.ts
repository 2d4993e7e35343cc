/** Sizes that Zstandard frames say: of frames that pyarrow 25 has written, and of such that lie. */
import { describe, expect, it } from "vitest";
import { zstdSize } from "../../src/data/zstd.ts";

const bytes = (hex: string) => Uint8Array.from(Buffer.from(hex, "hex"));
/** "abc" 500 times, and 300,000 zeros. */
const text = "28b52ffd60dc04550000186162630100d6f9bb21";
const zeros = "28b52ffda0e09304005400001000000100fbff39c00202001000039f0400";

describe("the size of a frame", () => {
  it("is that of its content, where the frame says it", () => {
    expect(zstdSize(bytes(text))).toBe(1500);
    expect(zstdSize(bytes(zeros))).toBe(300_000);
    expect(zstdSize(bytes(text + zeros))).toBe(301_500);
  });
  it("is that of its plain blocks, where it says none", () => {
    // A window, then three bytes as they are, then the last block: one byte 100,000 times.
    expect(zstdSize(bytes("28b52ffd0050180000616263" + "03350c" + "00"))).toBe(3 + 100_000);
  });
  it("passes over frames that hold no content", () => {
    expect(zstdSize(bytes("5a2a4d1802000000ffff" + text))).toBe(1500);
  });
  it("is said by a frame of some bytes that lies", () => {
    expect(zstdSize(bytes("28b52ffde0ffffffffff0f0000010000"))).toBeGreaterThan(2 ** 43);
  });
  it("of what is no frame is 0, and of one that is cut what stands there", () => {
    expect(zstdSize(new Uint8Array(20))).toBe(0);
    for (let n = 0; n < text.length / 2; n++)
      expect(zstdSize(bytes(text).slice(0, n))).toBeGreaterThanOrEqual(0);
  });
});
