import { computed } from "@preact/signals";
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
import { Action } from "./action.tsx";
import { Icon } from "./icon.tsx";
import { long } from "./number.ts";
import { Setting } from "./setting.tsx";

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
        {t.error}{" "}
        <b>{hidden(structure.value?.loss) ? "…" : v?.error === undefined ? "–" : long(v.error)}</b>
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
        <Action keys="." off={playing.value} act={() => train(1)}>
          {t.oneEpoch}
        </Action>
        <Action keys="Control+Z" off={!undoable.value || playing.value} act={undo}>
          {t.undo}
        </Action>
        <Action off={playing.value} act={reset}>
          {t.reset}
        </Action>
        <Action off={playing.value} act={newSeed}>
          {t.newSeed}
        </Action>
        <Progress />
      </div>
      {o?.notes.map((text) => (
        <p class="note" key={text}>
          {t.noted(text)}
        </p>
      ))}
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
          <button type="submit" aria-disabled={playing.value}>
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
