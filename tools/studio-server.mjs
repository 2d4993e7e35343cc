/** `chainrule studio` from dist/, for the tools that look at the page. */
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

/** Its address once it is there, and how to end it. */
export async function serveStudio() {
  const command = fileURLToPath(new URL("../dist/cli.js", import.meta.url));
  const server = spawn(process.execPath, [command, "studio", "--no-open", "--json"]);
  const address = await new Promise((resolve, reject) => {
    let printed = "";
    server.stdout.on("data", (text) => {
      printed += text;
      const found = /http:[^"]+/.exec(printed);
      if (found) resolve(found[0]);
    });
    server.once("exit", () => reject(new Error("The studio did not start: npm run build")));
  });
  return { address, close: () => server.kill("SIGINT") };
}
