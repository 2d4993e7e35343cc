import { useEffect, useRef, useState } from "preact/hooks";
import type { Plane } from "../protocol.ts";
import { attempt, client, dark, playing, strings, values } from "../state/app.ts";
import { found } from "../state/read.ts";
import { short } from "./number.ts";

const size = 300;
/** The least time between two paintings while it trains, in ms. */
const interval = 120;

export function PlanePlot() {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [plane, setPlane] = useState<Plane>();
  const t = strings.value;
  useEffect(() => {
    const offscreen = found(canvas.current).transferControlToOffscreen();
    void client.call("canvas", [offscreen], [offscreen]);
  }, []);
  const v = values.value;
  const night = dark.value;
  const busy = useRef(false);
  const last = useRef(0);
  useEffect(() => {
    const now = performance.now();
    if (busy.current || (playing.peek() && now - last.current < interval)) return;
    last.current = now;
    const paint = async (): Promise<void> => {
      busy.current = true;
      const colours = dark.peek();
      // A network that overflows somewhere in the plane has no picture, but a message.
      const painted = await attempt(() => client.call("paint", [colours]));
      if (painted) setPlane(painted);
      busy.current = false;
      if (dark.peek() !== colours) await paint();
    };
    void paint();
  }, [v, night]);
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
