import { useEffect, useRef, useState } from "preact/hooks";
import UPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { history, strings, theme } from "../state/app.ts";

export function LossPlot() {
  const t = strings.value;
  const [logarithmic, setLogarithmic] = useState(false);
  const h = history.value;
  const empty = h.epochs.length === 0;
  return (
    <div>
      <label>
        <input
          type="checkbox"
          checked={logarithmic}
          onChange={(e) => setLogarithmic(e.currentTarget.checked)}
        />{" "}
        {t.logarithmic}
      </label>
      {empty ? <p class="empty">{t.noHistory}</p> : <Plot logarithmic={logarithmic} />}
    </div>
  );
}

const height = 200;

function Plot({ logarithmic }: { readonly logarithmic: boolean }) {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<UPlot>(null);
  const t = strings.value;
  const look = theme.value;
  useEffect(() => {
    const style = getComputedStyle(place.current!);
    const [ink, rule, accent] = ["--ink-2", "--rule", "--plus"].map((n) =>
      style.getPropertyValue(n).trim(),
    ) as [string, string, string];
    const axis = { stroke: ink, grid: { stroke: rule, width: 1 }, ticks: { stroke: rule } };
    const data: UPlot.AlignedData = [history.peek().epochs, history.peek().losses];
    const made = new UPlot(
      {
        width: place.current!.clientWidth,
        height,
        scales: { x: { time: false }, y: { distr: logarithmic ? 3 : 1 } },
        axes: [axis, { ...axis, size: 64 }],
        series: [
          { label: t.epoch },
          { label: t.error, stroke: accent, width: 1.5, points: { show: false } },
        ],
        legend: { show: false },
        cursor: { drag: { x: false, y: false } },
      },
      data,
      place.current!,
    );
    plot.current = made;
    const observer = new ResizeObserver(([entry]) => {
      if (entry) made.setSize({ width: Math.floor(entry.contentRect.width), height });
    });
    observer.observe(place.current!);
    return () => {
      observer.disconnect();
      made.destroy();
    };
  }, [logarithmic, t, look]);
  const h = history.value;
  useEffect(() => {
    plot.current?.setData([h.epochs, h.losses]);
  }, [h]);
  const last = h.losses.at(-1);
  return (
    <div
      class="plot"
      ref={place}
      role="img"
      aria-label={`${t.tabs.loss}: ${t.epoch} ${h.epochs.at(-1)}, ${t.error} ${last}`}
    />
  );
}
