/** Build and edit: by form, as a text, or from a file. */
import { useEffect, useState } from "preact/hooks";
import type { Forms } from "../protocol.ts";
import { attempt, client, open, panel, source, strings } from "../state/app.ts";
import { type Build, buildOf, type DataKind, dataKinds, fileOf } from "../state/build.ts";
import { Dialog } from "./dialog.tsx";
import { openFiles } from "./drop.tsx";
import { Layers } from "./layers.tsx";
import { Pick } from "./pick.tsx";
import { Setting } from "./setting.tsx";

export function Editor() {
  const t = strings.value.editor;
  const [forms, setForms] = useState<Forms>();
  useEffect(() => void attempt(async () => setForms(await client.call("forms", []))), []);
  const use = async (text: string, files = source.peek().files) => {
    if (await open({ source: { text, files } })) panel.value = undefined;
  };
  return (
    <Dialog title={t.title}>
      {forms ? <Form forms={forms} use={use} /> : <p class="loading">…</p>}
      <Text use={use} />
      <label class="wide">
        <span>{t.open}</span>
        <input
          type="file"
          multiple
          accept=".yaml,.yml,.json,.csv,.txt,.safetensors,.pt,.pth,.npz,.onnx,.keras,.h5,.bin"
          onChange={(e) => {
            void attempt(() => openFiles([...(e.currentTarget.files ?? [])]));
            panel.value = undefined;
          }}
        />
      </label>
      <p>{t.models}</p>
    </Dialog>
  );
}

interface FormProps {
  readonly forms: Forms;
  readonly use: (text: string, files?: Readonly<Record<string, string>>) => Promise<void>;
}

/** The network as a form; what may be chosen in it is what the tables of the network file hold. */
function Form({ forms, use }: FormProps) {
  const t = strings.value.editor;
  const [build, setBuild] = useState<Build>(() => buildOf(source.peek().text));
  const [table, setTable] = useState("");
  const make = async () => {
    const text = fileOf(build, source.peek().text, forms);
    const filled = build.data === "csv" && table.trim() !== "";
    const made = filled
      ? await client.call("overTable", [text, { name: "table.csv", text: table }])
      : { text, files: source.peek().files };
    await use(made.text, made.files);
  };
  return (
    <form
      class="editor"
      onSubmit={(e) => {
        e.preventDefault();
        void attempt(make);
      }}
    >
      <Layers
        forms={forms}
        layers={build.layers}
        given={build.data !== "keep"}
        change={(layers) => setBuild({ ...build, layers })}
      />
      <div class="row">
        <Pick
          name={t.loss}
          value={build.loss}
          of={namesOf(forms.losses)}
          change={(loss) => setBuild({ ...build, loss })}
        />
        <Pick
          name={t.optimizer}
          value={build.optimizer}
          of={namesOf(forms.optimizers)}
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
  );
}

const namesOf = (rows: readonly { readonly name: string }[]) => rows.map(({ name }) => name);

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
