/** Files dropped anywhere on the page: a network file, a table, both together, or a model. */
import { useEffect, useState } from "preact/hooks";
import { attempt, client, modelFile, open, panel, source } from "../state/app.ts";

export function Drop() {
  const [over, setOver] = useState(false);
  useEffect(() => {
    // A piece of text that is dragged into a field is none of ours.
    const hasFiles = (e: DragEvent) => e.dataTransfer?.types.includes("Files") === true;
    const drag = (e: DragEvent) => {
      if (!hasFiles(e)) return;
      e.preventDefault();
      setOver(e.type === "dragover");
    };
    const drop = (e: DragEvent) => {
      if (!hasFiles(e)) return;
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
  const { areModels, sorted } = await import("../state/files.ts");
  if (await areModels(files)) {
    const view = await client.guarded("inspect", [files]);
    modelFile.value = { view, files };
    panel.value = "model";
    return;
  }
  const texts = await Promise.all(
    files.map(async (file) => ({ name: file.name, text: await file.text() })),
  );
  const found = sorted(texts);
  if (!found) return;
  await open({
    source: "files" in found ? found : await client.call("overTable", [source.peek().text, found]),
  });
}
