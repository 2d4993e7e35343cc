/** Other engines, for tests that run in them where they are: none is fetched. */
interface Engine {
  readonly name: string;
  readonly options: readonly string[];
}

const tool = new URL("../../tools/engines/installed.mjs", import.meta.url).href;
const { engines, find } = (await import(tool)) as {
  readonly engines: readonly Engine[];
  readonly find: (engine: Engine) => string | undefined;
};

/** The executable of the newest engine whose name begins so. */
export const findEngine = (kind: string): string | undefined =>
  engines
    .filter(({ name }) => name.startsWith(kind))
    .map(find)
    .findLast((path) => path !== undefined);

/** The title of tests that need an engine, which says how to have them run. */
export const titleFor = (kind: string, path: string | undefined): string =>
  path === undefined ? `${kind} (skipped: npm run engines -- --install fetches it)` : kind;
