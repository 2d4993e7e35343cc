/** What stands before a program's memory. */

/**
 * So many bytes before the memory's address there are words that say what went wrong: the number of a
 * line, counted from 1, the index, the size.
 */
export const faultBytes = 64;

/** Behind the first of them, in bytes: the address of the threads that run the program together, or 0. */
export const teamWord = 16;
