/** Numbers for people. */

/**
 * Nine significant digits, or fewer where the number has no more: 0.15, 0.751365070,
 * 3.51018778e-5.
 */
export function formatNumber(x: number, digits = 9): string {
  if (!Number.isFinite(x)) return String(x);
  // The last bits of 0.1 + 0.2 are not worth a line of zeros.
  const plain = String(Number(x.toPrecision(12)));
  const significant = plain
    .replace(/e.*$/, "")
    .replace(/^[-0.]+/, "")
    .replace(".", "").length;
  if (significant <= 6 && significant <= digits) return plain;
  const size = Math.abs(x);
  return size < 1e-4 || size >= 1e15 ? x.toExponential(digits - 1) : x.toPrecision(digits);
}

/** A number to be typed: rounded, without zeros at the end. */
export const roundedText = (x: number, digits: number): string =>
  String(Number(x.toPrecision(digits)));

export const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;

/** 12345 as "12,345". */
export const count = (n: number): string => String(Math.round(n)).replace(/\B(?=(\d{3})+$)/g, ",");

/** "1 epoch", "2 epochs". */
export const plural = (n: number, one: string, many = `${one}s`): string =>
  `${count(n)} ${n === 1 ? one : many}`;

function scaled(n: number, step: number, names: readonly string[]): string {
  let [value, at] = [n, 0];
  while (value >= step && at < names.length - 1) {
    value /= step;
    at++;
  }
  const digits = at === 0 || value >= 100 ? 0 : value >= 10 ? 1 : 2;
  return `${value.toFixed(digits)} ${names[at]}`;
}

/** 12345 as "12.3 k". */
export const metric = (n: number): string => scaled(n, 1000, ["", "k", "M", "G", "T"]).trim();
export const bytes = (n: number): string => scaled(n, 1024, ["bytes", "KiB", "MiB", "GiB", "TiB"]);

/** Seconds as 0.4 s, 12 s, 3:05, 1:02:03. */
export function duration(seconds: number): string {
  if (!Number.isFinite(seconds)) return "?";
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  if (seconds < 60) return `${Math.round(seconds)} s`;
  const whole = Math.round(seconds);
  const two = (n: number) => String(n).padStart(2, "0");
  const minutes = Math.floor(whole / 60) % 60;
  if (whole < 3600) return `${minutes}:${two(whole % 60)}`;
  return `${Math.floor(whole / 3600)}:${two(minutes)}:${two(whole % 60)}`;
}
