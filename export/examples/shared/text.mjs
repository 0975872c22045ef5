/** Text before and after the model: cleaned, cut into sentences, joined again. */

const BLANKS = /[\s\0\x1c-\x1f\x85]+/g;
const LINE_BLANKS = /[\0\ufeff\n\r\v\f\x1c-\x1e\x85\u2028\u2029]/g;
const ZERO_WIDTH_RUN = /[ \u200b]*\u200b[ \u200b]*/g;
const WITHOUT_BLANKS =
  /[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Bopomofo}\p{sc=Thai}\p{sc=Lao}\p{sc=Khmer}\p{sc=Myanmar}\p{sc=Tibetan}\u3000-\u303f\ufe30-\ufe6f\uff00-\uffef]/u;
// Intl.Segmenter knows no abbreviations. After these, its sentence goes on.
const TITLE_OR_INITIAL = /(?:^|[\s(“„"])(?:\p{L}|M[rs]|Mrs|Dr|Prof|St|Hr|Fr|Sra?|Mme|Dott)\.\s+$/u;
const ORDINAL = /\s\d{1,2}\.\s+$/;
const ORDINAL_LANGUAGES = /^(?:de|da|nb|nn|no|fi|et|lv|cs|sk|pl|sl|hr|sr|bs|hu|tr|is)\b/;

/** Returns a text in the form that models are trained with: composed characters, single blanks. */
export function clean(text, { keepBlanks = false } = {}) {
  if (keepBlanks) {
    const line = text.normalize("NFC").replace(/[\r\n]+$/, "").replace(LINE_BLANKS, " ");
    return clean(line) && line;
  }
  const blanked = text.normalize("NFC").replace(BLANKS, " ");
  const shortest = (run) => (run.includes(" ") ? " " : "\u200b");
  return blanked.replace(ZERO_WIDTH_RUN, shortest).replace(/^[ \u200b]+|[ \u200b]+$/g, "");
}

/**
 * Cuts a text at its line breaks, and into sentences if `sentences` is true.
 *
 * Returns parts with the blanks and line breaks that follow them; joined, they are the text.
 */
export function cut(text, language, sentences) {
  const lines = text.match(/[^\n]*\n\s*|[^\n]+$/g) ?? [];
  return sentences ? lines.flatMap((line) => cutLine(line, language)) : lines;
}

function cutLine(line, language) {
  if (!Intl.Segmenter) throw new Error("cutting sentences needs a newer browser (Intl.Segmenter)");
  const locale = localeOf(language);
  const parts = [];
  let goesOn = false;
  for (const { segment } of new Intl.Segmenter(locale, { granularity: "sentence" }).segment(line)) {
    if (goesOn || (parts.length && !segment.trim())) parts.push(parts.pop() + segment);
    else parts.push(segment);
    const part = parts.at(-1);
    goesOn = TITLE_OR_INITIAL.test(part);
    goesOn ||= ORDINAL_LANGUAGES.test(locale) && ORDINAL.test(part);
  }
  return parts;
}

/** Returns a language's code as browsers write it: de for deu_Latn, too. */
function localeOf(language = "en") {
  try {
    return Intl.getCanonicalLocales(language.replaceAll("_", "-"))[0];
  } catch {
    return "en"; // some corpora name languages in ways that no standard knows
  }
}

/** Joins translations with what stood after each of their sources. */
export function join(translations, sources) {
  let joined = "";
  let gap = "";
  translations.forEach((text, number) => {
    if (joined && text && !gap.includes("\n")) {
      const close = WITHOUT_BLANKS.test(joined.at(-1)) && WITHOUT_BLANKS.test(text[0]);
      gap = close ? "" : gap || " ";
    }
    if (text) {
      joined += (joined || gap.includes("\n") ? gap : "") + text;
      gap = "";
    }
    gap += /\s*$/.exec(sources[number])[0].replace(/[\t\v\f\u2028\u2029]/g, " ");
  });
  return gap.includes("\n") ? joined + gap : joined;
}
