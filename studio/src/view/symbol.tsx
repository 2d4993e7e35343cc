/** A symbol in the picture: what follows an underscore stands lower. */
export function SymbolText({ name }: { readonly name: string }) {
  const match = /^([^_]+)_(.+)$/.exec(name);
  if (!match) return <tspan class="symbol">{name}</tspan>;
  return (
    <>
      <tspan class="symbol">{match[1]}</tspan>
      <tspan class="below" dy="3">
        {match[2]}
      </tspan>
      <tspan dy="-3">{"\u200b"}</tspan>
    </>
  );
}
