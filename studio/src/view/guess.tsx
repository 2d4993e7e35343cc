/** A number that is asked for. */
import { useEffect, useRef, useState } from "preact/hooks";
import { type Numeral, numeral } from "../../../src/explain/diagnose/agreement.ts";
import { strings } from "../state/app.ts";

interface GuessProps {
  /** Whether the next thing to do is to type: what was pressed to come here is gone. */
  readonly ready?: boolean;
  /** Undefined: what was given is no number. */
  readonly check: (given: Numeral | undefined) => void;
  readonly reveal?: () => void;
}

export function Guess({ ready = false, check, reveal }: GuessProps) {
  const t = strings.value;
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => {
    if (ready) field.current?.focus();
  }, []);
  const [wrong, setWrong] = useState(false);
  return (
    <form
      class="row"
      onSubmit={(e) => {
        e.preventDefault();
        const field = e.currentTarget.elements.namedItem("guess") as HTMLInputElement;
        const n = numeral(field.value);
        setWrong(n === undefined);
        check(n);
      }}
    >
      <label>
        <span>{t.practice.guess}</span>
        <input
          ref={field}
          name="guess"
          inputMode="decimal"
          size={14}
          autocomplete="off"
          aria-invalid={wrong}
        />
      </label>
      <button type="submit">{t.practice.check}</button>
      {reveal && (
        <button type="button" onClick={reveal}>
          {t.practice.reveal}
        </button>
      )}
      {wrong && <span class="wrong">{t.notNumber}</span>}
    </form>
  );
}
