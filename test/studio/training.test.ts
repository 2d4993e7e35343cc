/** Training, and what is drawn of it. */
import { expect, it } from "vitest";
import { close, describeStudio, epoch, inked, lead, preset, soon, tab } from "./visitor.ts";

interface TraceEvent {
  readonly name: string;
  readonly pid: number;
  readonly tid: number;
  /** Microseconds on the processor. */
  readonly tdur?: number;
}

describeStudio("training", (v) => {
  it("trains, takes another rate while it does, undoes, and begins again", async () => {
    const page = await v.visit();
    const button = (n: number) => page.locator(".controls button").nth(n);
    const places = () =>
      page.evaluate(() =>
        [".frame svg", ".inspector", ".controls", ".tabs", ".walk", ".steps"].map((name) => {
          const { x, y, width, height } = document.querySelector(name)!.getBoundingClientRect();
          return { name, x, y, width, ...(name === ".steps" ? {} : { height }) };
        }),
      );
    const before = await places();
    await button(0).click();
    await soon(() => epoch(page)).toBeGreaterThan(30);
    // Nothing moves while the numbers change.
    expect(await places()).toEqual(before);
    const rate = page.locator(".controls input").first();
    await rate.fill("0.25");
    await rate.press("Enter");
    await soon(() => rate.inputValue()).toBe("0.25");
    await button(0).click();
    await soon(() => page.locator(".steps.stale").count()).toBe(0);
    await page.waitForSelector(".uplot canvas");
    await soon(() => inked(page)).toBeGreaterThan(100);
    const stopped = await epoch(page);
    await button(1).click();
    await soon(() => epoch(page)).toBe(stopped + 1);
    await button(2).click();
    await soon(() => epoch(page)).toBe(stopped);
    await button(3).click();
    await soon(() => epoch(page)).toBe(0);
    expect(await page.locator(".epoch").textContent()).toContain("0.298371109");
    await page.locator(".controls select").selectOption("100");
    await page.fill(".controls [name=epochs]", "250");
    await page.keyboard.press("Enter");
    await soon(() => epoch(page)).toBe(250);
    // Batch size and pace may be changed while it runs; it goes on.
    await button(0).click();
    await soon(() => epoch(page)).toBeGreaterThan(500);
    await page.locator(".controls select").selectOption("10");
    await page.locator(".controls input").nth(1).fill("2");
    await page.keyboard.press("Enter");
    const then = await epoch(page);
    await soon(() => epoch(page)).toBeGreaterThan(then + 100);
    await close(page);
  });

  it("shows the plots, the table, a comparison, and another seed", async () => {
    const page = await v.visit();
    await preset(page, "xor");
    await soon(() => page.locator(".inspector").textContent()).toContain("w¹₁₁");
    const before = await page.locator(".inspector input.exact").first().inputValue();
    await page.locator(".controls button").nth(4).click();
    await soon(() => page.locator(".inspector input.exact").first().inputValue()).not.toBe(before);
    await tab(page, "plane");
    await page.waitForSelector(".plane canvas");
    await soon(() => page.locator(".plane").textContent()).toContain("−0.15");
    await tab(page, "line");
    await page.waitForSelector(".curve .next");
    await tab(page, "gains");
    await soon(() => page.locator(".panel tbody tr").count()).toBe(2);
    await tab(page, "table");
    await page.locator(".panel details button").first().click();
    await page.waitForSelector(".heat canvas");
    const cells = page.locator(".heat .cells");
    await cells.press("ArrowRight");
    expect(await cells.getAttribute("aria-label")).toContain("row 0, column 1");
    await tab(page, "compare");
    await page.locator(".panel input[type=number]").fill("20");
    await page.locator(".panel .row button").click();
    await page.waitForSelector(".panel table");
    expect(await page.locator(".panel .graph").count()).toBe(2);
    await close(page);
  });

  it("lets one practise: covered until it is right, and a mistake gets its name", async () => {
    const page = await v.visit();
    await tab(page, "practice");
    await page.waitForSelector("[name=guess]");
    expect(await page.locator(".steps").textContent()).not.toContain("0.0821670406");
    expect(await page.locator(".inspector").textContent()).not.toContain("0.0821670406");
    const guess = async (text: string) => {
      await page.fill("[name=guess]", text);
      await page.keyboard.press("Enter");
    };
    const answer = () => page.locator(".practice .answer").textContent();
    await guess("-0.0821670406");
    await soon(answer).toContain("sign");
    await guess("0.0821670406");
    await soon(answer).toBe("Right.");
    await page.locator(".practice .row button").nth(1).click();
    await guess("0.3775");
    await soon(answer).toBe("Right.");
    await page.locator(".practice button").last().click();
    await guess("0.3775");
    await soon(answer).toContain("net_h1");
    await tab(page, "loss");
    await soon(() => lead(page)).toContain("w5");
    await close(page);
  });

  it("keeps its main thread free while the spirals are trained", { retry: 2 }, async () => {
    const page = await v.visit();
    await preset(page, "spirals");
    await soon(() => lead(page)).toContain("w³");
    await tab(page, "plane");
    await page.locator("h1").click();
    const client = await page.context().newCDPSession(page);
    const events: TraceEvent[] = [];
    client.on("Tracing.dataCollected", ({ value }) => {
      events.push(...(value as unknown as TraceEvent[]));
    });
    const includedCategories = [
      "toplevel",
      "devtools.timeline",
      "disabled-by-default-devtools.timeline",
    ];
    await client.send("Tracing.start", { traceConfig: { includedCategories } });
    await page.keyboard.press(" ");
    await soon(() => epoch(page)).toBeGreaterThan(60);
    await page.keyboard.press(" ");
    const complete = new Promise<void>((resolve) => {
      client.once("Tracing.tracingComplete", () => resolve());
    });
    await client.send("Tracing.end");
    await complete;
    const drawing = events.find((e) => e.name === "FireAnimationFrame")!;
    const tasks = events.filter(
      (e) => e.name === "RunTask" && e.pid === drawing.pid && e.tid === drawing.tid,
    );
    // Time on the processor: another process may have held this one up.
    const long = tasks.filter((e) => (e.tdur ?? 0) > 16_000);
    expect(tasks.length).toBeGreaterThan(300);
    expect(long.length / tasks.length).toBeLessThan(0.01);
    await close(page);
  });

  it.each(["xor", "spirals", "deep"])("opens and trains %s", async (id) => {
    const page = await v.visit();
    await preset(page, id);
    await soon(() => lead(page)).not.toContain("w5");
    await page.keyboard.press(".");
    await soon(() => epoch(page)).toBe(1);
    expect(await page.locator("[role=alert]").count()).toBe(0);
    if (id === "deep")
      await soon(() => page.locator(".finding").textContent()).toContain("vanishes");
    await close(page);
  });

  it("stops at a number that is not finite, goes back, and says where it came from", async () => {
    const page = await v.visit();
    await page.locator("header button").first().click();
    await page.locator("dialog details summary").click();
    await page.locator("dialog .file").fill(`layers: [linear: { outputs: 1, weight: 1, bias: 0 }]
loss: meanSquaredError
optimizer: { sgd: { learningRate: 1e200 } }
data: { examples: [{ inputs: [3], targets: [1] }] }
training: { epochs: 10, batchSize: 1 }`);
    await page.locator("dialog details button").click();
    await soon(() => page.locator("dialog[open]").count()).toBe(0);
    await page.keyboard.press(" ");
    await soon(() => page.locator("[role=alert]").textContent()).toContain("not finite");
    expect(await page.locator(".inspector").textContent()).not.toContain("NaN =");
    await soon(() => page.locator(".steps").textContent()).toContain("not finite");
    await page.locator(".controls button").nth(3).click();
    await soon(() => epoch(page)).toBe(0);
    await close(page);
  });
});
