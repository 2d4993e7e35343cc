/** Build and edit: by form, as a text, or from a file. */
import { useState } from "preact/hooks";
import { attempt, client, open, panel, source, strings } from "../state/app.ts";
import {
  activations,
  type Build,
  buildOf,
  type DataKind,
  dataKinds,
  fileOf,
  losses,
  optimizers,
} from "../state/build.ts";
import { Dialog } from "./dialog.tsx";
import { openFiles } from "./drop.tsx";
import { Setting } from "./setting.tsx";

export function Editor() {
  const t = strings.value.editor;
  const [build, setBuild] = useState<Build>(() => buildOf(source.peek().text));
  const [table, setTable] = useState("");
  const use = async (text: string, files = source.peek().files) => {
    if (await open({ source: { text, files } })) panel.value = undefined;
  };
  const make = async () => {
    const text = fileOf(build, source.peek().text);
    const filled = build.data === "csv" && table.trim() !== "";
    const made = filled
      ? await client.call("overTable", [text, { name: "table.csv", text: table }])
      : { text, files: source.peek().files };
    await use(made.text, made.files);
  };
  return (
    <Dialog title={t.title}>
      <form
        class="editor"
        onSubmit={(e) => {
          e.preventDefault();
          void attempt(make);
        }}
      >
        <Layers build={build} change={setBuild} />
        <div class="row">
          <Pick
            name={t.loss}
            value={build.loss}
            of={losses}
            change={(loss) => setBuild({ ...build, loss })}
          />
          <Pick
            name={t.optimizer}
            value={build.optimizer}
            of={optimizers}
            change={(optimizer) => setBuild({ ...build, optimizer })}
          />
          <Setting
            name={strings.value.learningRate}
            value={build.learningRate}
            accept={(n) => n >= 0}
            change={(learningRate) => setBuild({ ...build, learningRate })}
          />
          <label>
            <span>{t.data}</span>
            <select
              value={build.data}
              onChange={(e) => setBuild({ ...build, data: e.currentTarget.value as DataKind })}
            >
              {dataKinds.map((kind) => (
                <option key={kind} value={kind}>
                  {t.dataKinds[kind]}
                </option>
              ))}
            </select>
          </label>
        </div>
        {build.data === "csv" && (
          <label class="wide">
            <span>{t.csv}</span>
            <textarea
              rows={5}
              value={table}
              onInput={(e) => setTable(e.currentTarget.value)}
              spellcheck={false}
            />
          </label>
        )}
        <button type="submit" class="main">
          {t.build}
        </button>
      </form>
      <Text use={use} />
      <label class="wide">
        <span>{t.open}</span>
        <input
          type="file"
          multiple
          accept=".yaml,.yml,.json,.csv,.txt"
          onChange={(e) => {
            void attempt(() => openFiles([...(e.currentTarget.files ?? [])]));
            panel.value = undefined;
          }}
        />
      </label>
    </Dialog>
  );
}

interface Part {
  readonly build: Build;
  readonly change: (b: Build) => void;
}

function Layers({ build, change }: Part) {
  const t = strings.value.editor;
  const set = (layers: Build["layers"]) => change({ ...build, layers });
  return (
    <fieldset>
      <legend>{t.layers}</legend>
      {build.layers.map((layer, i) => (
        <div class="row" key={i}>
          <label>
            <span>{t.units}</span>
            <input
              type="number"
              min={1}
              max={512}
              value={layer.units}
              onChange={(e) =>
                set(build.layers.with(i, { ...layer, units: Number(e.currentTarget.value) || 1 }))
              }
            />
          </label>
          <Pick
            name={t.activation}
            value={layer.activation}
            of={activations}
            change={(activation) => set(build.layers.with(i, { ...layer, activation }))}
          />
          <button type="button" onClick={() => set(build.layers.toSpliced(i, 1))}>
            {t.remove}
          </button>
        </div>
      ))}
      <div class="row">
        <button
          type="button"
          onClick={() => set([...build.layers, { units: 4, activation: "tanh" }])}
        >
          {t.add}
        </button>
        <Pick
          name={t.output}
          value={build.output}
          of={["none", ...activations]}
          names={{ none: t.none }}
          change={(output) => change({ ...build, output })}
        />
      </div>
    </fieldset>
  );
}

interface PickProps {
  readonly name: string;
  readonly value: string;
  readonly of: readonly string[];
  readonly names?: Readonly<Record<string, string>>;
  readonly change: (value: string) => void;
}

const Pick = ({ name, value, of, names = {}, change }: PickProps) => (
  <label>
    <span>{name}</span>
    <select value={value} onChange={(e) => change(e.currentTarget.value)}>
      {(of.includes(value) ? of : [value, ...of]).map((v) => (
        <option key={v} value={v}>
          {names[v] ?? v}
        </option>
      ))}
    </select>
  </label>
);

function Text({ use }: { readonly use: (text: string) => Promise<void> }) {
  const t = strings.value.editor;
  const [text, setText] = useState(source.peek().text);
  return (
    <details>
      <summary>{t.text}</summary>
      <textarea
        class="file"
        aria-label={t.text}
        rows={14}
        value={text}
        onInput={(e) => setText(e.currentTarget.value)}
        spellcheck={false}
      />
      <button type="button" onClick={() => void attempt(() => use(text))}>
        {t.useText}
      </button>
    </details>
  );
}
