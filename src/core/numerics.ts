/**
 * The version of the arithmetic. It counts up whenever the same program gives other bits than
 * before with the same seed and `deterministic`; checkpoints carry it.
 *
 * 1: elementary functions of the engine (checkpoints of that time carry no version). 2: our own.
 * 3: the order of a sum follows from the program alone (compile/summation.ts). 4: a sum of matrix
 * products is one product, and so are a loop's.
 */
export const numerics = 4;
