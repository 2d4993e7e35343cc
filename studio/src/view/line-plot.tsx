/** The error along the chosen weight, with the tangent and where the next step leads. */
import { useEffect, useState } from "preact/hooks";
import type { LineView } from "../protocol.ts";
import {
  attempt,
  chosenFor,
  client,
  derivation,
  element,
  playing,
  strings,
  structure,
} from "../state/app.ts";
import { short } from "./number.ts";

const [width, height, left, bottom, top] = [560, 220, 64, 26, 12];

export function LinePlot() {
  const t = strings.value;
  const d = derivation.value;
  const s = structure.value;
  const [line, setLine] = useState<LineView>();
  useEffect(() => {
    if (!s || playing.value) return;
    void attempt(() => client.guarded("line", [chosenFor(s, element.peek())])).then((found) => {
      if (found) setLine(found);
    });
  }, [d]);
  if (!line || !d || !s) return <p class="loading">…</p>;
  return (
    <figure>
      <Curve line={line} name={d.symbol} loss={s.loss} />
      <figcaption>{t.lineText(d.symbol, s.loss)}</figcaption>
    </figure>
  );
}

interface CurveProps {
  readonly line: LineView;
  readonly name: string;
  readonly loss: string;
}

function Curve({ line, name, loss }: CurveProps) {
  const finite = [...line.y].filter(Number.isFinite);
  const low = Math.min(...finite, line.loss);
  const high = Math.max(...finite, line.loss);
  const span = high - low || 1;
  const [first, last] = [line.x[0]!, line.x.at(-1)!];
  const x = (v: number) => left + ((v - first) / (last - first)) * (width - left - 12);
  const y = (v: number) => height - bottom - ((v - low) / span) * (height - bottom - top);
  const points = Array.from(line.x, (v, i) =>
    Number.isFinite(line.y[i]!) ? `${x(v).toFixed(1)},${y(line.y[i]!).toFixed(1)}` : "",
  );
  const reach = (last - first) / 5;
  const tangent = (v: number) => line.loss + line.slope * (v - line.at);
  const labels = [low, low + span / 2, high];
  const words = `${loss}(${name}): ${short(line.at)} → ${short(line.loss)}`;
  return (
    <svg class="curve" viewBox={`0 0 ${width} ${height}`} role="img" aria-label={words}>
      {labels.map((v) => (
        <g key={v}>
          <line class="rule" x1={left} x2={width - 12} y1={y(v)} y2={y(v)} />
          <text x={left - 6} y={y(v) + 4} text-anchor="end">
            {short(v)}
          </text>
        </g>
      ))}
      {[first, line.at, last].map((v, i) => (
        <text
          key={v}
          x={x(v)}
          y={height - 8}
          text-anchor={i === 0 ? "start" : i === 1 ? "middle" : "end"}
        >
          {short(v)}
        </text>
      ))}
      <polyline class="graph" points={points.filter(Boolean).join(" ")} />
      <line
        class="tangent"
        x1={x(line.at - reach)}
        y1={y(tangent(line.at - reach))}
        x2={x(line.at + reach)}
        y2={y(tangent(line.at + reach))}
      />
      <circle class="point" cx={x(line.at)} cy={y(line.loss)} r={5} />
      {line.next && Number.isFinite(line.next.y) && (
        <circle class="next" cx={x(line.next.x)} cy={y(line.next.y)} r={6} />
      )}
    </svg>
  );
}
