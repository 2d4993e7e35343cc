/** Sends orders to the worker, and draws what it tells. */
const worker = new Worker(new URL("worker.js", import.meta.url), { type: "module" });
const [line, said] = ["polyline", "output"].map((name) => document.querySelector(name));

worker.addEventListener("message", ({ data: { epoch, goal, kept, curve, accuracy, problem } }) => {
  if (problem !== undefined) {
    said.textContent = problem;
    return;
  }
  const most = Math.max(...curve.map(([, loss]) => loss));
  const at = ([i, loss]) =>
    `${((300 * i) / epoch).toFixed(1)},${(98 - (95 * loss) / most).toFixed(1)}`;
  line.setAttribute("points", curve.map(at).join(" "));
  const [, loss] = curve.at(-1) ?? [];
  const parts = [
    goal > epoch ? `epoch ${epoch} of ${goal}` : `epoch ${epoch}`,
    ...(loss === undefined ? [] : [`loss ${loss.toPrecision(6)}`]),
    ...(accuracy === undefined ? [] : [`${(100 * accuracy).toFixed(0)} % right`]),
    ...(goal > epoch ? [`kept at ${kept}`] : []),
  ];
  said.textContent = parts.join(", ");
});
worker.addEventListener("error", ({ message }) => {
  said.textContent = message || "The worker could not be started.";
});
for (const order of ["train", "stop", "forget"]) {
  document.querySelector(`#${order}`).addEventListener("click", () => worker.postMessage(order));
}
