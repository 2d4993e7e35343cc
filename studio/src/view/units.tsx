import type { Structure, Unit, Values } from "../protocol.ts";
import { hidden, mapped, playing, strings, tab } from "../state/app.ts";
import { type Box, type ColumnBox, slopeLabel } from "../state/layout.ts";
import { elementKey, weightsInto } from "../state/places.ts";
import { columnAt, found, gradientAt, at as item, parameterAt } from "../state/read.ts";
import { titleOf } from "../state/titles.ts";
import { asButton, type Looks, pick } from "./mark.ts";
import { short } from "./number.ts";
import { SymbolText } from "./symbol.tsx";

interface Props {
  readonly column: number;
  readonly box: ColumnBox;
  readonly structure: Structure;
  readonly values: Values;
  readonly looks: Looks;
  readonly vertical: boolean;
  readonly ghost: Values | undefined;
}

export function Column(props: Props) {
  const { column, box, structure, vertical } = props;
  const t = strings.value;
  const title = titleOf(columnAt(structure, column), t);
  // Dots stand close together: there the number of the layer must do.
  const close = box.kind === "dots" && structure.columns.length > 5;
  // A block says its channels inside; columns beside each other have a second line for them.
  const inside = box.kind === "block";
  const below = vertical || close || inside ? undefined : title.channels;
  const whole = column === 0 ? t.inputs : inside || below ? title.short : title.whole;
  const at = vertical
    ? { x: inside ? box.box.x - 10 : 4, y: box.box.y - 10, "text-anchor": "start" as const }
    : { x: box.box.x + box.box.width / 2, y: below ? 11 : 16, "text-anchor": "middle" as const };
  return (
    <g>
      <text class="title" {...at}>
        {close ? String(column || "x") : whole}
        {below && (
          <tspan x={at.x} dy="14">
            {below}
          </tspan>
        )}
      </text>
      {box.kind === "block" ? (
        <Block {...props} />
      ) : (
        box.units.map((b, unit) => <UnitMark key={`${b.x} ${b.y}`} {...props} unit={unit} at={b} />)
      )}
      {box.kind === "cards" &&
        columnAt(structure, column).bias &&
        box.units.map((b, unit) => (
          <BiasMark key={`${b.x} ${b.y}`} {...props} unit={unit} at={b} />
        ))}
    </g>
  );
}

interface Line {
  readonly name: string;
  /** What stands in the card for it. */
  readonly label: string;
  readonly gone: boolean;
  readonly value: number;
  readonly old: number | undefined;
}

/** The quantities of a unit with their values. */
function linesOf(
  u: Unit,
  v: Values,
  old: Values | undefined,
  column: number,
  unit: number,
): Line[] {
  const lines: Line[] = [];
  const add = (name: string | undefined, part: "nets" | "outs" | "deltas") => {
    if (name === undefined) return;
    const [value, before] = [item(item(v[part], column), unit), old?.[part][column]?.[unit]];
    const label = part === "deltas" ? slopeLabel(name) : name;
    lines.push({ name, label, gone: hidden(name), value, old: before });
  };
  add(u.net, "nets");
  add(u.out, "outs");
  add(u.delta, "deltas");
  return lines;
}

