/** The page: how long a derivation is and in which form, and formulas that are typed. */
import { expect, it } from "vitest";
import { choose, close, describeStudio, language, lead, soon, tab, weight } from "./visitor.ts";

describeStudio("telling", (v) => {
  it("tells a derivation briefly, in matrices and in parts, and says so in a link", async () => {
    const page = await v.visit();
    const select = (n: number) => page.locator(".walk select").nth(n);
    const steps = () => page.locator(".steps .step").count();
    const whole = await steps();
    await select(2).selectOption("brief");
    await soon(steps).toBeLessThan(whole / 2);
    await soon(() => lead(page)).toContain("makes it 0.35891648");
    await select(3).selectOption("matrix");
    await soon(() => page.locator(".steps").textContent()).toContain("all weights of layer 2");
    await select(2).selectOption("full");
    await soon(() => page.locator(".steps mtable").count()).toBeGreaterThan(2);
    await page.locator(".choice summary").click();
    await page.locator(".choice input[name=check]").uncheck();
    await soon(() => page.locator(".choice summary").textContent()).toContain("15 of 16");
    await soon(() => page.locator(".steps").textContent()).not.toContain("plateau");
    await page.locator("header button").nth(1).click();
    await soon(() => page.url()).toContain("#1.");
    const other = await v.visit({}, new URL(page.url()).hash);
    await soon(() => other.locator(".choice summary").textContent()).toContain("15 of 16");
    expect(await other.locator(".walk select").nth(3).inputValue()).toBe("matrix");
    await soon(() => other.locator(".steps mtable").count()).toBeGreaterThan(2);
    await close(other);
    // Who practises is asked along the whole derivation, and it is covered.
    await page.keyboard.press("Escape");
    await select(2).selectOption("brief");
    await tab(page, "practice");
    await soon(() => page.locator(".panel .question").count()).toBe(1);
    await soon(() => page.locator(".steps").textContent()).not.toContain("0.0821670406");
    expect(await page.locator(".steps summary").count()).toBeGreaterThan(2);
    await close(page);
  });

  it("derives a formula that is typed, and points at what is wrong with it", async () => {
    const page = await v.visit();
    await tab(page, "formula");
    const field = page.locator(".typed input");
    await soon(() => page.locator(".pieces tr").count()).toBe(5);
    await field.first().fill("exp(x * y) + sin(x)");
    await soon(() => field.count()).toBe(3);
    await field.nth(1).fill("0.5");
    await page.locator(".typed button[type=submit]").click();
    await soon(() => page.locator(".typed [role=alert]").textContent()).toContain("needs a value");
    await field.nth(2).fill("-2");
    await page.keyboard.press("Enter");
    await soon(() => page.locator(".pieces").textContent()).toContain("0.367879441");
    expect(await page.locator(".typed [role=alert]").count()).toBe(0);
    // Step by step: a number is there from its step on.
    await page.locator(".typed fieldset button").nth(2).click();
    await soon(() => page.locator(".typed .step").count()).toBe(1);
    expect(await page.locator(".pieces").textContent()).not.toContain("0.367879441");
    for (let i = 0; i < 5; i++) await page.locator(".typed fieldset button").nth(2).click();
    await soon(() => page.locator(".pieces").textContent()).toContain("0.367879441");
    await field.first().fill("exp(x * ) + sin(x)");
    await page.keyboard.press("Enter");
    await soon(() => page.locator(".typed pre").textContent()).toMatch(/exp\(x \* \)(.|\n)*\^/);
    await field.first().fill("exp(x * y) + sin(x)");
    await page.keyboard.press("Enter");
    await soon(() => page.locator(".typed [role=alert]").count()).toBe(0);
    await page.locator("header button").nth(1).click();
    await soon(() => page.url()).toContain("#1.");
    const other = await v.visit({ locale: "zh-CN" }, new URL(page.url()).hash);
    await soon(() => other.locator(".pieces").textContent()).toContain("0.367879441");
    await language(other, "zh");
    await soon(() => other.locator(".typed h3").first().textContent()).toContain("算式");
    await soon(() => other.locator(".typed").textContent()).toContain("局部导数");
    await choose(other, weight(1, 0));
    await soon(() => lead(other)).toContain("w1");
    await close(other);
    await close(page);
  });
});
