/** The layers of the form: each a name of the table, with the options that its row has. */
import type { FieldForm, Forms } from "../protocol.ts";
import { strings } from "../state/app.ts";
import {
  allows,
  decisive,
  formOf,
  type Item,
  itemOf,
  outputsOf,
  valueOf,
  withLayer,
  withOption,
} from "../state/build.ts";
import { Pick } from "./pick.tsx";
import { Setting } from "./setting.tsx";

interface Props {
  readonly forms: Forms;
  readonly layers: readonly Item[];
  /** Whether the number of outputs follows from the data that were chosen. */
  readonly given: boolean;
  readonly change: (layers: readonly Item[]) => void;
}

export function Layers({ forms, layers, given, change }: Props) {
  const t = strings.value.editor;
  const last = decisive(forms, layers);
  const choose = (i: number, item: Item, name: string) => {
    const form = forms.layers.find((row) => row.name === name);
    if (form) change(layers.with(i, itemOf(form, outputsOf(forms, item))));
  };
  return (
    <fieldset>
      <legend>{t.layers}</legend>
      {layers.map((item, i) => {
        const form = formOf(forms, item);
        return (
          <div class="row" key={i}>
            <Pick
              name={t.layer}
              {...(form ? { doc: form.doc } : {})}
              value={item.name}
              of={forms.layers.map(({ name }) => name)}
              change={(name) => choose(i, item, name)}
            />
            {form?.fields.map((field) => (
              <Control
                key={`${item.name} ${field.name}`}
                field={field}
                value={valueOf(item, field)}
                held={given && i === last && field.outputs}
                change={(value) => change(layers.with(i, withOption(item, field, value)))}
              />
            ))}
            {layers.length > 1 && (
              <button type="button" onClick={() => change(layers.toSpliced(i, 1))}>
                {t.remove}
              </button>
            )}
          </div>
        );
      })}
      <button type="button" onClick={() => change(withLayer(forms, layers))}>
        {t.add}
      </button>
    </fieldset>
  );
}

interface ControlProps {
  readonly field: FieldForm;
  readonly value: FieldForm["usual"];
  /** Whether something else decides it. */
  readonly held: boolean;
  readonly change: (value: number | boolean | string) => void;
}

function Control({ field, value, held, change }: ControlProps) {
  const { name, doc, form } = field;
  if (form.kind === "flag") {
    return (
      <label title={doc}>
        <span>{name}</span>
        <input
          type="checkbox"
          checked={value === true}
          onChange={(e) => change(e.currentTarget.checked)}
        />
      </label>
    );
  }
  if (form.kind === "word") {
    const word = (text: string) => form.words.find((w) => String(w) === text) ?? text;
    const of = form.words.map(String);
    return (
      <Pick name={name} doc={doc} value={String(value)} of={of} change={(v) => change(word(v))} />
    );
  }
  if (!field.outputs) {
    const accept = (n: number) => allows(form, n);
    return <Setting name={name} doc={doc} value={Number(value)} accept={accept} change={change} />;
  }
  return (
    <label title={doc}>
      <span>{strings.value.editor.units}</span>
      <input
        type="number"
        min={1}
        max={512}
        value={Number(value)}
        disabled={held}
        onChange={(e) => change(Number(e.currentTarget.value) || 1)}
      />
    </label>
  );
}
