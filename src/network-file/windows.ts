/** Windows over the rows of a table, as a network file sees them: each example in a row. */
import { elementsOf } from "../core/array-tensor.ts";
import type { Tensor } from "../core/tensor.ts";
import type { Dataset } from "../data/dataset.ts";
import type { WindowRule } from "../data/table-windows.ts";
import { constantTensor } from "../ops/leaf.ts";

/** The names of columns, of one row after the other. */
const named = (
  names: readonly string[] | undefined,
  places: readonly number[],
): readonly string[] | undefined =>
  names && places.flatMap((at) => names.map((name) => (at === 0 ? name : `${name} ${signed(at)}`)));

const signed = (at: number): string => (at < 0 ? `−${-at}` : `+${at}`);

/** How many rows behind a window's last each row of its horizon stands. */
const placesAhead = ({ horizon, gap }: WindowRule): readonly number[] =>
  Array.from({ length: horizon }, (_, h) => gap + h + 1);

/** Examples that are windows as rows of numbers; others as they are. */
export function inRows(data: Dataset): Dataset {
  const { windows } = data.preprocessing ?? {};
  if (windows === undefined) return data;
  const { inputs, targets, inputNames, targetNames, classes, size } = data;
  const flat = (rows: Tensor) => constantTensor(elementsOf(rows), [size, rows.size / size]);
  const before = Array.from({ length: windows.length }, (_, i) => i + 1 - windows.length);
  const ahead = placesAhead(windows);
  const inputsOf = named(inputNames, before);
  // A horizon of one row is what the column itself is called.
  const targetsOf = windows.horizon === 1 ? targetNames : named(targetNames, ahead);
  return {
    ...data,
    inputs: flat(inputs),
    targets: classes ? targets : flat(targets),
    ...(inputsOf ? { inputNames: inputsOf } : {}),
    ...(targetsOf ? { targetNames: targetsOf } : {}),
  };
}
