// Translates texts from English to Spanish with a client from npm; the job is JSON on standard input.
import { readFileSync } from "node:fs";

const { package: name, url, texts } = JSON.parse(readFileSync(0, "utf8"));
const clients = {
  async translate() {
    const { Translate } = await import("translate");
    const client = Translate({ engine: "libre", url: `${url}/translate`, from: "en", to: "es" });
    return (text) => client(text);
  },
  async libretranslate() {
    const { translate } = (await import("libretranslate")).default;
    return (text) => translate({ query: text, source: "en", target: "es", apiurl: url });
  },
  async "libretranslate-ts"() {
    const { libreTranslate } = await import("libretranslate-ts");
    libreTranslate.setApiEndpoint(url);
    return async (text) => (await libreTranslate.translate(text, "en", "es")).translatedText;
  },
  async "deepl-node"() {
    const { DeepLClient } = await import("deepl-node");
    const client = new DeepLClient("a-key", { serverUrl: url });
    return async (text) => (await client.translateText(text, "en", "es")).text;
  },
};

const translate = await clients[name]();
const translations = [];
for (const text of texts) translations.push(await translate(text));
process.stdout.write(JSON.stringify(translations));
