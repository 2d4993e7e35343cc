import { first } from "virtual:first";
import { render } from "preact";
import { chinese, client } from "./state/app.ts";
import { begin, openShared, tellBadLink } from "./state/begin.ts";
import { fromHash } from "./state/link.ts";
import { found } from "./state/read.ts";
import "./style.css";
import { listenToKeys } from "./view/keys.ts";
import { loadAll } from "./view/lazy.tsx";
import { Page } from "./view/page.tsx";

// Some systems call their language "C", which is none; what formats numbers would not stand it.
try {
  new Intl.NumberFormat(navigator.language);
} catch {
  Object.defineProperty(navigator, "language", { value: "en", configurable: true });
}
client.warm();
listenToKeys();
const shared = await fromHash(location.hash);
const begun = shared ? openShared(shared) : begin(first);
render(<Page />, found(document.getElementById("app")));
const there = await begun;
// In the reader's language, which is known by now.
if (there && !shared && location.hash.length > 1) tellBadLink();
// Another link in the same window does not load the page again.
addEventListener("hashchange", async () => {
  const next = await fromHash(location.hash);
  if (next) await openShared(next);
  else if (location.hash.length > 1) tellBadLink();
});
const state = document.documentElement.dataset;
state.ready = "";
performance.mark("ready");
if (there) {
  // The page then works without a connection, too.
  const late = client.call("late", []);
  await Promise.all([loadAll(), chinese().catch(() => {}), late.catch(() => {})]);
  state.complete = "";
}
