import { useState } from "preact/hooks";
import { history, strings } from "../state/app.ts";
import { lazy } from "./lazy.tsx";

const Curve = lazy(async () => (await import("./loss-curve.tsx")).LossCurve);

export function LossPlot() {
  const t = strings.value;
  const [logarithmic, setLogarithmic] = useState(false);
  const h = history.value;
  const empty = h.epochs.length === 0;
  return (
    <div>
      <label>
        <input
          type="checkbox"
          checked={logarithmic}
          onChange={(e) => setLogarithmic(e.currentTarget.checked)}
        />{" "}
        {t.logarithmic}
      </label>
      {h.heldOut && (
        <span class="key">
          <i /> {t.error} <i class="dashed" /> {t.heldOut}
        </span>
      )}
      {empty ? <p class="empty">{t.noHistory}</p> : <Curve logarithmic={logarithmic} />}
    </div>
  );
}
