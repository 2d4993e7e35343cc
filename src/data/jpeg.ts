/**
 * JPEG files: their header is read here, so that sizes are known before anything is decoded; the rest
 * is done by the package @jsquash/jpeg, which is libjpeg as WebAssembly and gives its bits.
 * Source: ITU-T T.81, annex B.
 */
import { ChainruleError, fail } from "../core/errors.ts";
import { isFunction, isRecord } from "../core/kinds.ts";
import { shown } from "../core/wording.ts";
import { checkPixels, type DecodedImage } from "./image.ts";
import { optional } from "./optional.ts";

/** What a page's or a package's decoder gives: red, green, blue and alpha of each pixel. */
interface DecodedJpeg {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array | Uint8ClampedArray;
}

/** Decodes the bytes of a JPEG file to red, green, blue, alpha: `decode` of `@jsquash/jpeg` does. */
export type DecodeJpeg = (bytes: ArrayBuffer) => DecodedJpeg | Promise<DecodedJpeg>;

function corrupt(message: string, expected: string, found: string): never {
  return fail("file-corrupt", { message, expected, found });
}

export const isJpeg = (bytes: Uint8Array): boolean =>
  bytes.length >= 3 && bytes[0] === 0xff && bytes[1] === 0xd8 && bytes[2] === 0xff;

/** Each scan of a progressive image goes through all of it. */
const mostScans = 100;

/** Frames of Huffman codes: sequential with 8 bits, extended, progressive. */
const frames = [0xc0, 0xc1, 0xc2];
/** Others: lossless, differential, arithmetic. */
const otherFrames = [0xc3, 0xc5, 0xc6, 0xc7, 0xc9, 0xca, 0xcb, 0xcd, 0xce, 0xcf];

interface Header {
  readonly width: number;
  readonly height: number;
  readonly components: number;
}

/** Goes through the parts of a file up to its end. */
function headerOf(bytes: Uint8Array): Header {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let header: Header | undefined;
  let scans = 0;
  for (let begin = 2; ; ) {
    // Between its parts a file may have anything else, as libjpeg has it, too.
    begin = markerFrom(bytes, begin);
    if (begin + 2 > bytes.length) return cutOff(bytes);
    const marker = view.getUint8(begin + 1);
    begin += 2;
    if (marker === 0xd9) {
      if (header && scans > 0) return header;
      corrupt("A JPEG file has no image.", "a frame and a scan", "its end");
    }
    if (begin + 2 > bytes.length) return cutOff(bytes);
    const length = view.getUint16(begin);
    if (length < 2 || begin + length > bytes.length) return cutOff(bytes);
    if (otherFrames.includes(marker)) {
      fail("unsupported", {
        message: "A JPEG file is coded in a way that is hardly ever used.",
        expected: "Huffman codes, sequential or progressive",
        found: `the frame ${marker.toString(16)}`,
        fix: "Save the image again as PNG or as plain JPEG.",
      });
    }
    if (frames.includes(marker)) {
      if (header) corrupt("A JPEG file has two frames.", "one", "another");
      if (length < 8) return cutOff(bytes);
      header = frameOf(view, begin);
    }
    begin += length;
    if (marker === 0xda && ++scans > mostScans) {
      corrupt("A JPEG file has too many scans.", `at most ${mostScans}`, `${scans} or more`);
    }
  }
}

function frameOf(view: DataView, begin: number): Header {
  const depth = view.getUint8(begin + 2);
  const components = view.getUint8(begin + 7);
  if (depth !== 8 || (components !== 1 && components !== 3)) {
    fail("unsupported", {
      message: "A JPEG file has other colours than grey or red, green and blue.",
      expected: "1 or 3 components of 8 bits",
      found: `${components} of ${depth} bits${components === 4 ? ", as for print (CMYK)" : ""}`,
      fix: "Save the image again as PNG, or as JPEG in RGB.",
    });
  }
  return { height: view.getUint16(begin + 3), width: view.getUint16(begin + 5), components };
}

/**
 * The next marker that is no restart: behind a scan its codes come first, where ff 00 stands for ff.
 */
function markerFrom(bytes: Uint8Array, begin: number): number {
  for (let i = bytes.indexOf(0xff, begin); i >= 0; i = bytes.indexOf(0xff, i + 1)) {
    const next = bytes[i + 1] ?? 0;
    // 01 and d0 to d7 stand alone; of several ff the last counts.
    if (next > 1 && next !== 0xff && (next < 0xd0 || next > 0xd7)) return i;
  }
  return bytes.length;
}

const cutOff = ({ length }: Uint8Array): never =>
  corrupt("A JPEG file is cut off.", "parts up to the mark of its end", `${length} bytes`);

