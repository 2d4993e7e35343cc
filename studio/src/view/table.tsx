/** The picture as tables: the same numbers, for everyone who does not see it. */
import type { Weights } from "../protocol.ts";
import { hidden, mapped, setParameter, strings, structure, values } from "../state/app.ts";
import { chosenFor, type Part } from "../state/places.ts";
import { at, columnAt, found, parameterAt } from "../state/read.ts";
import { titleOf } from "../state/titles.ts";
import { Heat } from "./heat.tsx";
import { Exact } from "./inspector.tsx";
import { long } from "./number.ts";

/** Rows of a table; what is more is in the heat map. */
const most = 60;

export function Tables() {
  const s = structure.value;
  const t = strings.value;
  if (!s) return null;
  const heat = s.weights.find((w) => w.parameter === mapped.value);
  return (
    <div>
      {heat && <Heat key={heat.parameter} w={heat} />}
      <p>{t.tableText}</p>
      {s.columns.map((c, column) => (
        <details key={`${c.layer}${column}`} open={c.size <= 12}>
          <summary>{column === 0 ? t.inputs : titleOf(c, t).whole}</summary>
          <Units column={column} />
        </details>
      ))}
      {s.weights.map((w) => (
        <details key={w.parameter} open={w.rows * w.columns <= 12}>
          <summary>
            {w.parameter} ({w.rows} × {w.columns})
          </summary>
          <WeightTable w={w} />
        </details>
      ))}
    </div>
  );
}

/** What the walk has not come to yet is not in the tables either. */
const known = (name: string | undefined, part: Part, value: number | undefined): string =>
  value !== undefined && hidden(name, part) ? "…" : long(value);

function Units({ column }: { readonly column: number }) {
  const c = columnAt(found(structure.value), column);
  const v = found(values.value);
  const t = strings.value;
  return (
    <div class="scroll">
      <table>
        <thead>
          <tr>
            <th scope="col">{t.unit}</th>
            <th scope="col">{t.net}</th>
            <th scope="col">{t.out}</th>
            <th scope="col">{t.delta}</th>
            {c.bias && <th scope="col">{t.bias}</th>}
          </tr>
        </thead>
        <tbody>
          {Array.from({ length: Math.min(c.size, most) }, (_, j) => (
            <tr key={j}>
              <th scope="row">{c.units[j]?.out ?? c.units[j]?.net ?? `${column}.${j + 1}`}</th>
              <td class="n">{known(c.units[j]?.net, "net", v.nets[column]?.[j])}</td>
              <td class="n">
                {known(c.units[j]?.out, column === 0 ? "input" : "out", v.outs[column]?.[j])}
              </td>
              <td class="n">{known(c.units[j]?.delta, "delta", v.deltas[column]?.[j])}</td>
              {c.bias && <BiasCell column={column} unit={j} />}
            </tr>
          ))}
        </tbody>
      </table>
      {c.size > most && <p>{t.more(c.size - most)}</p>}
    </div>
  );
}

function BiasCell({ column, unit }: { readonly column: number; readonly unit: number }) {
  const s = found(structure.value);
  const chosen = chosenFor(s, { kind: "bias", column, unit });
  return (
    <td>
      <Exact
        name={columnAt(s, column).units[unit]?.bias ?? `${chosen.name}[${chosen.index}]`}
        value={parameterAt(found(values.value), chosen)}
        change={(x) => void setParameter(chosen, x)}
      />
    </td>
  );
}

function WeightTable({ w }: { readonly w: Weights }) {
  const v = found(values.value);
  const t = strings.value;
  const own = found(v.parameters[w.parameter]);
  const gradients = found(v.gradients[w.parameter]);
  const n = Math.min(own.length, most);
  return (
    <>
      <div class="scroll">
        <table>
          <thead>
            <tr>
              <th scope="col">{t.value}</th>
              <th scope="col">{t.gradient}</th>
            </tr>
          </thead>
          <tbody>
            {Array.from({ length: n }, (_, index) => (
              <tr key={w.names[index] ?? index}>
                <td>
                  <Exact
                    name={w.names[index] ?? `${w.parameter}[${index}]`}
                    value={at(own, index)}
                    change={(x) => void setParameter({ name: w.parameter, index }, x)}
                  />
                </td>
                <td class="n">{known(w.gradients[index], "gradient", gradients[index])}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {n < own.length && <p>{t.rest(own.length - n)}</p>}
      <button
        type="button"
        onClick={() => {
          mapped.value = w.parameter;
        }}
      >
        {t.heat(w.parameter)}
      </button>
    </>
  );
}
