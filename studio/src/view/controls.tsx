import { computed } from "@preact/signals";
import { useState } from "preact/hooks";
import {
  findings,
  hidden,
  newSeed,
  opened,
  pause,
  perFrame,
  playing,
  reset,
  setBatchSize,
  setLearningRate,
  setPace,
  strings,
  structure,
  train,
  undo,
  undoable,
  values,
} from "../state/app.ts";
import { Icon } from "./icon.tsx";
import { full, long, read } from "./number.ts";

const paces = [1, 10, 100, 0];

const rate = computed(() => values.value?.learningRate ?? 0);

/** By itself: it changes with every picture, unlike what stands around it. */
function Progress() {
  const t = strings.value;
  const v = values.value;
  return (
    <output class="epoch">
      <span>
        {t.epoch} <b>{v?.epoch ?? 0}</b>
      </span>
      <span>
        {t.error} <b>{hidden(structure.value?.loss) ? "…" : long(v?.loss)}</b>
      </span>
    </output>
  );
}

export function Controls() {
  const t = strings.value;
  const o = opened.value;
  return (
    <div class="controls">
      <div class="row">
        <button
          type="button"
          class="main"
          aria-keyshortcuts="Space"
          onClick={() => void (playing.value ? pause() : train())}
        >
          <Icon name={playing.value ? "pause" : "play"} /> {playing.value ? t.pause : t.play}
        </button>
        <button
          type="button"
          aria-keyshortcuts="."
          disabled={playing.value}
          onClick={() => void train(1)}
        >
          {t.oneEpoch}
        </button>
        <button
          type="button"
          disabled={!undoable.value || playing.value}
          onClick={() => void undo()}
        >
          {t.undo}
        </button>
        <button type="button" disabled={playing.value} onClick={() => void reset()}>
          {t.reset}
        </button>
        <button type="button" disabled={playing.value} onClick={() => void newSeed()}>
          {t.newSeed}
        </button>
        <Progress />
      </div>
      {findings.value.map((text) => (
        <p class="finding" key={text}>
          {text}
        </p>
      ))}
      <div class="row">
        <Setting
          name={t.learningRate}
          value={rate.value}
          accept={(n) => n >= 0}
          change={(n) => void setLearningRate(n)}
        />
        <Setting
          name={t.batchSize}
          value={o?.batchSize ?? 1}
          accept={(n) => Number.isInteger(n) && n >= 1}
          change={(n) => void setBatchSize(n)}
        />
        <form
          class="row"
          onSubmit={(e) => {
            e.preventDefault();
            const field = e.currentTarget.elements.namedItem("epochs") as HTMLInputElement;
            const n = Number(field.value);
            if (Number.isInteger(n) && n >= 1) void train(n);
          }}
        >
          <button type="submit" disabled={playing.value}>
            {t.trainFor}
          </button>
          <input
            name="epochs"
            type="number"
            min={1}
            max={1000000}
            defaultValue="100"
            aria-label={t.manyEpochs}
          />
          <span>{t.manyEpochs}</span>
        </form>
        <label>
          <span>{t.speed}</span>
          <select
            value={String(perFrame.value)}
            onChange={(e) => void setPace(Number(e.currentTarget.value))}
          >
            {paces.map((n) => (
              <option key={n} value={String(n)}>
                {n === 0 ? t.fastest : n}
              </option>
            ))}
          </select>
        </label>
      </div>
    </div>
  );
}

interface SettingProps {
  readonly name: string;
  readonly value: number;
  readonly accept: (n: number) => boolean;
  readonly change: (n: number) => void;
}

/** A number that is taken over when it is one; what is being typed is left alone. */
function Setting({ name, value, accept, change }: SettingProps) {
  const [wrong, setWrong] = useState(false);
  const [draft, setDraft] = useState<string>();
  return (
    <label>
      <span>{name}</span>
      <input
        inputMode="decimal"
        size={8}
        value={draft ?? full(value)}
        aria-invalid={wrong}
        onInput={(e) => setDraft(e.currentTarget.value)}
        onChange={(e) => {
          const n = read(e.currentTarget.value);
          const right = n !== undefined && accept(n);
          setWrong(!right);
          if (!right) return;
          setDraft(undefined);
          change(n);
        }}
      />
    </label>
  );
}
