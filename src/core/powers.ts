/** 10^n for a whole n, to the last bit: what engines' `**` is not. */
export const powerOfTen = (n: number): number => Number(`1e${n}`);
