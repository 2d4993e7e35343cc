/** The network as a picture: one tab stop, with a focus that the arrow keys move. */
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { Structure, Values } from "../protocol.ts";
import {
  cone,
  element,
  ghost,
  hovered,
  moments,
  places,
  position,
  strings,
  structure,
  values,
} from "../state/app.ts";
import { isDrawn, type Layout, layoutOf } from "../state/layout.ts";
import {
  elementKey,
  elementOf,
  elementOfKey,
  exists,
  type Element as Part,
  weightsInto,
} from "../state/places.ts";
import { columnAt, found } from "../state/read.ts";
import { rove } from "../state/roving.ts";
import { titleOf } from "../state/titles.ts";
import { Ends, WeightLabel, WeightLine } from "./edges.tsx";
import { LossCard } from "./loss-card.tsx";
import { edit, focused, type Looks } from "./mark.ts";
import { Column } from "./units.tsx";

export function Diagram() {
  const s = structure.value;
  const v = values.value;
  const t = strings.value;
  const frame = useRef<HTMLDivElement>(null);
  const width = useWidth(frame);
  const chosen = elementKey(element.value);
  const layout = useMemo(() => {
    if (!s || width === 0) return undefined;
    const weights = (column: number) => weightsAt(s, values.peek(), column);
    return layoutOf(s, { width, always: element.peek() }, weights);
  }, [s, width, chosen]);
  const stop = s && layout ? stopOf(s, layout) : element.value;
  const looks = useLooks(stop);
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the parts inside have their roles
    <div
      class="frame"
      ref={frame}
      onFocusIn={(e) => {
        // However the focus came here: assistive technology sets it without a key.
        const key = (e.target as Element).closest("[data-key]")?.getAttribute("data-key");
        focused.value = (key && elementOfKey(key)) || focused.value;
      }}
      onKeyDown={(e) => {
        if (s && layout) onKey(s, layout, stop, e);
      }}
    >
      {s && v && layout && (
        // biome-ignore lint/a11y/useSemanticElements: SVG has no fieldset
        <svg
          role="group"
          aria-label={t.diagram}
          aria-description={t.diagramHelp}
          width={layout.width}
          height={layout.height}
          viewBox={`0 0 ${layout.width} ${layout.height}`}
        >
          <Ends layout={layout} />
          {layout.edges.map((edge) => (
            <WeightLine
              key={`${edge.column}.${edge.index}`}
              edge={edge}
              structure={s}
              values={v}
              looks={looks}
            />
          ))}
          {layout.edges.map((edge) => (
            <WeightLabel
              key={`${edge.column}.${edge.index}`}
              edge={edge}
              structure={s}
              values={v}
              looks={looks}
              ghost={ghost.value}
            />
          ))}
          {layout.columns.map((box, column) => (
            <Column
              key={columnAt(s, column).layer + String(column)}
              column={column}
              box={box}
              structure={s}
              values={v}
              looks={looks}
              vertical={layout.vertical}
              ghost={ghost.value}
            />
          ))}
          <LossCard structure={s} values={v} box={layout.loss} looks={looks} ghost={ghost.value} />
        </svg>
      )}
      {(layout?.left ?? []).map(({ column, shown, of }) => (
        <p class="few" key={column}>
          {t.label(s ? titleOf(columnAt(s, column), t).whole : "", t.tooMany(shown, of))}
        </p>
      ))}
    </div>
  );
}

const weightsAt = (s: Structure, v: Values | undefined, column: number): ArrayLike<number> => {
  const w = weightsInto(s, column);
  return (w && v?.parameters[w.parameter]) ?? [];
};

function useWidth(frame: { readonly current: HTMLElement | null }): number {
  const [width, setWidth] = useState(0);
  useEffect(() => {
    const observer = new ResizeObserver(([entry]) => {
      if (entry) setWidth(Math.floor(entry.contentRect.width));
    });
    observer.observe(found(frame.current));
    return () => observer.disconnect();
  }, []);
  return width;
}

/** Where the keyboard enters the picture: there is such a place in every network. */
function stopOf(s: Structure, layout: Layout): Part {
  const drawn = (e: Part | undefined) => e !== undefined && exists(s, e) && isDrawn(layout, e);
  return [focused.value, element.value].find(drawn) ?? { kind: "unit", column: 0, unit: 0 };
}

/** The state of each part as class names: chosen, in the cone, hovered, happening now. */
function useLooks(stopAt: Part): Looks {
  const inCone = cone.value;
  const chosen = elementKey(element.value);
  const keyFor = (symbol: string | undefined) => {
    const place = symbol === undefined ? undefined : places.value.get(symbol);
    return place && elementKey(elementOf(place));
  };
  const over = keyFor(hovered.value);
  const at = position.value;
  const now = keyFor(at === undefined ? undefined : moments.value[at]?.step.symbol);
  const stop = elementKey(stopAt);
  return {
    of(e) {
      const key = elementKey(e);
      const names = [inCone.has(key) ? "cone" : "aside"];
      if (key === chosen) names.push("chosen");
      if (key === over) names.push("over");
      if (key === now) names.push("now");
      return names.join(" ");
    },
    tabIndex: (e) => (elementKey(e) === stop ? 0 : -1),
  };
}

function onKey(s: Structure, layout: Layout, at: Part, event: KeyboardEvent): void {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const frame = event.currentTarget as HTMLElement;
  const markOf = (e: Part) => frame.querySelector<SVGElement>(`[data-key="${elementKey(e)}"]`);
  // Space chooses as it does on any button; anywhere else on the page it trains.
  if (event.key === "Enter" || event.key === " ") {
    event.preventDefault();
    event.stopPropagation();
    markOf(at)?.dispatchEvent(new MouseEvent("click", { bubbles: true }));
    return;
  }
  if (event.key === "F2") {
    event.preventDefault();
    edit(at);
    return;
  }
  const next = rove(s, at, event.key, (e) => isDrawn(layout, e));
  if (!next) return;
  event.preventDefault();
  event.stopPropagation();
  focused.value = next;
  // The element gets its tab stop with the next drawing.
  requestAnimationFrame(() => {
    markOf(next)?.focus();
  });
}
