/** Parts of the page that are loaded when they are first wanted, or when there is nothing else to do. */
import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";

const loads: (() => Promise<unknown>)[] = [];

/** Loads everything that has not been wanted yet: from then on the page needs no connection. */
export const loadAll = async (): Promise<void> => {
  for (const load of loads) await load();
};

export function lazy<P extends object>(load: () => Promise<ComponentType<P>>): ComponentType<P> {
  let known: ComponentType<P> | undefined;
  loads.push(load);
  return function Lazy(props: P) {
    const [, draw] = useState(0);
    useEffect(() => {
      if (known) return;
      void load().then((found) => {
        known = found;
        draw(1);
      });
    }, []);
    const Known = known;
    return Known ? <Known {...props} /> : <p class="loading">…</p>;
  };
}
