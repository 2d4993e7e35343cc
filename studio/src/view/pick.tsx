interface Props {
  readonly name: string;
  /** What it is, in a sentence. */
  readonly doc?: string;
  readonly value: string;
  readonly of: readonly string[];
  readonly change: (value: string) => void;
}

/** One of several names. */
export const Pick = ({ name, doc, value, of, change }: Props) => (
  <label {...(doc === undefined ? {} : { title: doc })}>
    <span>{name}</span>
    <select value={value} onChange={(e) => change(e.currentTarget.value)}>
      {(of.includes(value) ? of : [value, ...of]).map((v) => (
        <option key={v} value={v}>
          {v}
        </option>
      ))}
    </select>
  </label>
);
