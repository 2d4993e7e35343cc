/** Training, and what is drawn of it. */
import { expect, it } from "vitest";
import {
  choose,
  close,
  describeStudio,
  epoch,
  inked,
  language,
  lead,
  openText,
  preset,
  soon,
  tab,
  unit,
  weight,
} from "./visitor.ts";

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
    const plot = () => page.locator(".plot").screenshot();
    const linear = await plot();
    await page.locator(".panel input[type=checkbox]").check();
    await page.locator("h1").click();
    await soon(async () => linear.equals(await plot())).toBe(false);
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

  it("trains as far as it was asked to, whatever is changed on the way", async () => {
    const page = await v.visit();
    await page.fill(".controls [name=epochs]", "2000");
    await page.keyboard.press("Enter");
    await soon(() => epoch(page)).toBeGreaterThan(20);
    await page.locator(".controls select").selectOption("100");
    const batch = page.locator(".controls input").nth(1);
    await batch.fill("2");
    await batch.press("Enter");
    await soon(() => epoch(page)).toBe(2000);
    await soon(() => page.locator(".controls .main").textContent()).toContain("Train");
    expect(await epoch(page)).toBe(2000);
    await close(page);
  });

  it("opens another network while it trains, and nothing of the first one is left", async () => {
    const page = await v.visit();
    await preset(page, "spirals");
    await soon(() => lead(page)).toContain("w³");
    await page.locator("h1").click();
    await page.keyboard.press(" ");
    await soon(() => epoch(page)).toBeGreaterThan(0);
    await preset(page, "seed");
    await soon(() => lead(page)).toContain("w5 is 0.4.");
    await soon(() => page.locator(".steps.stale").count()).toBe(0);
    expect(await epoch(page)).toBe(0);
    expect(await page.locator("[role=alert]").count()).toBe(0);
    // Nor of a comparison.
    await tab(page, "compare");
    await page.locator(".panel input[type=number]").fill("20");
    await page.locator(".panel .row button").click();
    await page.waitForSelector(".panel table");
    await preset(page, "xor");
    await soon(() => page.locator(".panel table").count()).toBe(0);
    await soon(() => page.locator(".panel fieldset input").first().inputValue()).toBe("0.05");
    await close(page);
  });

  it("keeps the focus, and blames no learning rate for what was changed by hand", async () => {
    const page = await v.visit();
    const focused = () => page.evaluate(() => document.activeElement?.textContent);
    const one = page.getByRole("button", { name: "One epoch" });
    await one.focus();
    for (let i = 1; i <= 3; i++) {
      await page.keyboard.press("Enter");
      await soon(() => epoch(page)).toBe(i);
      await soon(() => one.getAttribute("aria-disabled")).toBe("false");
    }
    expect(await focused()).toBe("One epoch");
    const field = page.locator(".inspector input.exact").first();
    await field.fill("9");
    await field.press("Enter");
    await soon(() => lead(page)).toContain("w5 is 9.");
    await one.focus();
    await page.keyboard.press("Enter");
    await soon(() => epoch(page)).toBe(4);
    await soon(() => page.locator(".steps.stale").count()).toBe(0);
    await tab(page, "gains");
    await page.waitForSelector(".panel table");
    expect(await page.locator(".finding").count()).toBe(0);
    await close(page);
  });

  it("shows beside a number only what that number was before", async () => {
    const page = await v.visit();
    await preset(page, "xor");
    await soon(() => page.locator(".example input").inputValue()).toBe("1");
    const field = page.locator(".inspector input.exact").first();
    await field.fill("3");
    await field.press("Enter");
    await soon(() => page.locator(".frame .ghost").count()).toBeGreaterThan(0);
    const example = page.locator(".example input");
    await example.fill("99");
    await example.press("Enter");
    await soon(() => page.locator(".frame .ghost").count()).toBe(0);
    // There are four.
    expect(await example.inputValue()).toBe("3");
    await close(page);
  });

  it("shows the plots, the table, a comparison, and another seed", async () => {
    const page = await v.visit();
    // First weights that a file writes out are drawn again as well; those of the file come back.
    const first = () => page.locator(weight(2, 0)).getAttribute("aria-label");
    await page.locator(".controls button").nth(4).click();
    await soon(first).not.toContain("w5 = 0.4,");
    await preset(page, "seed");
    await soon(first).toContain("w5 = 0.4,");
    await preset(page, "xor");
    await soon(() => page.locator(".inspector").textContent()).toContain("w¹₁₂");
    const before = await page.locator(".inspector input.exact").first().inputValue();
    await page.locator(".controls button").nth(4).click();
    await soon(() => page.locator(".inspector input.exact").first().inputValue()).not.toBe(before);
    await tab(page, "plane");
    await page.waitForSelector(".plane canvas");
    await soon(() => page.locator(".plane").textContent()).toContain("−0.15");
    const plane = () => page.locator(".plane canvas").screenshot();
    const untrained = await plane();
    await page.fill(".controls [name=epochs]", "60");
    await page.keyboard.press("Enter");
    await soon(() => epoch(page)).toBe(60);
    await soon(async () => untrained.equals(await plane())).toBe(false);
    await tab(page, "line");
    await page.waitForSelector(".curve .next");
    expect(await page.locator(".curve :is(.tangent, .point)").count()).toBe(2);
    await choose(page, weight(1, 2));
    await soon(() => page.locator(".panel figcaption").textContent()).toContain("w¹₂₁");
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
    // One that takes too long can be stopped.
    await page.locator(".panel input[type=number]").fill("100000");
    await page.locator(".panel .row button").click();
    await soon(() => page.locator(".panel .row button").textContent()).toBe("Stop");
    await page.locator(".panel .row button").click();
    await soon(() => page.locator(".panel .row button").textContent()).toBe("Train both");
    await close(page);
  });

  it("lets one practise: covered until it is right, and a mistake gets its name", async () => {
    const page = await v.visit();
    await tab(page, "practice");
    await page.waitForSelector("[name=guess]");
    // Nor is what is asked for read aloud.
    await choose(page, weight(2, 3));
    await soon(() => page.locator(".practice .question").textContent()).toContain("w8");
    await choose(page, weight(2, 0));
    await soon(() => page.locator(".practice .question").textContent()).toContain("w5");
    await page.locator("h1").click();
    await page.keyboard.press("]");
    expect(await page.locator("p[role=status].hidden").textContent()).toBe("");
    expect(await page.locator(".steps").textContent()).not.toContain("0.0821670406");
    expect(await page.locator(".inspector").textContent()).not.toContain("0.0821670406");
    const guess = async (text: string) => {
      await page.fill("[name=guess]", text);
      await page.keyboard.press("Enter");
    };
    const answer = () => page.locator(".practice .answer").textContent();
    await guess("-0.0821670406");
    await soon(answer).toContain("sign");
    // It was asked for the gradient, not for what becomes of the weight.
    await guess("0.359");
    await soon(answer).toContain("the new value of w5");
    await guess("0.741365");
    await soon(answer).toContain("the last two factors were left out");
    // What was said of one number does not stand beside another that is none.
    await guess("1,200");
    await soon(() => page.locator(".practice .wrong").count()).toBe(1);
    await soon(answer).toBe("");
    await guess("0.35");
    await soon(answer).toContain("Not this number");
    await guess("0.1");
    await soon(answer).toContain("too few digits");
    await guess("1,200");
    await soon(() => page.locator(".practice .wrong").count()).toBe(1);
    expect(await page.locator(".steps").textContent()).not.toContain("0.0821670406");
    await language(page, "zh");
    await soon(() => page.locator(".practice .question").textContent()).toContain("多少");
    await guess("0.08");
    await soon(answer).toContain("三位有效数字");
    await language(page, "en");
    await soon(() => page.locator(".practice .question").textContent()).toContain("What");
    await guess("0.0822");
    await soon(answer).toBe("Right.");
    await page.locator(".practice .row button").nth(1).click();
    await guess("0.3775");
    await soon(answer).toBe("Right.");
    await page.locator(".practice button").last().focus();
    await page.keyboard.press("Enter");
    await soon(() => page.evaluate(() => document.activeElement?.getAttribute("name"))).toBe(
      "guess",
    );
    await guess("0.39");
    await soon(answer).toContain("too few digits");
    await guess("0.3775");
    await soon(answer).toContain("net_h1");
    await tab(page, "loss");
    await soon(() => lead(page)).toContain("w5");
    await close(page);
  });

  it("opens a network of 784 inputs, goes into its matrices, and stays at hand", async () => {
    const page = await v.visit();
    await openText(
      page,
      `layers: [linear: { outputs: 128 }, relu, linear: { outputs: 10 }]
loss: crossEntropy
optimizer: { adam: { learningRate: 0.001 } }
data: { generate: { blobs: { size: 1000, centers: 10, features: 784 } } }
training: { batchSize: 64 }`,
    );
    await soon(() => page.locator(".unit.block").count()).toBe(2);
    expect(await page.locator(".few").allTextContents()).toEqual([
      "linear 128 · relu: 100352 weights",
      "linear 10: 1280 weights",
    ]);
    const frames = () =>
      page.evaluate(
        () =>
          new Promise<number>((resolve) => {
            let [count, longest, last] = [0, 0, performance.now()];
            const next = (now: number) => {
              longest = Math.max(longest, now - last);
              last = now;
              if (++count === 30) resolve(longest);
              else requestAnimationFrame(next);
            };
            requestAnimationFrame(next);
          }),
      );
    await page.locator("h1").click();
    await page.keyboard.press(" ");
    await soon(() => epoch(page)).toBeGreaterThan(0);
    // Whatever the engine does, the page draws on. The bound is loose: the machine may be busy.
    expect(await frames()).toBeLessThan(2000);
    await page.keyboard.press(" ");
    await soon(() => page.locator(".steps.stale").count()).toBe(0);
    await page.locator(unit(1, 0)).dispatchEvent("click");
    const cells = page.locator(".heat .cells");
    await cells.press("ArrowDown");
    await cells.press("ArrowRight");
    expect(await cells.getAttribute("aria-label")).toContain("row 1, column 1");
    await cells.click({ position: { x: 5, y: 5 } });
    await soon(() => page.locator(".derivation .verdict").textContent()).toContain("agree");
    await page.locator(unit(2, 3)).focus();
    await page.keyboard.press("ArrowLeft");
    const at = () => page.evaluate(() => document.activeElement?.getAttribute("data-key"));
    await soon(at).toBe("u1.0");
    await close(page);
  });

  it("says so when the steps are too large", async () => {
    const page = await v.visit();
    await preset(page, "spirals");
    await soon(() => lead(page)).toContain("w³");
    const rate = page.locator(".controls input").first();
    await rate.fill("100");
    await rate.press("Enter");
    await page.fill(".controls [name=epochs]", "15");
    await page.keyboard.press("Enter");
    await soon(() => epoch(page)).toBe(15);
    await soon(() => page.locator(".finding").first().textContent()).toContain("has risen");
    expect(await page.locator(".finding").first().textContent()).toContain("smaller than 100");
    await close(page);
  });

  it("has one error: beside the buttons, in the curve, in the notice and aloud", async () => {
    const page = await v.visit();
    await preset(page, "spirals");
    await soon(() => lead(page)).toContain("w³");
    const beside = async () =>
      Number((await page.locator(".epoch b").nth(1).textContent())!.replace("−", "-"));
    const start = await beside();
    const rate = page.locator(".controls input").first();
    await rate.fill("100");
    await rate.press("Enter");
    await page.locator("h1").click();
    await page.keyboard.press(".");
    await soon(() => epoch(page)).toBe(1);
    await soon(() => page.locator(".finding").first().textContent()).toContain("has risen");
    const curve = async () =>
      Number(
        /error of the epoch (\S+)/.exec(
          (await page.locator(".plot").getAttribute("aria-label"))!,
        )![1],
      );
    // Nine digits of it.
    expect((await beside()) / (await curve())).toBeCloseTo(1, 7);
    const said = (await page.locator(".finding").first().textContent())!;
    const [, was, now] = /was (\S+) after epoch 0 and is (\S+) now/.exec(said)!.map(Number);
    expect(was! / start).toBeCloseTo(1, 3);
    expect(now! / (await beside())).toBeCloseTo(1, 3);
    const heard = (await page.locator("[role=status].hidden").textContent())!;
    expect(Number(heard.split(" ").at(-1)) / (await beside())).toBeCloseTo(1, 3);
    await close(page);
  });

  it("holds no more the longer it trains", async () => {
    const page = await v.visit();
    await preset(page, "spirals");
    await soon(() => lead(page)).toContain("w³");
    await page.locator("h1").click();
    await page.keyboard.press(" ");
    const client = await page.context().newCDPSession(page);
    const held = async () => {
      await client.send("HeapProfiler.collectGarbage");
      return (await client.send("Runtime.getHeapUsage")).usedSize;
    };
    const after = async (epochs: number) => {
      await expect.poll(() => epoch(page), { timeout: 60_000 }).toBeGreaterThan(epochs);
      return held();
    };
    // 190 KB with each picture were held, which these are 15 MB of.
    const before = await after(20);
    expect((await after(100)) - before).toBeLessThan(5e6);
    await page.keyboard.press(" ");
    await close(page);
  });

  it("says where the gradient vanishes", async () => {
    const page = await v.visit();
    await preset(page, "deep");
    await soon(() => lead(page)).not.toContain("w5");
    await page.keyboard.press(".");
    await soon(() => epoch(page)).toBe(1);
    await soon(() => page.locator(".finding").textContent()).toContain("vanishes");
    await close(page);
  });

  it("says that no gradient arrives where all of it is 0, in both languages", async () => {
    const page = await v.visit();
    await openText(
      page,
      `layers: [linear: { outputs: 1, weight: [[-1]], bias: [-1] }, relu, linear: { outputs: 1, weight: 1, bias: 0 }]
loss: meanSquaredError
optimizer: sgd
data: { examples: [{ inputs: [1], targets: [0] }] }
training: { batchSize: 1 }`,
    );
    await tab(page, "gains");
    const card = () => page.locator(".panel").innerText();
    await soon(card).toContain("No gradient arrives");
    expect(await card()).not.toMatch(/NaN|healthy|undefined/);
    expect(await page.locator(".finding").first().textContent()).toContain("No gradient arrives");
    await language(page, "zh");
    await soon(card).toContain("没有梯度到达任何一层");
    await language(page, "en");
    // Of a layer that none reaches, while it is there behind it, as well.
    const target = page.locator(".inspector input.exact");
    await choose(page, '[data-key="loss"]');
    await target.first().fill("3");
    await target.first().press("Enter");
    await soon(card).toContain("No gradient reaches layer 1");
    expect(await card()).not.toMatch(/NaN|healthy|undefined/);
    // The gradient of a weight that nothing reaches is 0, and that is the answer.
    await choose(page, weight(1, 0));
    await soon(() => lead(page)).toContain("does not change the error");
    await tab(page, "practice");
    await page.waitForSelector("[name=guess]");
    await page.fill("[name=guess]", "0.001");
    await page.keyboard.press("Enter");
    const answer = () => page.locator(".practice .answer").textContent();
    await soon(answer).toContain("Not this number");
    await page.fill("[name=guess]", "0");
    await page.keyboard.press("Enter");
    await soon(answer).toBe("Right.");
    await close(page);
  });

  it("stops at a number that is not finite, goes back, and says where it came from", async () => {
    const page = await v.visit();
    await openText(
      page,
      `layers: [linear: { outputs: 1, weight: 1, bias: 0 }]
loss: meanSquaredError
optimizer: { sgd: { learningRate: 1e200 } }
data: { examples: [{ inputs: [3], targets: [1] }] }
training: { epochs: 10, batchSize: 1 }`,
    );
    await page.keyboard.press(" ");
    await soon(() => page.locator("[role=alert]").textContent()).toContain("not finite");
    expect(await page.locator(".inspector").textContent()).not.toContain("NaN =");
    await soon(() => page.locator(".steps").textContent()).toContain("not finite");
    // It is trained, although there is no next value; and there is nothing that a check could say.
    expect(await page.locator(".inspector").textContent()).not.toContain("not trained");
    expect(await page.locator(".steps").textContent()).not.toMatch(/not trained|Check/);
    await tab(page, "line");
    await page.waitForSelector(".panel figcaption");
    await page.locator(".controls button").nth(3).click();
    await soon(() => epoch(page)).toBe(0);
    await close(page);
  });
});
