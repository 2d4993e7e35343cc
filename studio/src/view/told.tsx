import { useEffect, useRef } from "preact/hooks";
import type { Failure } from "../protocol.ts";
import { failure, strings } from "../state/app.ts";

/** What went wrong, in the library's words. */
export function Told() {
  const told = failure.value;
  const t = strings.value;
  const self = useRef<HTMLDivElement>(null);
  // So that it is seen from further down on the page, too.
  useEffect(() => self.current?.scrollIntoView({ block: "nearest" }), [told]);
  if (!told) return null;
  const f = t.told(told);
  return (
    <div class="told" role="alert" ref={self}>
      <p>
        <strong>{t.ended(told.title)}</strong> {f.message}
      </p>
      {f.code === "not-finite" && <p>{t.rewound}</p>}
      {f.problems?.map((p) => (
        <div key={p.excerpt} class="problem">
          <p>{p.message}</p>
          <Facts of={p} />
        </div>
      ))}
      <Facts of={f} />
      <button
        type="button"
        onClick={() => {
          failure.value = undefined;
        }}
      >
        {t.close}
      </button>
    </div>
  );
}

/** What was expected and found, where, and what helps. */
export function Facts({ of: f }: { readonly of: Omit<Failure, "code"> }) {
  const t = strings.value;
  const facts = [
    [t.expected, f.expected],
    [t.found, f.found],
    [t.where, f.where],
    [t.fix, f.fix],
  ].filter(([, text]) => text !== undefined);
  return (
    <>
      {f.excerpt && <pre>{f.excerpt}</pre>}
      {facts.length > 0 && (
        <dl>
          {facts.map(([name, text]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{text}</dd>
            </div>
          ))}
        </dl>
      )}
    </>
  );
}
