import type { Structure, Values } from "../protocol.ts";
import { hidden, hovered, strings } from "../state/app.ts";
import { type Box, mostRows } from "../state/layout.ts";
import { elementKey } from "../state/places.ts";
import { at } from "../state/read.ts";
import { cut } from "../state/text-width.ts";
import { type Looks, pick } from "./mark.ts";
import { short } from "./number.ts";
import { SymbolText } from "./symbol.tsx";

interface Props {
  readonly structure: Structure;
  readonly values: Values;
  readonly box: Box;
  readonly looks: Looks;
  readonly ghost: Values | undefined;
}

/** The error, with its targets and terms where they are few. */
export function LossCard({ structure, values, box, looks, ghost }: Props) {
  const e = { kind: "loss" } as const;
  const t = strings.value;
  const { loss, targets, terms, classes } = structure;
  const targetText = (i: number) =>
    classes
      ? cut(classes[at(values.targets, i)] ?? String(values.targets[i]))
      : short(values.targets[i]);
  const rows = [
    ...targets.map((name, i) => ({ name, text: targetText(i), symbol: undefined })),
    ...terms.map((name, i) => ({ name, text: short(values.terms[i]), symbol: name })),
  ].slice(0, mostRows);
  const gone = hidden(loss);
  const old = ghost && ghost.loss !== values.loss && !gone ? short(ghost.loss) : "";
  const words = t.lossLabel(loss, gone ? "…" : short(values.loss));
  return (
    // biome-ignore lint/a11y/useSemanticElements: SVG has no button
    <g
      class={`unit loss ${looks.of(e)}`}
      role="button"
      tabindex={looks.tabIndex(e)}
      aria-label={words}
      data-key={elementKey(e)}
      onClick={() => pick(e)}
      onKeyDown={() => {}}
      onPointerEnter={() => {
        hovered.value = loss;
      }}
      onPointerLeave={() => {
        hovered.value = undefined;
      }}
    >
      <title>{words}</title>
      <rect class="ground" {...box} rx={10} />
      {rows.map(({ name, text, symbol }, i) => (
        <text key={name} x={box.x + 10} y={box.y + 20 + 17 * i} class="small">
          <SymbolText name={name} />
          <tspan class="number" x={box.x + box.width - 10} text-anchor="end">
            {hidden(symbol) ? "…" : text}
          </tspan>
        </text>
      ))}
      <text x={box.x + 10} y={box.y + box.height - 18} class="total">
        <SymbolText name={loss} />
        <tspan class="number" x={box.x + box.width - 10} text-anchor="end">
          {gone ? "…" : short(values.loss)}
        </tspan>
        {old && (
          <tspan class="ghost" x={box.x + box.width - 10} dy="12" text-anchor="end">
            {old}
          </tspan>
        )}
      </text>
    </g>
  );
}
