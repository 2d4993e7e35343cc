/** Exercises with numbers for work by hand: the same sheet as `chainrule exercise` draws. */
import { signal } from "@preact/signals";
import { useEffect, useState } from "preact/hooks";
import type { AnswerView, SheetAsked, SheetFormat, SheetView } from "../protocol.ts";
import { attempt, client, language, strings, turn } from "../state/app.ts";
import { at } from "../state/read.ts";
import { save } from "./download.ts";
import { Guess } from "./guess.tsx";
import { Setting } from "./setting.tsx";

const formats: Readonly<Record<SheetFormat, string>> = {
  markdown: "md",
  html: "html",
  latex: "tex",
  json: "json",
  moodle: "xml",
};

/** Which sheet it is; it stays while other things are looked at. */
const asked = signal<SheetAsked>({ seed: 1, kind: "gradient", count: 5 });

export function Exercises() {
  const t = strings.value.exercises;
  const { seed, kind, count } = asked.value;
  const [sheet, setSheet] = useState<SheetView>();
  const network = turn.value;
  useEffect(() => {
    let late = false;
    setSheet(undefined);
    void attempt(() => client.guarded("exercises", [asked.peek(), language.peek()])).then(
      (found) => {
        if (!late && found) setSheet(found);
      },
    );
    return () => {
      late = true;
    };
  }, [asked.value, language.value, network]);
  const change = (more: Partial<SheetAsked>) => {
    asked.value = { ...asked.peek(), ...more };
  };
  const whole = (least: number, most: number) => (n: number) =>
    Number.isInteger(n) && n >= least && n <= most;
  return (
    <div>
      <p>{t.text}</p>
      <div class="row">
        <label>
          <span>{t.kind}</span>
          <select
            value={kind}
            onChange={(e) => change({ kind: e.currentTarget.value as SheetAsked["kind"] })}
          >
            {(["gradient", "forward", "update"] as const).map((name) => (
              <option key={name} value={name}>
                {t.kinds[name]}
              </option>
            ))}
          </select>
        </label>
        <Setting
          name={t.seed}
          value={seed}
          accept={whole(0, 2 ** 32 - 1)}
          change={(n) => change({ seed: n })}
        />
        <Setting
          name={t.count}
          value={count}
          accept={whole(1, 50)}
          change={(n) => change({ count: n })}
        />
        <button type="button" onClick={() => change({ seed: asked.peek().seed + 1 })}>
          {t.others}
        </button>
      </div>
      {sheet ? (
        <Sheet key={`${network} ${JSON.stringify(asked.value)}`} sheet={sheet} />
      ) : (
        <p class="loading">…</p>
      )}
    </div>
  );
}

function Sheet({ sheet }: { readonly sheet: SheetView }) {
  const t = strings.value.exercises;
  const take = (format: SheetFormat, solved: boolean) =>
    attempt(async () => {
      const text = await client.call("exportExercises", [format, solved]);
      save(`exercises${solved ? "-solutions" : ""}.${formats[format]}`, new Blob([text]));
    });
  return (
    <>
      {sheet.head.map(([name, text]) => (
        <p key={name}>{strings.value.label(name, text)}</p>
      ))}
      <p>{sheet.intro}</p>
      {sheet.items.map((item, place) => (
        <section class="exercise" key={item.title} aria-label={item.title}>
          <h3>{item.title}</h3>
          <pre>{item.given.map(([name, text]) => `${name} = ${text}`).join("\n")}</pre>
          <Question question={item.question} place={place} />
        </section>
      ))}
      <h3>{strings.value.sharing.download}</h3>
      <ul class="formats">
        {(Object.keys(formats) as SheetFormat[]).map((format) => (
          <li key={format}>
            <button type="button" data-sheet={format} onClick={() => void take(format, false)}>
              {format === "moodle" ? t.moodle : t.sheet(t.formats[format])}
            </button>
          </li>
        ))}
        {(["markdown", "html", "latex", "json"] as const).map((format) => (
          <li key={format}>
            <button type="button" data-solutions={format} onClick={() => void take(format, true)}>
              {t.solutions(t.formats[format])}
            </button>
          </li>
        ))}
      </ul>
    </>
  );
}

interface QuestionProps {
  readonly question: string;
  readonly place: number;
}

function Question({ question, place }: QuestionProps) {
  const [told, setTold] = useState("");
  const say = async (text: string | undefined) => {
    setTold("");
    if (text === undefined) return;
    const found = await attempt(() => client.call("gradeExercise", [place, text, language.peek()]));
    if (found) setTold(words(found));
  };
  const reveal = async () => {
    const answer = await attempt(() => client.call("exerciseAnswer", [place]));
    if (answer !== undefined) setTold(answer.replace("-", "−"));
  };
  return (
    <>
      <p class="question">{question}</p>
      <Guess check={(n) => void say(n?.text)} reveal={() => void reveal()} />
      <p class="answer" role="status">
        {told}
      </p>
    </>
  );
}

function words({ verdict, causes }: AnswerView): string {
  const t = strings.value.practice;
  if (verdict !== "wrong") return t[verdict];
  return causes.length > 0 ? t.mistake([at(causes, 0), ...causes.slice(1)]) : t.unknown;
}
