/**
 * Translates lines with a model file, in Node.js.
 *
 *     node export/examples/node/translate.mjs MODEL.onnx < in.txt
 *     node export/examples/node/translate.mjs MODEL.onnx in.txt
 *
 * A line in, a line out, UTF-8. For a model with tags, each line begins with one, <2de> Hello.
 */

import { readFileSync } from "node:fs";
import { text } from "node:stream/consumers";

import { Translator } from "../shared/translator.mjs";

process.env.ORT_DISABLE_TELEMETRY ??= "1"; // read while onnxruntime is loaded
const ort = await import("onnxruntime-node");

const LINES = 64; // read at once

const [model, input] = process.argv.slice(2);
if (!model) {
  console.error("usage: node translate.mjs MODEL.onnx [in.txt]");
  process.exit(2);
}
const translator = await Translator.load(ort, readFileSync(model));
const lines = (input ? readFileSync(input, "utf8") : await text(process.stdin)).split("\n");
if (lines.at(-1) === "") lines.pop(); // after the last line's end there is no other line
for (let start = 0; start < lines.length; start += LINES) {
  const translations = await translator.translateTexts(lines.slice(start, start + LINES));
  process.stdout.write(translations.map(({ text }) => `${text}\n`).join(""));
}