/** The pixels of a JPEG file. */
export async function decodeJpegFile(
  bytes: Uint8Array,
  maxPixels: number,
  given: DecodeJpeg | undefined,
): Promise<DecodedImage> {
  const { width, height, components } = headerOf(bytes);
  checkPixels(width, height, maxPixels);
  // A block of 64 pixels has a code, which takes a bit at least.
  if (width * height > 512 * bytes.length) {
    corrupt(
      "A JPEG file cannot have as many pixels as it says.",
      `at most 512 for each of ${bytes.length} bytes`,
      `${width} · ${height}`,
    );
  }
  const decode = given ?? (await own());
  let decoded: DecodedJpeg;
  try {
    // The file alone, whatever it is a part of.
    decoded = await decode(bytes.slice().buffer);
  } catch (cause) {
    if (cause instanceof ChainruleError) throw cause;
    return fail("file-corrupt", {
      message: "A JPEG file cannot be decoded.",
      expected: "an image",
      found: said(cause),
      cause,
    });
  }
  checkDecoded(decoded, width, height);
  const { data } = decoded;
  const channels = components === 1 ? 1 : 3;
  const pixels = new Uint8Array(width * height * channels);
  for (let i = 0; i < width * height; i++) {
    for (let k = 0; k < channels; k++) pixels[i * channels + k] = data[4 * i + k] ?? 0;
  }
  return { width, height, channels, data: pixels };
}

/** What a decoder threw, in a few words. */
const said = (cause: unknown): string =>
  isRecord(cause) && typeof cause.message === "string" ? cause.message : shown(cause);

/** What is asked of a decoder that somebody passes. */
function checkDecoded(decoded: unknown, width: number, height: number): void {
  const { data, ...size } = (isRecord(decoded) ? decoded : {}) as Partial<DecodedJpeg>;
  const bytes = data instanceof Uint8Array || data instanceof Uint8ClampedArray ? data.length : 0;
  if (size.width === width && size.height === height && bytes === 4 * width * height) return;
  fail("bad-argument", {
    message: "decodeJpeg gave another image than the file holds.",
    expected: `{ width: ${width}, height: ${height}, data } with ${4 * width * height} bytes`,
    found: `${shown(size.width)} · ${shown(size.height)} and ${bytes} bytes`,
    fix: "Pass decode of @jsquash/jpeg, which turns no image as its EXIF data say.",
  });
}

/** What is used of the package. */
interface Codec {
  decode(bytes: ArrayBuffer, preserveOrientation: boolean): DecodedJpeg | null;
}

/**
 * What libjpeg says, and goes on with grey, where codes are wrong: such an image is none. Other remarks
 * are of bytes too many, or of headers as some cameras write them.
 */
const damage = /^(Premature|Corrupt JPEG data: (?!\d+ extraneous))/;

interface Instance {
  readonly codec: Codec;
  readonly warnings: string[];
}

/** What makes instances, loaded once. */
let loaded: Promise<() => Promise<Instance>> | undefined;
/** An instance of our own: what it says is heard, and after a failure there is another. */
let kept: Promise<Instance> | undefined;

async function own(): Promise<DecodeJpeg> {
  loaded ??= loading();
  const start = await loaded.catch((error: unknown) => {
    // It may be installed until it is needed again.
    loaded = undefined;
    throw error;
  });
  return async (bytes) => {
    kept ??= start();
    const { codec, warnings } = await kept;
    warnings.length = 0;
    let decoded: DecodedJpeg | null = null;
    try {
      decoded = codec.decode(bytes, false);
    } catch (cause) {
      kept = undefined;
      throw warnings.length === 0 ? cause : new Error(warnings.join("; "));
    }
    const odd = warnings.find((text) => damage.test(text));
    if (odd !== undefined || decoded === null) throw new Error(odd ?? "nothing came out");
    return decoded;
  };
}

const inside = "@jsquash/jpeg/codec/dec/mozjpeg_dec";

async function loading(): Promise<() => Promise<Instance>> {
  const module: { readonly default?: (options: object) => Promise<Codec> } = await optional(
    `${inside}.js`,
    "JPEG files",
    "@jsquash/jpeg",
  );
  const { packageFile } = await import("#files");
  const code = new WebAssembly.Module(await packageFile(`${inside}.wasm`));
  const factory = module.default;
  if (factory === undefined || !isFunction(factory)) {
    return fail("unsupported", {
      message: "The package @jsquash/jpeg is another one than was expected.",
      expected: "version 1.6",
      found: shown(factory),
    });
  }
  return async () => {
    const warnings: string[] = [];
    const options = {
      noInitialRun: true,
      instantiateWasm(imports: WebAssembly.Imports, use: (instance: WebAssembly.Instance) => void) {
        const instance = new WebAssembly.Instance(code, imports);
        use(instance);
        return instance.exports;
      },
      print: () => {},
      printErr: (text: string) => warnings.push(text),
    };
    return { codec: await factory(options), warnings };
  };
}
