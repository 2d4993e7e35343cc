/** Parts of the page that are loaded when they are first wanted. */
import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";

export function lazy(load: () => Promise<ComponentType>): ComponentType {
  let known: ComponentType | undefined;
  return function Lazy() {
    const [, draw] = useState(0);
    useEffect(() => {
      if (known) return;
      void load().then((found) => {
        known = found;
        draw(1);
      });
    }, []);
    const Known = known;
    return Known ? <Known /> : <p class="loading">…</p>;
  };
}
