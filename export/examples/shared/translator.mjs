/** Translates with a model file, in Node.js and in the browser: text in, text out. */

import { SentencePieceProcessor } from "@sctg/sentencepiece-js";

import { readFields, readMetadata } from "./metadata.mjs";
import { clean, cut, join } from "./text.mjs";

const PAD = 0;
const UNKNOWN = 1;
const END = 3;
const UNIGRAM = 1;
const BPE = 2;
const BATCH = 64; // sentences that are translated together
const SEVERAL = 0.2; // share of training lines with several sentences: such a model reads lines whole

export class Translator {
  /**
   * Loads a model file.
   *
   * @param ort The module onnxruntime-node or onnxruntime-web.
   * @param {Uint8Array} bytes The file.
   */
  static async load(ort, bytes) {
    const metadata = readMetadata(bytes);
    if (metadata.get("s2s.format") !== "1") throw new Error("this is no s2s model file of format 1");
    const translator = new Translator();
    translator.card = JSON.parse(metadata.get("s2s.config"));
    translator.source = await tokenizer(metadata.get("s2s.tokenizer"));
    const tgtModel = metadata.get("s2s.tgt_tokenizer");
    translator.target = tgtModel ? await tokenizer(tgtModel) : translator.source;
    const models = [metadata.get("s2s.tokenizer"), ...(tgtModel ? [tgtModel] : [])];
    const facts = translator.card.text; // older models have no record of their training text
    translator.cutsSentences =
      facts !== undefined && facts.several_sentences < SEVERAL && models.every(isOfText);
    // Code, for example: blanks and tabs count, and nothing ends with a full stop.
    translator.keepsBlanks = translator.card.whitespace === "keep";
    translator.cutsSentences &&= !translator.keepsBlanks;
    const sourceLanguage = translator.card.languages?.src;
    translator.language = typeof sourceLanguage === "string" ? sourceLanguage : undefined;
    // A vocabulary without a piece or a rule for zero-width spaces reads a blank.
    translator.zeroWidthIsBlank = translator.source.encodeIds("\u200b").includes(UNKNOWN);
    translator.session = await ort.InferenceSession.create(bytes);
    translator.int64 = (values, shape) =>
      new ort.Tensor("int64", BigInt64Array.from(values, BigInt), shape);
    const { beam_size, max_length, length_penalty } = translator.card.search;
    translator.options = {
      beam_size: translator.int64([beam_size], []),
      max_length: translator.int64([max_length], []),
      length_penalty: new ort.Tensor("float32", [length_penalty], []),
    };
    // Then they are constants of the file.
    if (translator.card.fixed_search) translator.options = {};
    return translator;
  }

  /**
   * Translates texts; their line breaks stay.
   *
   * Each line is cut into sentences if the model was trained on single ones. If the model has tags,
   * each text begins with one. Returns the `text` and the number of `sentences` of each translation.
   */
  async translateTexts(texts) {
    const sources = texts.map((text) => {
      const [tag, body] = this.readTag(text);
      const parts = this.keepsBlanks
        ? body.split("\n")
        : cut(body, this.language, this.cutsSentences);
      return { tag, parts };
    });
    const found = await this.translate(
      sources.flatMap(({ tag, parts }) => parts.map((part) => tag + part)),
    );
    return sources.map(({ parts }) => {
      const translations = found.splice(0, parts.length);
      const sentences = parts.filter((part) => clean(part)).length;
      const text = this.keepsBlanks ? translations.join("\n") : join(translations, parts);
      return { text, sentences };
    });
  }

  /** Returns the translations of sentences. */
  async translate(sentences) {
    const translations = [];
    for (let start = 0; start < sentences.length; start += BATCH)
      translations.push(...(await this.search(sentences.slice(start, start + BATCH))));
    return translations;
  }

  /** Returns the translations of sentences that are searched together. */
  async search(sentences) {
    const rows = sentences.map((sentence) => this.encode(sentence));
    const width = Math.max(...rows.map((row) => row.length));
    const padded = rows.flatMap((row) => [...row, ...Array(width - row.length).fill(PAD)]);
    const lengths = rows.map((row) => row.length);
    const { hypotheses } = await this.session.run(
      {
        src: this.int64(padded, [rows.length, width]),
        src_lengths: this.int64(lengths, [rows.length]),
        ...this.options,
      },
      ["hypotheses"],
    );
    const [, beam, length] = hypotheses.dims;
    return rows.map((row, number) => {
      const start = number * beam * length; // the best hypothesis is the first
      const best = Array.from(hypotheses.data.subarray(start, start + length), Number);
      const pieces = best.filter((id) => id !== PAD && id !== END);
      return row.length > 1 ? this.target.decodeIds(pieces) : "";
    });
  }

  /** Returns a sentence's piece ids, the end piece last; that one alone if there is no text. */
  encode(sentence) {
    const [tag, body] = this.readTag(sentence);
    const text = this.zeroWidthIsBlank ? body.replaceAll("\u200b", " ") : body;
    const ids = this.source.encodeIds(clean(text, { keepBlanks: this.keepsBlanks }));
    if (!ids.length) return [END];
    // SentencePiece finds no tag in text, so its piece is put there.
    return [...(tag ? [pieceId(this.source, tag)] : []), ...ids, END];
  }

  /** Returns the tag that a text begins with, or an empty one, and the text behind it. */
  readTag(text) {
    const bare = text.trimStart();
    const tag = (this.card.tags ?? []).find((tag) => bare.startsWith(tag)) ?? "";
    return [tag, tag ? bare.slice(tag.length) : text];
  }
}

/** Whether a SentencePiece model in base64 is learned from text, and not one of characters or words. */
function isOfText(model) {
  const bytes = Uint8Array.from(atob(model), (character) => character.charCodeAt(0));
  const training = new Map(readFields(bytes)).get(2); // of its field model_type, 1 is the default
  const type = (training && new Map(readFields(training)).get(3)) ?? UNIGRAM;
  return type === UNIGRAM || type === BPE;
}

/** Returns the tokenizer of a SentencePiece model in base64. */
async function tokenizer(model) {
  const processor = new SentencePieceProcessor();
  await processor.loadFromB64StringModel(model);
  return processor;
}

/** Returns the id of a piece; the package binds this function and has no method for it. */
function pieceId({ sentencepiece, processor }, piece) {
  const string = new sentencepiece.StringView(piece);
  const view = string.getView();
  const id = processor.PieceToId(view);
  view.delete();
  string.delete();
  return id;
}
