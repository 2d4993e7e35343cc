import { strings } from "../state/app.ts";
import { Dialog } from "./dialog.tsx";

export function Help() {
  const t = strings.value.helping;
  return (
    <Dialog title={t.title}>
      <p>{t.text}</p>
      <p>{t.colours}</p>
      <dl class="keys">
        {t.keys.map(([key, what]) => (
          <div key={key}>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}
