import { announced, panel, strings } from "../state/app.ts";
import { Controls } from "./controls.tsx";
import { Derivation } from "./derivation.tsx";
import { Diagram } from "./diagram.tsx";
import { Drop } from "./drop.tsx";
import { Header } from "./header.tsx";
import { Inspector } from "./inspector.tsx";
import { lazy } from "./lazy.tsx";
import { Tabs } from "./tabs.tsx";
import { Told } from "./told.tsx";

const panels = {
  edit: lazy(async () => (await import("./editor.tsx")).Editor),
  share: lazy(async () => (await import("./share.tsx")).Share),
  model: lazy(async () => (await import("./model-file.tsx")).ModelFile),
  help: lazy(async () => (await import("./help.tsx")).Help),
};

export function Page() {
  const Panel = panel.value && panels[panel.value];
  return (
    <>
      <Header />
      {/* What is below a dialog cannot be read: there the dialog says it. */}
      {!Panel && <Told />}
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
