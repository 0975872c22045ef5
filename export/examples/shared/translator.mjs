/** Translates with a model file, in Node.js and in the browser: text in, text out. */

import { SentencePieceProcessor } from "@sctg/sentencepiece-js";

import { readMetadata } from "./metadata.mjs";

const PAD = 0;
const END = 3;

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
    translator.session = await ort.InferenceSession.create(bytes);
    translator.int64 = (values, shape) =>
      new ort.Tensor("int64", BigInt64Array.from(values, BigInt), shape);
    const { beam_size, max_length, length_penalty } = translator.card.search;
    translator.options = {
      beam_size: translator.int64([beam_size], []),
      max_length: translator.int64([max_length], []),
      length_penalty: new ort.Tensor("float32", [length_penalty], []),
    };
    return translator;
  }

  /** Returns the translations of some lines, one sentence each, as one batch. */
  async translate(lines) {
    const rows = lines.map((line) => this.encode(line));
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

  /** Returns a line's piece ids, the end piece last; that one alone if the line is blank. */
  encode(line) {
    // The form of text that models are trained with: composed characters, single blanks.
    const text = line.normalize("NFC").trim().replace(/\s+/g, " ");
    const tag = (this.card.tags ?? []).find((tag) => text.startsWith(tag)) ?? "";
    const ids = this.source.encodeIds(text.slice(tag.length).trim());
    if (!ids.length) return [END];
    // SentencePiece finds no tag in text, so its piece is put there.
    return [...(tag ? [pieceId(this.source, tag)] : []), ...ids, END];
  }
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
