import { first } from "virtual:first";
import { render } from "preact";
import { begin, client } from "./state/app.ts";
import { fromHash } from "./state/link.ts";
import "./style.css";
import { listenToKeys } from "./view/keys.ts";
import { Page } from "./view/page.tsx";

client.warm();
listenToKeys();
const shared = await fromHash(location.hash);
const begun = begin(first, shared);
render(<Page />, document.getElementById("app")!);
await begun;
document.documentElement.dataset.ready = "";
