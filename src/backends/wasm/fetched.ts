/**
 * The compiler as a page fetches it when the first large tensor is awaited: a module that nothing loads
 * at once, since bundlers split off none that is loaded at once elsewhere, and warn of it.
 */
export * as compiler from "./parts.ts";