function UnitMark(props: Props & { readonly unit: number; readonly at: Box }) {
  const { column, unit, at, box, structure, values, looks, ghost } = props;
  const e = { kind: "unit", column, unit } as const;
  const u = item(columnAt(structure, column).units, unit);
  const lines = linesOf(u, values, ghost, column, unit);
  const t = strings.value;
  const told = lines.map((l) => `${l.name} = ${l.gone ? "…" : short(l.value)}`).join(", ");
  const names = playing.value ? (u.out ?? u.net ?? "") : told;
  const words = column === 0 ? t.inputLabel(names) : t.unitLabel(names);
  // A colour says as much as a number does.
  const gone = hidden(u.out ?? u.net);
  const strength = gone ? 0 : Math.max(-1, Math.min(1, item(item(values.outs, column), unit)));
  const card = box.kind === "cards";
  // The bias has the first row of a card.
  const above = columnAt(structure, column).bias ? 1 : 0;
  const opacity = Math.round(100 * Math.abs(strength) * (card ? 0.22 : 0.9)) / 100;
  return (
    <g
      class={`unit ${strength < 0 ? "minus" : "plus"} ${looks.of(e)}`}
      {...asButton(e, looks.tabIndex(e), words, u.out ?? u.net)}
    >
      <title>{words}</title>
      <rect class="ground" {...at} rx={card ? 10 : at.width / 2} />
      <rect class="tint" {...at} rx={card ? 10 : at.width / 2} fill-opacity={opacity} />
      {card &&
        lines.map((l, i) => (
          <text
            key={l.name}
            data-symbol={l.name}
            x={at.x + 10}
            y={rowAt(at, lines.length + above, i + above)}
          >
            <SymbolText name={l.label} />
            <tspan class="number" x={at.x + at.width - 10} text-anchor="end">
              {l.gone ? "…" : short(l.value)}
            </tspan>
            {l.old !== undefined && l.old !== l.value && !l.gone && (
              <tspan class="ghost" x={at.x + at.width - 10} dy="10" text-anchor="end">
                {short(l.old)}
              </tspan>
            )}
          </text>
        ))}
    </g>
  );
}

/** The height of a row in a card. */
const rowAt = (card: Box, rows: number, row: number): number =>
  card.y + card.height / 2 + (row - (rows - 1) / 2) * 25 + 3;

/** What is added to a unit's net input, at the top of its card. */
function BiasMark(props: Props & { readonly unit: number; readonly at: Box }) {
  const { column, unit, at, structure, values, looks, ghost } = props;
  const e = { kind: "bias", column, unit } as const;
  const c = columnAt(structure, column);
  const u = item(c.units, unit);
  const { parameter, shared } = found(c.bias);
  const index = shared ? 0 : unit;
  const value = parameterAt(values, { name: parameter, index });
  const gradient = gradientAt(values, { name: parameter, index });
  const old = ghost?.parameters[parameter]?.[index];
  const name = u.bias ?? "";
  const words = playing.value
    ? name
    : strings.value.biasLabel(name, short(value), hidden(u.biasGradient) ? "…" : short(gradient));
  const rows = 2 + [u.out, u.delta].filter((n) => n !== undefined).length;
  const y = rowAt(at, rows, 0);
  return (
    <g class={`bias ${looks.of(e)}`} {...asButton(e, looks.tabIndex(e), words, name)}>
      <title>{words}</title>
      <rect class="slot" x={at.x + 4} y={y - 17} width={at.width - 8} height={24} rx={6} />
      <text x={at.x + 10} y={y}>
        <SymbolText name={name} />
        <tspan class="number" x={at.x + at.width - 10} text-anchor="end">
          {short(value)}
        </tspan>
        {old !== undefined && old !== value && (
          <tspan class="ghost" x={at.x + at.width - 10} dy="10" text-anchor="end">
            {short(old)}
          </tspan>
        )}
      </text>
    </g>
  );
}

/** A layer too wide to draw unit by unit. */
function Block({ column, box, structure, looks }: Props) {
  const drillDown = () => {
    mapped.value = weightsInto(structure, Math.max(1, column))?.parameter;
    tab.value = "table";
    pick(e);
  };
  const e = { kind: "unit", column, unit: 0 } as const;
  const c = columnAt(structure, column);
  const at = box.box;
  const t = strings.value;
  const words = column === 0 ? `${c.size} ${t.inputs}` : titleOf(c, t).whole;
  const [count = 1, ...field] = c.shape;
  const lines = c.channels ? [t.channels(count, undefined), field.join(" × ")] : [String(c.size)];
  const [x, y] = [at.x + at.width / 2, at.y + at.height / 2 + 5];
  return (
    // biome-ignore lint/a11y/useSemanticElements: SVG has no button
    <g
      class={`unit block ${looks.of(e)}`}
      role="button"
      tabindex={looks.tabIndex(e)}
      aria-label={words}
      data-key={elementKey(e)}
      onClick={drillDown}
      onKeyDown={() => {}}
    >
      <title>{words}</title>
      <rect class="ground" {...at} rx={10} />
      {lines.map((line, i) => (
        <text key={line} x={x} y={y + 18 * (i - (lines.length - 1) / 2)} text-anchor="middle">
          {line}
        </text>
      ))}
    </g>
  );
}
