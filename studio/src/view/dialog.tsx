import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { panel, strings } from "../state/app.ts";
import { Told } from "./told.tsx";

/** A panel over the page; Escape closes it, and the focus goes back to where it was. */
export function Dialog({
  title,
  children,
}: {
  readonly title: string;
  readonly children: ComponentChildren;
}) {
  const self = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    self.current?.showModal();
  }, []);
  return (
    <dialog
      ref={self}
      aria-label={title}
      onClose={() => {
        panel.value = undefined;
      }}
    >
      <div class="row">
        <h2>{title}</h2>
        <span class="space" />
        <button type="button" onClick={() => self.current?.close()}>
          {strings.value.close}
        </button>
      </div>
      <Told />
      {children}
    </dialog>
  );
}
