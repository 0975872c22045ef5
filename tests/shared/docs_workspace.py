"""The folder in which code blocks of README and ``docs/`` run: texts, runs and model files.

The text is made up: sentences of a small grammar in English, German and French, which tiny networks
learn in seconds.
"""

import gzip
import random
import shutil
from pathlib import Path

NOUNS = {
    "man": ("der Mann", "l'homme"),
    "woman": ("die Frau", "la femme"),
    "child": ("das Kind", "l'enfant"),
    "dog": ("der Hund", "le chien"),
    "cat": ("die Katze", "le chat"),
    "bird": ("der Vogel", "l'oiseau"),
    "teacher": ("der Lehrer", "le professeur"),
}
VERBS = {
    "sees": ("sieht", "voit"),
    "hears": ("hört", "entend"),
    "likes": ("mag", "aime"),
    "finds": ("findet", "trouve"),
}
OBJECTS = {
    "a house": ("ein Haus", "une maison"),
    "a red ball": ("einen roten Ball", "une balle rouge"),
    "a book": ("ein Buch", "un livre"),
    "the water": ("das Wasser", "l'eau"),
    "a green tree": ("einen grünen Baum", "un arbre vert"),
    "the music": ("die Musik", "la musique"),
}
PLACES = {
    "": ("", ""),
    " in the city": (" in der Stadt", " en ville"),
    " at home": (" zu Hause", " à la maison"),
    " today": (" heute", " aujourd'hui"),
}
LANGUAGES = ("en", "de", "fr")


def sentence(draw: random.Random) -> tuple[str, str, str]:
    """Returns a sentence in English, German and French."""
    parts = [draw.choice(list(table.items())) for table in (NOUNS, VERBS, OBJECTS, PLACES)]
    english = f"The {parts[0][0]} {parts[1][0]} {parts[2][0]}{parts[3][0]}."
    others = []
    for side in range(2):
        noun, verb, thing, place = (translations[side] for _, translations in parts)
        text = f"{noun} {verb} {thing}{place}."
        others.append(text[0].upper() + text[1:])
    return english, others[0], others[1]


def write(folder: Path, name: str, count: int, seed: int, languages: tuple[str, ...]) -> None:
    """Writes ``count`` sentences, a file for each language."""
    draw = random.Random(seed)  # noqa: S311
    rows = [sentence(draw) for _ in range(count)]
    for language in languages:
        text = "".join(row[LANGUAGES.index(language)] + "\n" for row in rows)
        (folder / f"{name}.{language}").write_text(text, encoding="utf-8")


def write_texts(folder: Path) -> None:
    """Writes the text files that the pages name."""
    (folder / "data").mkdir()
    for name, count, seed in (("train", 400, 1), ("val", 40, 2), ("test", 40, 3)):
        write(folder, name, count, seed, ("en", "de"))
    for name, count, seed in (("web", 300, 4), ("val", 30, 5)):
        write(folder / "data", name, count, seed, LANGUAGES)
    for name, count, seed in (("news", 100, 6), ("medical", 100, 7), ("medical-val", 20, 8)):
        write(folder / "data", name, count, seed, ("en", "de"))
    write(folder, "letter", 5, 9, ("en",))
    write(folder, "other", 40, 10, ("de",))
    write(folder, "book", 60, 11, ("en",))
    (folder / "page.html").write_text("<p>The <b>man</b> sees a house.</p>\n", encoding="utf-8")
    for name in ("book.en", "train.en", "train.de"):
        (folder / f"{name}.gz").write_bytes(gzip.compress((folder / name).read_bytes()))


def train_models(folder: Path) -> None:
    """Trains two runs of one vocabulary and one of two languages, and exports them."""
    from s2s.config import ModelConfig, TokenizerConfig
    from s2s.train import CorpusConfig, DataConfig, TrainConfig, train
    from s2s_export import export_run

    def corpus(name: str, language: str, tag: str | None = None) -> CorpusConfig:
        path = str(folder / name)
        return CorpusConfig(src=f"{path}.en", tgt=f"{path}.{language}", tag=tag)

    def data(train_name: str, val_name: str, *languages: str) -> DataConfig:
        tags = [f"<2{language}>" if len(languages) > 1 else None for language in languages]
        pairs = list(zip(languages, tags, strict=True))
        return DataConfig(
            train=tuple(corpus(train_name, language, tag) for language, tag in pairs),
            validation=tuple(corpus(val_name, language, tag) for language, tag in pairs),
        )

    def run(name: str, texts: DataConfig, seed: int, tokenizer: TokenizerConfig) -> None:
        train(
            texts,
            folder / name,
            training=TrainConfig(
                max_updates=60,
                batch_tokens=800,
                learning_rate=1e-2,
                warmup_updates=10,
                validations=2,
                bleu_sentences=20,
                seed=seed,
                precision="fp32",
            ),
            model=ModelConfig(embedding_size=32, hidden_size=48, dropout=0.0, tie="all"),
            tokenizer=tokenizer,
        )

    small = TokenizerConfig(vocab_size=300)
    run("run", data("train", "val", "de"), 1, small)
    run(
        "run2",
        data("train", "val", "de"),
        2,
        TokenizerConfig(src_model=str(folder / "run/src.model")),
    )
    run("many", data("data/web", "data/val", "de", "fr"), 1, small)
    export_run(folder / "run", folder / "model.onnx", "int8")
    export_run(folder / "run", folder / "fp32.onnx", "fp32")
    export_run(folder / "many", folder / "many.onnx", "int8")
    (folder / "runs/quickstart").mkdir(parents=True)
    shutil.copy(folder / "model.onnx", folder / "runs/quickstart/int8.onnx")
