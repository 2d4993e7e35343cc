/** What can be taken away from the page. */
import { entryOf } from "../../../src/core/by-name.ts";
import { fail } from "../../../src/core/errors.ts";
import { pytorchScript } from "../../../src/exchange/pytorch/script.ts";
import { indexText } from "../../../src/explain/engine/parameters.ts";
import type { Derivation } from "../../../src/explain/render/index.ts";
import type { ExportFormat, PrintFormat } from "../protocol.ts";
import type { Engine } from "./engine.ts";
import { networkText } from "./network-text.ts";

export function printed(derivation: Derivation, format: PrintFormat): string {
  switch (format) {
    case "markdown":
      return derivation.toMarkdown();
    case "latex":
      return derivation.toLatex();
    case "html":
      return derivation.toHtml();
    case "text":
      return derivation.toText();
    case "json":
      return `${JSON.stringify(derivation, null, 1)}\n`;
  }
}

export function exported(engine: Engine, format: ExportFormat): string {
  switch (format) {
    case "svg":
      return engine.derivation.toSvg() ?? tooLarge();
    case "csv":
      return gradients(engine);
    case "pytorch":
      return pytorchScript({
        ...engine.current,
        trainer: engine.trainer,
        batchSize: engine.batchSize,
      });
    case "network":
      return networkText(engine);
    default:
      return printed(engine.derivation, format);
  }
}

const tooLarge = (): never =>
  fail("unsupported", {
    message: "This network is too large for a drawing with all its numbers.",
    expected: "at most 6 layers of 6 units",
    fix: "Take the gradients as CSV instead.",
  });

/** One row for each number of each parameter. */
function gradients(engine: Engine): string {
  const { parameters, gradients } = engine.values();
  const rows = Object.entries(parameters).flatMap(([name, values]) => {
    const { shape } = entryOf(engine.trainer.model.parameters, name);
    return Array.from(
      values,
      (value, i) => `"${name}${indexText(shape, i)}",${value},${entryOf(gradients, name)[i]}`,
    );
  });
  return `${["parameter,value,gradient", ...rows].join("\n")}\n`;
}
