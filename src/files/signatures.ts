/** What a file is that was taken for another: by its first bytes. */

/** Bytes with which a file of a kind begins, and what writes such files. */
const signatures: readonly (readonly [bytes: readonly number[], what: string])[] = [
  [[0x50, 0x4b, 3, 4], "a ZIP archive, as torch.save and numpy.savez write it"],
  [[0x80, 2], "a Python pickle, as older versions of torch.save write it"],
  [[0x89, 0x48, 0x44, 0x46], "an HDF5 file, as Keras writes it"],
  [[0x47, 0x47, 0x55, 0x46], "a GGUF file, as llama.cpp reads it"],
  [[0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59], "a NumPy array (.npy)"],
  [[0x1f, 0x8b], "a gzip-compressed file"],
  [[0x7b], "JSON text"],
];

/** "a ZIP archive, as …", where the first bytes say so. */
export const kindOfFile = (bytes: Uint8Array): string | undefined =>
  signatures.find(([start]) => start.every((byte, i) => bytes[i] === byte))?.[1];
