/** Numbers that somebody got elsewhere: one of the chosen parameter, or a whole sheet of them. */
import { signal } from "@preact/signals";
import { useEffect, useState } from "preact/hooks";
import type { Quantity, SheetFound } from "../protocol.ts";
import { attempt, client, derivation, element, strings, structure, turn } from "../state/app.ts";
import { chosenFor } from "../state/places.ts";
import { found } from "../state/read.ts";
import { Guess } from "./guess.tsx";

const quantities: readonly Quantity[] = [
  "gradient",
  "change",
  "newValue",
  "loss",
  "delta",
  "output",
];

/** What the numbers are, and the sheet; both stay while other things are looked at. */
const quantity = signal<Quantity>("gradient");
const typed = signal("");

/** Longer ones are not numbers that a person has worked out. */
const longest = 200_000;

export function OwnNumbers() {
  const t = strings.value.numbers;
  const d = found(derivation.value);
  const [told, setTold] = useState("");
  useEffect(() => setTold(""), [d, quantity.value]);
  const check = async (given: string | undefined) => {
    setTold("");
    if (given === undefined) return;
    const chosen = chosenFor(found(structure.peek()), element.peek());
    const answer = await attempt(() => client.call("diagnose", [chosen, given, quantity.peek()]));
    if (answer) setTold(answer.text ?? "");
  };
  return (
    <div>
      <p>{t.text}</p>
      <label>
        <span>{t.is}</span>
        <select
          value={quantity.value}
          onChange={(e) => {
            quantity.value = e.currentTarget.value as Quantity;
          }}
        >
          {quantities.map((name) => (
            <option key={name} value={name}>
              {t.quantities[name]}
            </option>
          ))}
        </select>
      </label>
      <h3>{t.one(d.symbol)}</h3>
      <Guess check={(n) => void check(n?.text)} />
      <p class="answer" role="status">
        {told}
      </p>
      <WholeSheet key={turn.value} />
    </div>
  );
}

function WholeSheet() {
  const t = strings.value.numbers;
  const [result, setResult] = useState<SheetFound>();
  const look = async () => {
    setResult(undefined);
    const sheet = await attempt(() =>
      client.guarded("diagnoseSheet", [typed.peek(), quantity.peek()]),
    );
    if (sheet) setResult(sheet);
  };
  const take = async (file: File | undefined) => {
    if (!file) return;
    typed.value = (await file.slice(0, longest).text()).replace(/^\ufeff/, "");
    await look();
  };
  return (
    <form
      onSubmit={(e) => {
        e.preventDefault();
        void look();
      }}
      // A file that is dropped here is a sheet; anywhere else it is a table to train on.
      onDragOver={(e) => {
        e.preventDefault();
        e.stopPropagation();
      }}
      onDrop={(e) => {
        const [file] = e.dataTransfer?.files ?? [];
        if (!file) return;
        e.preventDefault();
        e.stopPropagation();
        void attempt(() => take(file));
      }}
    >
      <h3>{t.sheet}</h3>
      <p>{t.sheetText}</p>
      <textarea
        class="sheet"
        aria-label={t.sheet}
        rows={6}
        spellcheck={false}
        maxLength={longest}
        placeholder={"w5,0.0821670406\nw1,0.000364722878\nE,0.298371109"}
        value={typed.value}
        onInput={(e) => {
          typed.value = e.currentTarget.value;
        }}
      />
      <div class="row">
        <button type="submit">{strings.value.practice.check}</button>
        <label>
          <span>{t.file}</span>
          <input
            type="file"
            accept=".csv,.txt,.tsv"
            onChange={(e) => {
              const [file] = e.currentTarget.files ?? [];
              void attempt(() => take(file));
            }}
          />
        </label>
      </div>
      <div role="status">{result && <Found of={result} />}</div>
    </form>
  );
}

function Found({ of: { summary, rows } }: { readonly of: SheetFound }) {
  const t = strings.value.numbers;
  return (
    <>
      {summary.map((text) => (
        <p key={text}>{text}</p>
      ))}
      <div class="scroll">
        <table>
          <thead>
            <tr>
              <th scope="col">{t.name}</th>
              <th scope="col">{t.number}</th>
              <th scope="col">{t.verdict}</th>
            </tr>
          </thead>
          <tbody>
            {rows.map(({ name, given, verdict, text }, i) => (
              <tr key={i}>
                <th scope="row">{name}</th>
                <td class="n">{given}</td>
                <td>{verdict === "right" ? t.right : text}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}
