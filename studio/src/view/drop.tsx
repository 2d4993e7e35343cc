/** Files dropped anywhere on the page: a network file, a table, or both together. */
import { useEffect, useState } from "preact/hooks";
import { attempt, open, source } from "../state/app.ts";

export function Drop() {
  const [over, setOver] = useState(false);
  useEffect(() => {
    const drag = (e: DragEvent) => {
      e.preventDefault();
      setOver(e.type === "dragover");
    };
    const drop = (e: DragEvent) => {
      e.preventDefault();
      setOver(false);
      void attempt(() => openFiles([...(e.dataTransfer?.files ?? [])]));
    };
    addEventListener("dragover", drag);
    addEventListener("dragleave", drag);
    addEventListener("drop", drop);
    return () => {
      removeEventListener("dragover", drag);
      removeEventListener("dragleave", drag);
      removeEventListener("drop", drop);
    };
  }, []);
  return over ? <div class="drop" aria-hidden="true" /> : null;
}

export async function openFiles(files: readonly File[]): Promise<void> {
  const texts = await Promise.all(
    files.map(async (file) => ({ name: file.name, text: await file.text() })),
  );
  const { sorted } = await import("../state/files.ts");
  const next = sorted(texts, source.peek());
  if (next) await open({ source: next });
}
