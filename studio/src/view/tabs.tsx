import type { ComponentType } from "preact";
import { derivation, opened, strings, type Tab, tab } from "../state/app.ts";
import { lazy } from "./lazy.tsx";

const all: Readonly<Record<Tab, ComponentType>> = {
  loss: lazy(async () => (await import("./loss-plot.tsx")).LossPlot),
  plane: lazy(async () => (await import("./plane.tsx")).PlanePlot),
  line: lazy(async () => (await import("./line-plot.tsx")).LinePlot),
  gains: lazy(async () => (await import("./gains.tsx")).Gains),
  table: lazy(async () => (await import("./table.tsx")).Tables),
  practice: lazy(async () => (await import("./practice.tsx")).Practice),
  compare: lazy(async () => (await import("./compare.tsx")).Compare),
  formula: lazy(async () => (await import("./formula.tsx")).FormulaTab),
};

export function Tabs() {
  const t = strings.value;
  const names = (Object.keys(all) as Tab[]).filter(
    (name) => name !== "plane" || opened.value?.planar,
  );
  const chosen = names.includes(tab.value) ? tab.value : "loss";
  const Content = all[chosen];
  const go = (name: Tab | undefined, list: HTMLElement) => {
    if (name === undefined) return;
    tab.value = name;
    requestAnimationFrame(() => {
      list.querySelector<HTMLElement>("[aria-selected=true]")?.focus();
    });
  };
  const title = (name: Tab) =>
    name === "line" && derivation.value
      ? `${t.tabs.line} ${derivation.value.symbol}`
      : t.tabs[name];
  return (
    <div class="tabs">
      <div
        role="tablist"
        tabIndex={-1}
        onKeyDown={(e) => {
          const at = names.indexOf(chosen);
          const list = e.currentTarget;
          if (e.key === "ArrowRight") go(names[(at + 1) % names.length], list);
          if (e.key === "ArrowLeft") go(names[(at + names.length - 1) % names.length], list);
        }}
      >
        {names.map((name) => (
          <button
            key={name}
            type="button"
            role="tab"
            id={`tab-${name}`}
            aria-selected={name === chosen}
            aria-controls="tab-panel"
            tabIndex={name === chosen ? 0 : -1}
            onClick={() => {
              tab.value = name;
            }}
          >
            {title(name)}
          </button>
        ))}
      </div>
      <div class="panel" role="tabpanel" id="tab-panel" aria-labelledby={`tab-${chosen}`}>
        <Content key={chosen} />
      </div>
    </div>
  );
}
