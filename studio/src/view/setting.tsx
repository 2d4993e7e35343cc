import { useState } from "preact/hooks";
import { strings } from "../state/app.ts";
import { full, read } from "./number.ts";

interface Props {
  readonly name: string;
  /** What it is, in a sentence. */
  readonly doc?: string;
  readonly value: number;
  readonly accept: (n: number) => boolean;
  readonly change: (n: number) => void;
}

/**
 * A number that is taken over when it is one; what is being typed is left alone. A form with one
 * that is wrong is not sent.
 */
export function Setting({ name, doc, value, accept, change }: Props) {
  const [wrong, setWrong] = useState(false);
  const [draft, setDraft] = useState<string>();
  return (
    <label {...(doc === undefined ? {} : { title: doc })}>
      <span>{name}</span>
      <input
        inputMode="decimal"
        size={8}
        value={draft ?? full(value)}
        aria-invalid={wrong}
        onInput={(e) => {
          e.currentTarget.setCustomValidity("");
          setDraft(e.currentTarget.value);
        }}
        onChange={(e) => {
          const n = read(e.currentTarget.value);
          const right = n !== undefined && accept(n);
          setWrong(!right);
          e.currentTarget.setCustomValidity(right ? "" : strings.peek().notNumber);
          if (!right) return;
          setDraft(undefined);
          change(n);
        }}
      />
    </label>
  );
}
