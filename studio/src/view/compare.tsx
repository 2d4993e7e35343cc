import { useState } from "preact/hooks";
import type { BiasPolicy, RunSettings, RunView, UpdateTiming } from "../protocol.ts";
import { attempt, client, opened, pause, playing, strings, turn, values } from "../state/app.ts";
import { at } from "../state/read.ts";
import { long } from "./number.ts";
import { Setting } from "./setting.tsx";

const policies: readonly BiasPolicy[] = ["file", "frozen", "own", "shared"];

/** What was found out about one network is not that of another. */
export const Compare = () => <Runs key={turn.value} />;

function Runs() {
  const t = strings.value.comparing;
  const rate = values.value?.learningRate ?? 0.1;
  const timing = opened.value?.timing ?? "simultaneous";
  const [a, setA] = useState<RunSettings>({ bias: "file", timing, learningRate: rate });
  const [b, setB] = useState<RunSettings>({
    bias: "file",
    timing: "sequential",
    learningRate: rate,
  });
  const [epochs, setEpochs] = useState(Math.min(1000, opened.value?.epochs ?? 100));
  const [found, setFound] = useState<readonly [RunView, RunView]>();
  const [busy, setBusy] = useState(false);
  const run = async () => {
    setBusy(true);
    const result = await attempt(() => client.call("compare", [a, b, epochs]));
    setBusy(false);
    if (result) setFound(result);
  };
  return (
    <div>
      <p>{t.text}</p>
      <div class="pair">
        <Settings name={t.first} value={a} change={setA} />
        <Settings name={t.second} value={b} change={setB} />
      </div>
      <div class="row">
        <label>
          <span>{t.epochs}</span>
          <input
            type="number"
            min={1}
            max={100000}
            value={epochs}
            onChange={(e) => setEpochs(Math.max(1, Number(e.currentTarget.value) || 1))}
          />
        </label>
        <button
          type="button"
          aria-disabled={playing.value}
          aria-busy={busy}
          onClick={() => {
            if (!playing.peek()) void (busy ? pause() : run());
          }}
        >
          {busy ? t.stop : t.run}
        </button>
      </div>
      {found && <Result runs={found} />}
    </div>
  );
}

interface SettingsProps {
  readonly name: string;
  readonly value: RunSettings;
  readonly change: (s: RunSettings) => void;
}

function Settings({ name, value, change }: SettingsProps) {
  const t = strings.value;
  const c = t.comparing;
  return (
    <fieldset>
      <legend>{name}</legend>
      <label>
        <span>{c.bias}</span>
        <select
          value={value.bias}
          onChange={(e) => change({ ...value, bias: e.currentTarget.value as BiasPolicy })}
        >
          {policies.map((p) => (
            <option key={p} value={p}>
              {c.policies[p]}
            </option>
          ))}
        </select>
      </label>
      <label>
        <span>{c.timing}</span>
        <select
          value={value.timing}
          onChange={(e) => change({ ...value, timing: e.currentTarget.value as UpdateTiming })}
        >
          <option value="simultaneous">{c.timings.simultaneous}</option>
          <option value="sequential">{c.timings.sequential}</option>
        </select>
      </label>
      <Setting
        name={t.learningRate}
        value={value.learningRate}
        accept={(n) => n >= 0}
        change={(learningRate) => change({ ...value, learningRate })}
      />
    </fieldset>
  );
}

const [width, height] = [560, 160];

function Result({ runs }: { readonly runs: readonly [RunView, RunView] }) {
  const t = strings.value;
  const losses = runs.flatMap((r) => [...r.history.losses]).filter(Number.isFinite);
  const most = Math.max(...losses, Number.MIN_VALUE);
  const line = ({ history: { epochs, losses } }: RunView) =>
    Array.from(epochs, (e, i) => {
      const x = (e / (epochs.at(-1) ?? 1)) * width;
      return `${x.toFixed(1)},${(height - 4 - (at(losses, i) / most) * (height - 8)).toFixed(1)}`;
    }).join(" ");
  const [a, b] = runs;
  return (
    <div>
      <svg
        class="curve"
        viewBox={`0 0 ${width} ${height}`}
        role="img"
        aria-label={t.label(t.comparing.end, t.list([`A ${long(a.loss)}`, `B ${long(b.loss)}`]))}
      >
        <polyline class="graph" points={line(a)} />
        <polyline class="graph second" points={line(b)} />
      </svg>
      {runs.map(
        (r, i) => r.failure && <p key={i === 0 ? "A" : "B"}>{t.told(r.failure).message}</p>,
      )}
      <div class="scroll">
        <table>
          <thead>
            <tr>
              <th />
              <th scope="col">A</th>
              <th scope="col">B</th>
              <th scope="col">B − A</th>
            </tr>
          </thead>
          <tbody>
            <Row name={t.comparing.end} a={a.loss} b={b.loss} />
            {a.parameters.map((p, i) => (
              <Row key={p.name} name={p.name} a={p.value} b={b.parameters[i]?.value} />
            ))}
          </tbody>
        </table>
      </div>
    </div>
  );
}

interface RowProps {
  readonly name: string;
  readonly a: number;
  readonly b: number | undefined;
}

const Row = ({ name, a, b }: RowProps) => (
  <tr>
    <th scope="row">{name}</th>
    <td class="n">{long(a)}</td>
    <td class="n">{long(b)}</td>
    <td class="n">{b === undefined ? "" : long(b - a)}</td>
  </tr>
);
