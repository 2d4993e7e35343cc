/** What stands above a column of the picture. */
import type { Column } from "../protocol.ts";
import type { Strings } from "../strings/en.ts";

interface Title {
  /** The layer with its activation, and the channels that it makes where it makes such. */
  readonly short: string;
  readonly channels?: string;
  /** All in one line: "linear 2 · sigmoid", "conv2d, 8 channels of 5 × 5 · relu". */
  readonly whole: string;
}

export function titleOf({ layer, activation, shape, channels }: Column, t: Strings): Title {
  const behind = activation === undefined ? "" : ` · ${activation}`;
  const sizes = (some: readonly number[]) => some.join(" × ");
  if (!channels) {
    const whole = `${layer} ${sizes(shape)}${behind}`;
    return { short: whole, whole };
  }
  const [count = 1, ...field] = shape;
  const made = t.channels(count, field.some((n) => n > 1) ? sizes(field) : undefined);
  return {
    short: `${layer}${behind}`,
    channels: made,
    whole: `${t.listed(layer, made)}${behind}`,
  };
}
