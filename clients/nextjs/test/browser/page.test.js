/**
 * The page as a person uses it, in Chromium: at SITE_URL, with the runner at RUNNER_URL behind it.
 * tests/web/test_nextjs.py starts them. SCREENSHOTS: a folder for pictures.
 */
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { chromium } from "playwright-core";

const { SITE_URL, RUNNER_URL, RUNNER_API_KEY, CHROMIUM = "/usr/bin/chromium", SCREENSHOTS } = process.env;
const QUIET = ["--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run"];
const WAIT = 20_000;
const KEY_PRESSES = 40;

let browser;
let page;
let heard = "";

before(async () => {
  const args = ["--no-sandbox", "--disable-gpu", "--disable-quic", ...QUIET];
  browser = await chromium.launch({ executablePath: CHROMIUM, args });
  page = await browser.newPage({ viewport: { width: 1100, height: 860 } });
  page.setDefaultTimeout(WAIT);
  page.on("response", async (response) => {
    heard += JSON.stringify(response.headers()) + (await response.text().catch(() => ""));
  });
  await page.goto(SITE_URL);
  await page.locator(".cm-content").waitFor();
});

after(() => browser?.close());

const button = (name) => page.getByRole("button", { name, exact: true });
const status = () => page.getByRole("status");
const output = () => page.getByRole("log");

async function choose(language) {
  await page.getByLabel("Language").selectOption(language);
}

async function type(code) {
  await page.locator(".cm-content").click();
  await page.keyboard.press("Control+a");
  await page.keyboard.press("Delete");
  await page.keyboard.insertText(code);
}

async function until(locator, text) {
  const shown = locator.filter({ hasText: text });
  await shown.first().waitFor({ timeout: WAIT }).catch(async (error) => {
    throw new Error(`${error.message}\nshown: ${await locator.allInnerTexts()}`);
  });
}

async function picture(name) {
  if (!SCREENSHOTS) return;
  mkdirSync(SCREENSHOTS, { recursive: true });
  await page.screenshot({ path: join(SCREENSHOTS, `${name}.png`) });
}

async function untilIdle() {
  const end = Date.now() + WAIT;
  while ((await (await fetch(`${RUNNER_URL}/stats`)).json()).activeJobs > 0) {
    assert.ok(Date.now() < end, "the job goes on");
    await new Promise((done) => setTimeout(done, 50));
  }
}

test("the languages are the runner's", async () => {
  const ids = await page.getByLabel("Language").locator("option").evaluateAll((all) => all.map((each) => each.value));
  const served = await (await fetch(`${RUNNER_URL}/languages`)).json();
  assert.deepEqual(ids, served.languages.map(({ id }) => id));
});

test("type, run, and see output before the program ends", async () => {
  await choose("python");
  await type("import time\nprint('Hello,', input())\ntime.sleep(3)\nprint('bye')");
  await page.getByRole("region", { name: "Program" }).getByRole("textbox", { name: "Input" }).fill("Ada\n");
  await button("Run").click();
  await until(output(), "Hello, Ada");
  assert.equal(await status().innerText(), "Running …");
  assert.ok(!(await output().innerText()).includes("bye"));
  assert.ok(await button("Run").isDisabled());
  await picture("running");
  await until(output(), "bye");
  await until(status(), "Accepted");
});

test("a compile error is shown at its line, and one key away", async () => {
  await choose("cpp");
  await type("#include <iostream>\n\nint main() {\n    std::cout << answer;\n}\n");
  await button("Run").click();
  await until(status(), "Compile error");
  const problem = page.getByRole("list", { name: "Problems" }).getByRole("button").first();
  assert.match(await problem.innerText(), /^Line 4: .*answer.* was not declared/);
  const marker = page.locator(".cm-gutter-lint .cm-lint-marker-error");
  const line = page.locator(".cm-line", { hasText: "answer" });
  assert.equal(await marker.count(), 1);
  const [{ y: at }, { y: wanted }] = [await marker.boundingBox(), await line.boundingBox()];
  assert.ok(Math.abs(at - wanted) < 15, `${at} ${wanted}`);
  assert.equal(await line.locator(".cm-lintRange-error").count(), 1);
  await picture("compile-error");
  await problem.press("Enter");
  await until(page.locator(".cm-activeLine"), "answer");
});

test("stop a running program: its job is gone", async () => {
  await choose("python");
  await type("import time\nwhile True:\n    print('tick', flush=True)\n    time.sleep(0.2)");
  await button("Run").click();
  await until(output(), "tick");
  await button("Stop").click();
  await until(status(), "Stopped");
  await untilIdle();
  assert.ok(await button("Run").isEnabled());
});

test("tests turn green one by one, and red", async () => {
  await type("import time\ntime.sleep(0.7)\na, b = map(int, input().split())\nprint(a + b if a < 20 else 0)");
  await button("Run tests").click();
  await page.locator(".test.accepted").waitFor();
  assert.equal(await page.locator(".test").nth(1).getAttribute("class"), "test running");
  await until(status(), "Wrong answer: 1 of 2 tests passed");
  const [first, second] = await page.locator(".test").all();
  assert.match(await first.innerText(), /Test 1: Accepted/);
  assert.match(await second.innerText(), /Test 2: Wrong answer[^]*expected 42, got 0/);
  const [green, red] = await Promise.all([first, second].map((each) => each.evaluate((it) => getComputedStyle(it).borderLeftColor)));
  assert.deepEqual([green, red], ["rgb(11, 92, 59)", "rgb(164, 14, 38)"]);
  await picture("tests");
  await type("print(sum(map(int, input().split())))");
  await button("Run tests").click();
  await until(status(), "Accepted: 2 of 2 tests passed");
});

test("everything by keyboard: Ctrl+Enter runs, Tab leaves the editor and reaches every control", async () => {
  await type("print('by keyboard')");
  await page.keyboard.press("Control+Enter");
  await until(output(), "by keyboard");
  await until(status(), "Accepted");
  const reached = new Set();
  await page.getByLabel("Language").focus();
  for (let i = 0; i < KEY_PRESSES; i++) {
    reached.add(await page.evaluate(() => {
      const { activeElement: it } = document;
      return it.getAttribute("aria-label") ?? it.labels?.[0]?.firstChild.textContent.trim() ?? it.role ?? it.textContent;
    }));
    await page.keyboard.press("Tab");
  }
  for (const name of ["Language", "Run", "Run tests", "Program", "Input", "log", "Remove test 1", "Expected", "Add a test"]) {
    assert.ok(reached.has(name), `${name} is not among ${[...reached].join(", ")}`);
  }
});

test("a phone can read it", async () => {
  await page.setViewportSize({ width: 390, height: 844 });
  const { scroll, width, small } = await page.evaluate(() => ({
    scroll: document.documentElement.scrollWidth,
    width: window.innerWidth,
    small: [...document.querySelectorAll("button, textarea, .cm-content, p")].filter(
      (each) => parseFloat(getComputedStyle(each).fontSize) < 14,
    ).length,
  }));
  assert.ok(scroll <= width, `${scroll} > ${width}`);
  assert.equal(small, 0);
  await picture("phone");
});

test("the key is in nothing that was heard", async () => {
  assert.ok(heard.length > 10_000);
  assert.ok(!heard.includes(RUNNER_API_KEY));
});
