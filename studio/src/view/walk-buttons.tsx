/** The buttons that lead through a derivation step by step. */
import { strings } from "../state/app.ts";
import { Icon } from "./icon.tsx";

interface WalkButtonsProps {
  readonly toStart: () => void;
  readonly back: () => void;
  readonly forward: () => void;
  /** Keys that do the same, where the page listens to them. */
  readonly keys?: { readonly back: string; readonly forward: string };
}

export function WalkButtons({ toStart, back, forward, keys }: WalkButtonsProps) {
  const t = strings.value;
  const named = (name: string, key?: string) => ({
    "aria-label": name,
    title: key === undefined ? name : `${name} ${key}`,
    "aria-keyshortcuts": key,
  });
  return (
    <>
      <button type="button" {...named(t.toStart)} onClick={toStart}>
        <Icon name="start" />
      </button>
      <button type="button" {...named(t.back, keys?.back)} onClick={back}>
        <Icon name="back" />
      </button>
      <button type="button" {...named(t.forward, keys?.forward)} onClick={forward}>
        <Icon name="play" />
      </button>
    </>
  );
}
