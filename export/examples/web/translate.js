/** The page: a model file by ?model=model.onnx or picked, text in, translations and their time out. */

import * as ort from "onnxruntime-web";

import { Translator } from "../shared/translator.mjs";

// More threads need a server that isolates the page (COOP and COEP headers); one is fast enough.
ort.env.wasm.numThreads = 1;

const [file, form, model, src, status, tag, tgt, translate] = [
  "file", "form", "model", "src", "status", "tag", "tgt", "translate",
].map((id) => document.getElementById(id));
let translator;

function say(text, isError = false) {
  status.textContent = text;
  status.classList.toggle("error", isError);
}

/** Waits until the browser has drawn, since a search keeps the page's only thread. */
const drawn = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done)));

async function open(name, read) {
  const before = model.textContent;
  translate.disabled = true;
  model.textContent = `Loading ${name} …`;
  say("");
  try {
    const bytes = new Uint8Array(await read());
    const loaded = await Translator.load(ort, bytes);
    await loaded.translate(["."]); // the first search takes longer: the browser compiles meanwhile
    translator = loaded;
    const { languages, precision, tags = [] } = translator.card;
    const size = (bytes.length / 1e6).toFixed(bytes.length < 1e6 ? 2 : 1);
    model.textContent = `${name}, ${size} MB, ${precision}`;
    tag.replaceChildren(...tags.map((tag) => new Option(languageName(tag.slice(2, -1)), tag)));
    tag.hidden = !tags.length;
    src.placeholder = translator.cutsSentences ? "Any text" : "One sentence a line";
    label("src-language", languages?.src, "Text");
    label("tgt-language", languages?.tgt, "Translation");
  } catch (error) {
    model.textContent = before; // a model that was open still is
    say(`${name}: ${error.message ?? error}`, true);
  }
  translate.disabled = !translator;
}

function label(id, language, otherwise) {
  const code = [language ?? []].flat();
  document.getElementById(id).textContent = code.map(languageName).join(", ") || otherwise;
}

function languageName(code) {
  try {
    return new Intl.DisplayNames("en", { type: "language" }).of(code);
  } catch {
    return code; // some corpora name languages in ways that no standard knows
  }
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  translate.disabled = true;
  say("Translating …");
  await drawn();
  try {
    const start = performance.now();
    const [translation] = await translator.translateTexts([tag.value + src.value]);
    const time = performance.now() - start;
    tgt.value = translation.text;
    const count = translation.sentences;
    say(`${time.toFixed(0)} ms for ${count} ${count === 1 ? "sentence" : "sentences"}`);
  } catch (error) {
    say(error.message ?? String(error), true);
  }
  translate.disabled = false;
});

src.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit(translate);
});

file.addEventListener("change", () => {
  const [picked] = file.files;
  if (picked) open(picked.name, () => picked.arrayBuffer());
});

const url = new URLSearchParams(location.search).get("model");
if (url) {
  open(url.split("/").at(-1), async () => {
    const response = await fetch(url);
    if (!response.ok) throw new Error(`the server answers ${response.status}`);
    return response.arrayBuffer();
  });
}
