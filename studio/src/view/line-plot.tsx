/** The error along the chosen weight, with the tangent and where the next step leads. */
import { useEffect, useState } from "preact/hooks";
import type { LineView } from "../protocol.ts";
import { attempt, client, derivation, element, playing, strings, structure } from "../state/app.ts";
import { chosenFor } from "../state/places.ts";
import { at } from "../state/read.ts";
import { short } from "./number.ts";

const [width, height, left, bottom, top] = [560, 220, 64, 26, 12];

export function LinePlot() {
  const t = strings.value;
  const d = derivation.value;
  const s = structure.value;
  const [found, setFound] = useState<{ readonly line: LineView; readonly name: string }>();
  useEffect(() => {
    if (!s || !d || playing.value) return;
    void attempt(() => client.guarded("line", [chosenFor(s, element.peek())])).then((line) => {
      if (line) setFound({ line, name: d.symbol });
    });
  }, [d]);
  if (!found || !d || !s) return <p class="loading">…</p>;
  // Until the curve of another weight is there, this one keeps its name.
  const { line, name } = found;
  const drawn = [...line.y, line.loss].some(Number.isFinite);
  return (
    <figure>
      {drawn && <Curve line={line} name={name} loss={s.loss} />}
      <figcaption>{drawn ? t.lineText(name, s.loss) : t.lineNone}</figcaption>
    </figure>
  );
}

interface CurveProps {
  readonly line: LineView;
  readonly name: string;
  readonly loss: string;
}

function Curve({ line, name, loss }: CurveProps) {
  const known = Number.isFinite(line.loss) && Number.isFinite(line.slope);
  const finite = [...line.y, line.loss].filter(Number.isFinite);
  const low = Math.min(...finite);
  const high = Math.max(...finite);
  const span = high - low || 1;
  const [first, last] = [at(line.x, 0), at(line.x, line.x.length - 1)];
  const x = (v: number) => left + ((v - first) / (last - first)) * (width - left - 12);
  const y = (v: number) => height - bottom - ((v - low) / span) * (height - bottom - top);
  const points = Array.from(line.x, (v, i) => {
    const loss = at(line.y, i);
    return Number.isFinite(loss) ? `${x(v).toFixed(1)},${y(loss).toFixed(1)}` : "";
  });
  const reach = (last - first) / 5;
  const tangent = (v: number) => line.loss + line.slope * (v - line.at);
  const labels = [low, low + (high - low) / 2, high];
  const words = `${loss}(${name}): ${short(line.at)} → ${short(line.loss)}`;
  return (
    <svg class="curve" viewBox={`0 0 ${width} ${height}`} role="img" aria-label={words}>
      {labels.map((v, i) => (
        <g key={i}>
          <line class="rule" x1={left} x2={width - 12} y1={y(v)} y2={y(v)} />
          <text x={left - 6} y={y(v) + 4} text-anchor="end">
            {short(v)}
          </text>
        </g>
      ))}
      {[first, line.at, last].map((v, i) => (
        <text
          key={i}
          x={x(v)}
          y={height - 8}
          text-anchor={i === 0 ? "start" : i === 1 ? "middle" : "end"}
        >
          {short(v)}
        </text>
      ))}
      <polyline class="graph" points={points.filter(Boolean).join(" ")} />
      {known && (
        <line
          class="tangent"
          x1={x(line.at - reach)}
          y1={y(tangent(line.at - reach))}
          x2={x(line.at + reach)}
          y2={y(tangent(line.at + reach))}
        />
      )}
      {known && <circle class="point" cx={x(line.at)} cy={y(line.loss)} r={5} />}
      {line.next && Number.isFinite(line.next.y) && (
        <circle class="next" cx={x(line.next.x)} cy={y(line.next.y)} r={6} />
      )}
    </svg>
  );
}
