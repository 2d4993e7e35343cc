import { first } from "virtual:first";
import { render } from "preact";
import { begin, chinese, client } from "./state/app.ts";
import { fromHash } from "./state/link.ts";
import "./style.css";
import { listenToKeys } from "./view/keys.ts";
import { loadAll } from "./view/lazy.tsx";
import { Page } from "./view/page.tsx";

client.warm();
listenToKeys();
const shared = await fromHash(location.hash);
const begun = begin(first, shared);
render(<Page />, document.getElementById("app")!);
await begun;
const state = document.documentElement.dataset;
state.ready = "";
performance.mark("ready");
// Whoever is offline later has all of the page.
await Promise.all([loadAll(), chinese()]);
state.complete = "";
