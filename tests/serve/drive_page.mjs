/** Types into the page of `s2s serve`, by keyboard only: a job as JSON in, what it showed as JSON out. */

import { createRequire } from "node:module";
import { text } from "node:stream/consumers";

// The package is that of export/examples, where this is started.
const { chromium } = createRequire(`${process.cwd()}/`)("playwright-core");

const { browser, url, key, texts } = JSON.parse(await text(process.stdin));
const running = await chromium.launch({ executablePath: browser });
const result = { problems: [], backgrounds: [] };
const page = await running.newPage({ colorScheme: "light" });
page.on("pageerror", (error) => result.problems.push(String(error)));
page.on("console", (line) => {
  // A refused key is an answer with 403, which the browser logs.
  if (line.type() === "error" && !line.text().includes("403")) result.problems.push(line.text());
});
page.on("request", (request) => {
  if (!request.url().startsWith(url) && !request.url().startsWith("data:"))
    result.problems.push(`asked for ${request.url()}`);
});
await page.goto(url);
await page.waitForFunction(() => document.getElementById("source").options.length > 0);

const background = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
result.backgrounds.push(await background());
await page.emulateMedia({ colorScheme: "dark" });
result.backgrounds.push(await background());

const shown = () => page.textContent("#translation");
const said = () => page.textContent("#status");
const waitForStatus = (beginning) => page.waitForFunction((beginning) => {
  const words = document.getElementById("status").textContent;
  return beginning ? words.startsWith(beginning) : words === "";
}, beginning);

result.focus = await page.evaluate(() => document.activeElement.id);
await page.keyboard.type(texts[0]);
await page.keyboard.press("Control+Enter");
await page.waitForSelector("#status.wrong");
result.refused = await said();

result.order = [];
for (let field = 0; field < 3; field++) {
  await page.keyboard.press("Tab");
  result.order.push(await page.evaluate(() => document.activeElement.id));
}
await page.focus("#key");
await page.keyboard.type(key);
await page.focus("#source");
await page.keyboard.type("German");
result.targets = await page.evaluate(() => [...target.options].map((option) => option.value));
await page.focus("#text");
await page.keyboard.press("Control+Enter");
await waitForStatus("");
result.translations = [await shown()];
result.language = await page.getAttribute("#translation", "lang");
await page.focus("#text");
await page.keyboard.press("Control+a");
await page.keyboard.type(texts[1]);
await page.focus("#translate");
await page.keyboard.press("Enter");
await page.waitForFunction(
  (before) => document.getElementById("translation").textContent !== before, result.translations[0]);
result.translations.push(await shown());
await page.focus("#source");
await page.keyboard.type("Detect");
await page.focus("#text");
await page.keyboard.press("Control+a");
await page.keyboard.type("Zwei Hunde laufen über die Straße.");
await page.keyboard.press("Control+Enter");
await waitForStatus("Read as");
result.detected = await said();
await running.close();
console.log(JSON.stringify(result));
