/** What a trainer's checkpoint holds, bit by bit. */
import { elementsOf } from "../../src/core/array-tensor.ts";
import type { Tensor } from "../../src/core/tensor.ts";
import { decodeSafetensors } from "../../src/files/safetensors.ts";
import type { Trainer } from "../../src/train/trainer.ts";

/**
 * Parameters, buffers, optimizer's memory and progress; not the name of the backend, so that the states
 * of two can be compared.
 */
export function stateBits(t: Trainer): string {
  const { tensors, metadata } = decodeSafetensors(t.toBytes());
  const { backend: _, ...training } = JSON.parse(metadata.training ?? "{}");
  const values = [...tensors].map(([name, x]) => {
    const { buffer, byteOffset, byteLength } = elementsOf(x as Tensor);
    return [name, x.dtype, x.shape, Buffer.from(buffer, byteOffset, byteLength).toString("base64")];
  });
  return JSON.stringify([metadata, training, values], (key, value) =>
    key === "training" && typeof value === "string" ? undefined : value,
  );
}
