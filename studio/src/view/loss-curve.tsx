/** The error of every epoch, drawn by uPlot. */
import { useEffect, useRef } from "preact/hooks";
import UPlot from "uplot";
import { found } from "../state/read.ts";
import "uplot/dist/uPlot.min.css";
import type { HistoryView } from "../protocol.ts";
import { dark, history, playing, strings } from "../state/app.ts";

const height = 200;
/** The least time between two drawings while it trains, in ms. */
const interval = 100;

const dataOf = ({ epochs, losses, heldOut }: HistoryView): UPlot.AlignedData => [
  epochs,
  losses,
  ...(heldOut ? [heldOut] : []),
];

export function LossCurve({ logarithmic }: { readonly logarithmic: boolean }) {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<UPlot>(null);
  const t = strings.value;
  const night = dark.value;
  const held = history.value.heldOut !== undefined;
  useEffect(() => {
    const self = found(place.current);
    const style = getComputedStyle(self);
    const [ink, rule, accent, other] = ["--ink-2", "--rule", "--plus", "--minus"].map((n) =>
      style.getPropertyValue(n).trim(),
    ) as [string, string, string, string];
    const axis = { stroke: ink, grid: { stroke: rule, width: 1 }, ticks: { stroke: rule } };
    const made = new UPlot(
      {
        width: self.clientWidth,
        height,
        scales: { x: { time: false }, y: { distr: logarithmic ? 3 : 1 } },
        axes: [axis, { ...axis, size: 64 }],
        series: [
          { label: t.epoch },
          { label: t.error, stroke: accent, width: 1.5 },
          ...(held
            ? [
                {
                  label: t.heldOut,
                  stroke: other,
                  width: 1.5,
                  dash: [7, 4],
                },
              ]
            : []),
        ],
        legend: { show: false },
        cursor: { drag: { x: false, y: false } },
      },
      dataOf(history.peek()),
      self,
    );
    plot.current = made;
    const observer = new ResizeObserver(([entry]) => {
      if (entry) made.setSize({ width: Math.floor(entry.contentRect.width), height });
    });
    observer.observe(self);
    return () => {
      observer.disconnect();
      made.destroy();
    };
  }, [logarithmic, t, night, held]);
  const h = history.value;
  const drawn = useRef(0);
  useEffect(() => {
    const now = performance.now();
    if (playing.peek() && now - drawn.current < interval) return;
    drawn.current = now;
    const data = dataOf(h);
    if (plot.current?.series.length === data.length) plot.current.setData(data);
  }, [h, playing.value]);
  const last = h.losses.at(-1);
  return (
    <div
      class="plot"
      ref={place}
      role="img"
      aria-label={t.label(
        t.tabs.loss,
        t.list([`${t.epoch} ${h.epochs.at(-1)}`, `${t.error} ${last}`]),
      )}
    />
  );
}
