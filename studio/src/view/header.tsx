import {
  language,
  openPreset,
  panel,
  preset,
  setLanguage,
  strings,
  type Theme,
  theme,
} from "../state/app.ts";
import { presets } from "../state/presets.ts";

export function Header() {
  const t = strings.value;
  return (
    <header>
      <h1>{t.title}</h1>
      <label>
        <span>{t.network}</span>
        <select
          value={preset.value}
          onChange={(e) => {
            const found = presets.find((p) => p.id === e.currentTarget.value);
            if (found) void openPreset(found);
          }}
        >
          {presets.map((p) => (
            <option key={p.id} value={p.id}>
              {p.names[language.value]}
            </option>
          ))}
          {preset.value === "own" && <option value="own">{t.ownNetwork}</option>}
        </select>
      </label>
      <button type="button" onClick={() => open("edit")}>
        {t.edit}
      </button>
      <button type="button" onClick={() => open("share")}>
        {t.share}
      </button>
      <span class="space" />
      <label>
        <span>{t.language}</span>
        <select
          value={language.value}
          onChange={(e) => void setLanguage(e.currentTarget.value as "en" | "zh")}
        >
          <option value="en" lang="en">
            English
          </option>
          <option value="zh" lang="zh-Hans">
            中文
          </option>
        </select>
      </label>
      <label>
        <span>{t.theme}</span>
        <select
          value={theme.value}
          onChange={(e) => {
            theme.value = e.currentTarget.value as Theme;
          }}
        >
          {(["auto", "light", "dark"] as const).map((name) => (
            <option key={name} value={name}>
              {t.themes[name]}
            </option>
          ))}
        </select>
      </label>
      <button type="button" onClick={() => open("help")}>
        {t.help}
      </button>
    </header>
  );
}

const open = (name: NonNullable<typeof panel.value>): void => {
  panel.value = name;
};
