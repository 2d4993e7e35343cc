import { useEffect, useRef, useState } from "preact/hooks";
import type { ExportFormat } from "../protocol.ts";
import {
  amount,
  attempt,
  client,
  element,
  example,
  formula,
  grain,
  language,
  notation,
  position,
  source,
  strings,
  tab,
} from "../state/app.ts";
import { toHash } from "../state/link.ts";
import { Dialog } from "./dialog.tsx";
import { names, save, toPng } from "./download.ts";

const formats: readonly (ExportFormat | "png")[] = [
  "markdown",
  "latex",
  "html",
  "text",
  "json",
  "svg",
  "png",
  "csv",
  "pytorch",
  "network",
];

/** A link to what the page shows; undefined where it would be too long. */
async function linkOf(): Promise<string | undefined> {
  const text = await client.call("export", ["network"]);
  const moment = position.peek();
  const hash = await toHash({
    source: { text, files: source.peek().files },
    example: example.peek(),
    language: language.peek(),
    notation: notation.peek(),
    amount: amount.peek(),
    grain: grain.peek(),
    element: element.peek(),
    ...(moment === undefined ? {} : { position: moment }),
    ...(tab.peek() === "formula" ? { formula: formula.peek() } : {}),
  });
  if (hash === undefined) return undefined;
  const url = new URL(location.href);
  url.hash = hash;
  return url.href;
}

export function Share() {
  const t = strings.value.sharing;
  const [link, setLink] = useState<string>();
  const [copied, setCopied] = useState("");
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => {
    void attempt(linkOf).then((found) => {
      setLink(found ?? "");
      if (found) window.history.replaceState(null, "", found);
    });
  }, []);
  const copy = async () => {
    field.current?.select();
    try {
      await navigator.clipboard.writeText(link ?? "");
      setCopied(t.copied);
    } catch {
      // Not allowed, or a host without https: there is no clipboard.
      setCopied(t.copyYourself);
    }
  };
  return (
    <Dialog title={t.title}>
      {link === "" ? (
        <p>{t.tooLong}</p>
      ) : (
        <div class="row">
          <label class="wide">
            <span>{t.link}</span>
            <input
              ref={field}
              readOnly
              value={link ?? "…"}
              onFocus={(e) => e.currentTarget.select()}
            />
          </label>
          <button type="button" onClick={() => void copy()}>
            {t.copy}
          </button>
          <span role="status">{copied}</span>
        </div>
      )}
      <h3>{t.download}</h3>
      <ul class="formats">
        {formats.map((format) => (
          <li key={format}>
            <button
              type="button"
              data-format={format}
              onClick={() => void attempt(() => take(format))}
            >
              {t.formats[format]}
            </button>
          </li>
        ))}
        {Object.entries(source.value.files).map(([name, text]) => (
          <li key={name}>
            <button
              type="button"
              onClick={() => save(name.replace(/^.*\//s, ""), new Blob([text]))}
            >
              {t.table(name)}
            </button>
          </li>
        ))}
      </ul>
    </Dialog>
  );
}

async function take(format: ExportFormat | "png"): Promise<void> {
  const text = await client.call("export", [format === "png" ? "svg" : format]);
  save(names[format], format === "png" ? await toPng(text) : new Blob([text]));
}
