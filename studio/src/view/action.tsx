import type { ComponentChildren } from "preact";

interface Props {
  /** Whether it cannot be used at the moment. */
  readonly off: boolean;
  readonly act: () => unknown;
  readonly keys?: string;
  readonly children: ComponentChildren;
}

/** A button that says when it cannot be used, but keeps the focus: a disabled one would lose it. */
export const Action = ({ off, act, keys, children }: Props) => (
  <button
    type="button"
    aria-disabled={off}
    aria-keyshortcuts={keys}
    onClick={() => {
      if (!off) act();
    }}
  >
    {children}
  </button>
);
