/** Parts of the page that are loaded when they are first wanted, or when there is nothing else to do. */
import type { ComponentType } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { strings } from "../state/app.ts";

const loads: (() => Promise<unknown>)[] = [];

/**
 * Loads everything that has not been wanted yet: from then on the page needs no connection. A part
 * that cannot be loaded keeps no other from it; it says so itself where it is wanted.
 */
export const loadAll = async (): Promise<void> => {
  for (const load of loads) await load().catch(() => {});
};

export function lazy<P extends object>(load: () => Promise<ComponentType<P>>): ComponentType<P> {
  let known: ComponentType<P> | undefined;
  loads.push(load);
  return function Lazy(props: P) {
    const [, draw] = useState(0);
    const [error, setError] = useState<unknown>();
    useEffect(() => {
      if (known) return;
      load().then(
        (found) => {
          known = found;
          draw(1);
        },
        (e: unknown) => setError(e ?? "?"),
      );
    }, []);
    const Known = known;
    if (Known) return <Known {...props} />;
    return error === undefined ? <p class="loading">…</p> : <Broken error={error} />;
  };
}

/** A part that could not be loaded, or threw while it was. */
function Broken({ error }: { readonly error: unknown }) {
  const self = useRef<HTMLParagraphElement>(null);
  useEffect(() => self.current?.scrollIntoView({ block: "nearest" }), []);
  return (
    <p class="told" role="alert" ref={self}>
      {strings.value.partFailed} {String((error as Error)?.message ?? error)}
    </p>
  );
}
