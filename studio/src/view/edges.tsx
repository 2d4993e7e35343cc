import type { Structure, Values } from "../protocol.ts";
import { hidden, playing, strings } from "../state/app.ts";
import type { Edge, Layout } from "../state/layout.ts";
import { at, gradientAt, parameterAt, weightsAt } from "../state/read.ts";
import { asButton, type Looks, reactions } from "./mark.ts";
import { memo } from "./memo.ts";
import { longestOnLine, short } from "./number.ts";
import { SymbolText } from "./symbol.tsx";

interface Props {
  readonly edge: Edge;
  readonly structure: Structure;
  readonly values: Values;
  readonly looks: Looks;
}

/** A weight: its sign by colour, dash and "−", its size by the line's width. */
export function WeightLine({ edge, structure, values, looks }: Props) {
  const { column, index } = edge;
  const w = weightsAt(structure, column);
  const value = parameterAt(values, { name: w.parameter, index });
  const gradient = gradientAt(values, { name: w.parameter, index });
  const e = { kind: "weight", column, index } as const;
  const name = w.names[index] ?? `${w.parameter}[${index}]`;
  const width = Math.round(10 * Math.min(6, 0.8 + 1.8 * Math.sqrt(Math.abs(value)))) / 10;
  const unknown = hidden(w.gradients[index], "gradient");
  // Hundreds of texts that nobody hears or sees would take most of a frame.
  const words = playing.value
    ? name
    : strings.value.weightLabel(name, short(value), unknown ? "…" : short(gradient));
  const kind = `edge ${value < 0 ? "minus" : "plus"} ${looks.of(e)}`;
  const line = { edge, kind, words, width, symbol: w.names[index], stop: looks.tabIndex(e) };
  return <Line {...line} />;
}

interface LineProps {
  readonly edge: Edge;
  readonly kind: string;
  readonly words: string;
  readonly width: number;
  readonly symbol: string | undefined;
  readonly stop: 0 | -1;
}

/** Most lines stay as they are from one picture to the next: those are not gone through. */
const Line = memo(({ edge, kind, words, width, symbol, stop }: LineProps) => {
  const { column, index, from, to } = edge;
  const line = { x1: from[0], y1: from[1], x2: to[0], y2: to[1] };
  return (
    <g class={kind} {...asButton({ kind: "weight", column, index }, stop, words, symbol)}>
      <title>{words}</title>
      <line class="reach" {...line} />
      <line class="line" {...line} stroke-width={width} />
    </g>
  );
});

/** The numbers on a weight's line, above all lines; its line has the words for those who listen. */
export function WeightLabel({
  edge,
  structure,
  values,
  looks,
  ghost,
}: Props & { readonly ghost: Values | undefined }) {
  const { column, index, label } = edge;
  if (!label) return null;
  const w = weightsAt(structure, column);
  const value = parameterAt(values, { name: w.parameter, index });
  const old = ghost?.parameters[w.parameter]?.[index];
  const changed = old !== undefined && old !== value;
  const e = { kind: "weight", column, index } as const;
  const [x, y] = label;
  return (
    // biome-ignore lint/a11y/noAriaHiddenOnFocusable: it takes clicks, but no focus
    <g class={`label ${looks.of(e)}`} aria-hidden="true" {...reactions(e, w.names[index])}>
      <text x={x} y={y - 3}>
        <SymbolText name={at(w.names, index)} /> = {short(value, longestOnLine)}
      </text>
      <text class="gradient" x={x} y={y + 11}>
        {changed ? (
          <tspan class="ghost">{short(old)}</tspan>
        ) : (
          `∂ ${hidden(w.gradients[index]) ? "…" : short(gradientAt(values, { name: w.parameter, index }))}`
        )}
      </text>
    </g>
  );
}

/** From the last layer to the error. */
export function Ends({ layout }: { readonly layout: Layout }) {
  return (
    <g class="ends">
      {layout.bands.map(({ column, from, to }) => (
        <line key={column} class="band" x1={from[0]} y1={from[1]} x2={to[0]} y2={to[1]} />
      ))}
      {layout.ends.map(({ from, to }) => (
        <line key={`${from}`} x1={from[0]} y1={from[1]} x2={to[0]} y2={to[1]} />
      ))}
    </g>
  );
}
