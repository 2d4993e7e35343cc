/** WABT as a second opinion on modules. */
import initWabt from "wabt";

const features = {
  simd: true,
  relaxed_simd: true,
  threads: true,
  bulk_memory: true,
  sat_float_to_int: true,
  sign_extension: true,
  mutable_globals: true,
};

const wabt = await initWabt();

/** A module's text, once it has been found valid. */
export function textOf(bytes: Uint8Array): string {
  const module = wabt.readWasm(bytes, { readDebugNames: true, ...features });
  // validate takes the features too, though its types do not say so.
  (module as { validate(options: object): void }).validate(features);
  return module.toText({ foldExprs: false, inlineExport: false });
}
