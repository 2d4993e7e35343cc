/** What a file of another library holds; where it is a model, it can be opened as a network. */
import { useState } from "preact/hooks";
import { attempt, client, modelFile, open, panel, strings } from "../state/app.ts";
import { Dialog } from "./dialog.tsx";

const units = ["B", "kB", "MB", "GB", "TB"] as const;

/** "1,234,567" */
const grouped = (n: number): string => String(n).replace(/\B(?=(\d{3})+$)/g, ",");

/** "12.5 MB" */
function sized(bytes: number): string {
  let [n, unit] = [bytes, 0];
  for (; n >= 1000 && unit < units.length - 1; n /= 1000) unit++;
  return `${unit === 0 ? n : n.toPrecision(3)} ${units[unit]}`;
}

export function ModelFile() {
  const { label, list, model: t } = strings.value;
  const shown = modelFile.value;
  const [busy, setBusy] = useState(false);
  if (!shown) return null;
  const { view, files } = shown;
  const take = async () => {
    setBusy(true);
    const source = await attempt(() => client.guarded("takeModel", [files]));
    setBusy(false);
    if (source && (await open({ source }))) panel.value = undefined;
  };
  return (
    <Dialog title={t.title(view.name)}>
      <p>
        {label(
          view.format,
          list([t.totals(view.count, grouped(view.elements)), sized(view.bytes)]),
        )}
      </p>
      {view.holdsModel ? (
        <>
          <p>{t.network}</p>
          <button
            type="button"
            class="main"
            aria-busy={busy}
            onClick={() => {
              if (!busy) void take();
            }}
          >
            {busy ? "…" : t.take}
          </button>
        </>
      ) : (
        <p>{t.values}</p>
      )}
      {view.metadata.length > 0 && (
        <dl class="keys metadata">
          {view.metadata.map(([name, text]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{text}</dd>
            </div>
          ))}
        </dl>
      )}
      {view.tensors.length > 0 && (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what is wider than the page is scrolled
        <section class="scroll" tabIndex={0} aria-label={t.tensors}>
          <table class="tensors">
            <thead>
              <tr>
                <th scope="col">{t.name}</th>
                <th scope="col">{t.shape}</th>
                <th scope="col">{t.type}</th>
                <th scope="col">{t.size}</th>
              </tr>
            </thead>
            <tbody>
              {view.tensors.map(({ name, shape, dtype, bytes }) => (
                <tr key={name}>
                  <th scope="row">{name}</th>
                  <td>{shape}</td>
                  <td>{dtype}</td>
                  <td class="n">{sized(bytes)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      )}
      {view.tensors.length < view.count && (
        <p>{strings.value.more(view.count - view.tensors.length)}</p>
      )}
    </Dialog>
  );
}
