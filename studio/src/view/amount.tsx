/** How long the derivation is, in which form, and of which sections. */
import type { Form, Level, Section } from "../protocol.ts";
import { forms, levels, sectionsFrom } from "../state/amount.ts";
import { amount, asking, derivation, quizzed, setAmount, strings } from "../state/app.ts";

export function AmountRow() {
  const t = strings.value.amount;
  const { level, form } = asking.value;
  return (
    <div class="row">
      <label>
        <span>{t.level}</span>
        <select
          value={level}
          disabled={quizzed.value}
          onChange={(e) => setAmount({ level: e.currentTarget.value as Level })}
        >
          {levels.map((name) => (
            <option key={name} value={name}>
              {t.levels[name]}
            </option>
          ))}
        </select>
      </label>
      <label>
        <span>{t.form}</span>
        <select
          value={form}
          disabled={quizzed.value}
          onChange={(e) => setAmount({ form: e.currentTarget.value as Form })}
        >
          {forms.map((name) => (
            <option key={name} value={name}>
              {t.forms[name]}
            </option>
          ))}
        </select>
      </label>
      {!quizzed.value && <Choice />}
    </div>
  );
}

/** Why it has another form than the one that was asked for. */
export function Refused() {
  const why = derivation.value?.refused;
  const t = strings.value;
  if (!why) return null;
  const refused = t.told(why);
  return (
    <p class="note">
      {t.amount.refused} {refused.message}{" "}
      {refused.expected && `${t.ended(t.label(t.expected, refused.expected))} `}
      {refused.found && t.ended(t.label(t.found, refused.found))}
    </p>
  );
}

function Choice() {
  const t = strings.value.amount;
  const headings = Object.entries(derivation.value?.headings ?? {}) as [Section, string][];
  const { sections } = amount.value;
  const chosen = new Set<Section>(sections ?? headings.map(([name]) => name));
  const change = (name: Section, on: boolean) => {
    if (on) chosen.add(name);
    else chosen.delete(name);
    // None at all would be no derivation.
    if (chosen.size > 0) setAmount({ sections: sectionsFrom(chosen) });
  };
  return (
    <details class="choice">
      <summary>
        {strings.value.label(
          t.sections,
          sections ? t.some(sections.length, headings.length) : t.all,
        )}
      </summary>
      <div class="row">
        {headings.map(([name, heading]) => (
          <label key={name}>
            <input
              type="checkbox"
              name={name}
              checked={chosen.has(name)}
              onChange={(e) => change(name, e.currentTarget.checked)}
            />{" "}
            {heading}
          </label>
        ))}
        <button type="button" onClick={() => setAmount({ sections: undefined })}>
          {t.all}
        </button>
      </div>
    </details>
  );
}
