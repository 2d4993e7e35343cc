import { announced, failure, panel, strings } from "../state/app.ts";
import { Controls } from "./controls.tsx";
import { Derivation } from "./derivation.tsx";
import { Diagram } from "./diagram.tsx";
import { Drop } from "./drop.tsx";
import { Header } from "./header.tsx";
import { Inspector } from "./inspector.tsx";
import { lazy } from "./lazy.tsx";
import { Tabs } from "./tabs.tsx";

const panels = {
  edit: lazy(async () => (await import("./editor.tsx")).Editor),
  share: lazy(async () => (await import("./share.tsx")).Share),
  help: lazy(async () => (await import("./help.tsx")).Help),
};

export function Page() {
  const Panel = panel.value && panels[panel.value];
  return (
    <>
      <Header />
      <Told />
      <main>
        <section class="network" aria-label={strings.value.network}>
          <Diagram />
          <Inspector />
          <Controls />
          <Tabs />
        </section>
        <Derivation />
      </main>
      {Panel && <Panel />}
      <Drop />
      <p class="hidden" role="status" aria-live="polite">
        {announced.value}
      </p>
    </>
  );
}

/** What went wrong, in the library's words. */
function Told() {
  const f = failure.value;
  const t = strings.value;
  if (!f) return null;
  const facts = [
    [t.expected, f.expected],
    [t.found, f.found],
    [t.where, f.where],
    [t.fix, f.fix],
  ].filter(([, text]) => text !== undefined);
  return (
    <div class="told" role="alert">
      <p>
        <strong>{f.title}.</strong> {f.message}
      </p>
      {f.code === "not-finite" && <p>{t.rewound}</p>}
      {f.excerpt && <pre>{f.excerpt}</pre>}
      <dl>
        {facts.map(([name, text]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{text}</dd>
          </div>
        ))}
      </dl>
      <button
        type="button"
        onClick={() => {
          failure.value = undefined;
        }}
      >
        {t.close}
      </button>
    </div>
  );
}
