/** A matrix as a heat map, with an inspector for its cells. */
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { Weights } from "../protocol.ts";
import { choose, dark, hidden, strings, values } from "../state/app.ts";
import { found, gradientAt, parameterAt } from "../state/read.ts";
import { short } from "./number.ts";

type Quantity = "value" | "gradient";

const plus = [45, 115, 190] as const;
const minus = [230, 140, 50] as const;

export function Heat({ w }: { readonly w: Weights }) {
  const t = strings.value;
  const v = found(values.value);
  const night = dark.value;
  const canvas = useRef<HTMLCanvasElement>(null);
  const [quantity, setQuantity] = useState<Quantity>("value");
  const [wanted, setAt] = useState(0);
  // Another network may have a smaller matrix of that name.
  const at = Math.min(wanted, w.rows * w.columns - 1);
  // Where gradients are not known yet there is nothing to be seen of them.
  const gone = hidden(w.gradients[at], "gradient");
  const all = found((quantity === "value" ? v.parameters : v.gradients)[w.parameter]);
  const covered = gone && quantity === "gradient";
  const data = useMemo(() => (covered ? new Float64Array(all.length) : all), [covered, all]);
  useEffect(() => paint(found(canvas.current), w, data, night), [w, data, night]);
  const move = (step: number) => setAt(Math.max(0, Math.min(at + step, w.rows * w.columns - 1)));
  const steps: Readonly<Record<string, number>> = {
    ArrowLeft: -1,
    ArrowRight: 1,
    ArrowUp: -w.columns,
    ArrowDown: w.columns,
  };
  const words = t.cell(
    Math.floor(at / w.columns),
    at % w.columns,
    String(parameterAt(v, { name: w.parameter, index: at })),
    gone ? "…" : String(gradientAt(v, { name: w.parameter, index: at })),
  );
  return (
    <figure class="heat">
      <figcaption>
        {t.heat(w.parameter)}{" "}
        <select
          aria-label={t.heat(w.parameter)}
          value={quantity}
          onChange={(e) => setQuantity(e.currentTarget.value as Quantity)}
        >
          <option value="value">{t.quantity.value}</option>
          <option value="gradient">{t.quantity.gradient}</option>
        </select>
      </figcaption>
      <button
        type="button"
        class="cells"
        aria-label={t.label(t.heat(w.parameter), words)}
        onPointerMove={(e) => setAt(cellAt(e, w))}
        onClick={() => void choose({ kind: "weight", column: w.column, index: at })}
        onKeyDown={(e) => {
          const step = steps[e.key];
          if (step === undefined) return;
          e.preventDefault();
          move(step);
        }}
      >
        <canvas ref={canvas} width={w.columns} height={w.rows} />
      </button>
      <p>
        {words} ({covered ? "…" : short(data[at])})
      </p>
    </figure>
  );
}

function cellAt(e: PointerEvent, w: Weights): number {
  const box = (e.currentTarget as HTMLElement).getBoundingClientRect();
  const part = (n: number, of: number, count: number) =>
    Math.max(0, Math.min(count - 1, Math.floor((n / of) * count)));
  const row = part(e.clientY - box.top, box.height, w.rows);
  return row * w.columns + part(e.clientX - box.left, box.width, w.columns);
}

function paint(canvas: HTMLCanvasElement, w: Weights, data: Float64Array, night: boolean): void {
  const context = found(canvas.getContext("2d"));
  const image = context.createImageData(w.columns, w.rows);
  const largest = data.reduce((m, x) => Math.max(m, Math.abs(x)), 0) || 1;
  const ground = night ? 24 : 255;
  data.forEach((value, i) => {
    const [red, green, blue] = value < 0 ? minus : plus;
    const strength = Math.abs(value) / largest;
    const mixed = (colour: number) => ground + (colour - ground) * strength;
    image.data.set([mixed(red), mixed(green), mixed(blue), 255], 4 * i);
  });
  context.putImageData(image, 0, 0);
}
