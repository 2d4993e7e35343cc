import { useEffect, useRef, useState } from "preact/hooks";
import type { Plane } from "../protocol.ts";
import { attempt, client, playing, strings, theme, values } from "../state/app.ts";
import { short } from "./number.ts";

const size = 300;
/** The least time between two paintings while it trains, in ms. */
const interval = 120;

export function PlanePlot() {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [plane, setPlane] = useState<Plane>();
  const t = strings.value;
  useEffect(() => {
    const offscreen = canvas.current!.transferControlToOffscreen();
    void client.call("canvas", [offscreen], [offscreen]);
  }, []);
  const v = values.value;
  const look = theme.value;
  const busy = useRef(false);
  const last = useRef(0);
  useEffect(() => {
    const now = performance.now();
    if (busy.current || (playing.peek() && now - last.current < interval)) return;
    busy.current = true;
    last.current = now;
    // A network that overflows somewhere in the plane has no picture, but a message.
    void attempt(() => client.call("paint", [isDark()])).then((painted) => {
      if (painted) setPlane(painted);
      busy.current = false;
    });
  }, [v, look]);
  return (
    <figure class="plane">
      <canvas ref={canvas} width={size} height={size} role="img" aria-label={t.planeText} />
      <figcaption>
        {t.planeText}
        {plane && (
          <span>
            {" "}
            x₁: {short(plane.low[0])} … {short(plane.high[0])}, x₂: {short(plane.low[1])} …{" "}
            {short(plane.high[1])}
          </span>
        )}
      </figcaption>
    </figure>
  );
}

export const isDark = (): boolean =>
  theme.peek() === "dark" ||
  (theme.peek() === "auto" && matchMedia("(prefers-color-scheme: dark)").matches);
