import { useEffect, useState } from "preact/hooks";
import type { ReportView } from "../protocol.ts";
import { attempt, client, derivation, strings } from "../state/app.ts";
import { short } from "./number.ts";

export function Gains() {
  const t = strings.value;
  const d = derivation.value;
  const [report, setReport] = useState<ReportView>();
  useEffect(() => {
    void attempt(() => client.call("report", [])).then((found) => {
      if (found) setReport(found);
    });
  }, [d]);
  if (!report) return <p class="loading">…</p>;
  const largest = Math.max(...report.layers.map((l) => l.norm).filter(Number.isFinite), 1e-300);
  return (
    <div>
      <p>{t.gainsText}</p>
      <p>{report.text}</p>
      <div class="scroll">
        <table>
          <thead>
            <tr>
              {t.gainsColumns.map((name) => (
                <th key={name} scope="col">
                  {name}
                </th>
              ))}
              <td />
            </tr>
          </thead>
          <tbody>
            {report.layers.map((l) => (
              <tr key={l.layer}>
                <td>{l.layer}</td>
                <td class="n">{short(l.norm)}</td>
                <td class="n">{short(l.weightGain)}</td>
                <td class="n">{short(l.activationGain)}</td>
                <td class="n">{short(l.cumulative)}</td>
                <td class="n">{l.dead}</td>
                <td class="n">{l.saturated}</td>
                <td aria-hidden="true">
                  <meter min={0} max={1} value={barOf(l.norm, largest)} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </div>
  );
}

/** Eight powers of ten from empty to full. */
const barOf = (norm: number, largest: number): number =>
  norm > 0 ? Math.max(0.01, 1 + Math.log10(norm / largest) / 8) : 0;
