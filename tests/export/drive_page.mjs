/** Drives the page in a headless browser: a job as JSON in, what the page wrote as JSON out. */

import { createRequire } from "node:module";
import { text } from "node:stream/consumers";

// The packages are those of export/examples, where this is started.
const { chromium } = createRequire(`${process.cwd()}/`)("playwright-core");

const { browser, url, files, lines } = JSON.parse(await text(process.stdin));
const running = await chromium.launch({ executablePath: browser });
const page = await running.newPage();
const result = { translations: [], problems: [], status: "" };
page.on("pageerror", (error) => result.problems.push(String(error)));
page.on("request", (request) => {
  if (!request.url().startsWith(new URL(url).origin) && !/^(data|blob):/.test(request.url()))
    result.problems.push(`asked for ${request.url()}`);
});

async function translate() {
  await page.waitForSelector("#translate:enabled");
  const tag = page.locator("#tag");
  if (await tag.isVisible()) await tag.selectOption({ index: 1 });
  await page.fill("#src", lines.join("\n"));
  await page.click("#translate");
  await page.waitForFunction(() => / ms for /.test(document.getElementById("status").textContent));
  result.translations.push((await page.inputValue("#tgt")).split("\n"));
}

await page.goto(url);
await translate();
for (const file of files) {
  await page.setInputFiles("#file", file.path);
  await page.locator("#model", { hasText: `${file.name},` }).waitFor();
  await translate();
}
// What is no model file gets a message, and the model before it stays.
await page.setInputFiles("#file", "package.json");
await page.waitForSelector("#status.error");
result.status = await page.textContent("#status");
await translate();
await running.close();
console.log(JSON.stringify(result));
