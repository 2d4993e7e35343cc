/** Signs drawn by ourselves: not every machine has them in a font. */
const paths = {
  play: "M2 1 11 6 2 11Z",
  pause: "M2 1h3v10H2ZM7 1h3v10H7Z",
  start: "M1 1h2v10H1ZM11 1v10L4 6Z",
  back: "M10 1v10L1 6Z",
} as const;

export const Icon = ({ name }: { readonly name: keyof typeof paths }) => (
  <svg class="icon" viewBox="0 0 12 12" aria-hidden="true">
    <path d={paths[name]} />
  </svg>
);
