"""The test set of ``s2s evaluate``, and translations of it."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from s2s.cli.options import stream_or_path
from s2s.errors import ConfigError, DataError, printable
from s2s.text import read_lines, read_pairs, text_name

if TYPE_CHECKING:
    from s2s.corpus.pair_file import PairFile
    from s2s.score.evaluation import Speed
    from s2s.score.references import References
    from s2s.translate.translation import Translation


class TestSet(NamedTuple):
    """Texts that match line by line."""

    sources: Sequence[str]
    """Empty if no file of sources was named."""
    references: Sequence[str]
    more: Sequence[Sequence[str]] = ()
    """Further references, a list for each file."""

    @property
    def all_references(self) -> "References":
        """The references of each sentence, without blank ones if there are others."""
        if not self.more:
            return self.references
        rows = zip(self.references, *self.more, strict=True)
        return [[text for text in row if text.strip()] or list(row[:1]) for row in rows]

    def has_sentences(self) -> bool:
        """Whether the references are sentences, so that BLEU suits them."""
        from s2s.score.choice import choose_measure

        return choose_measure(self.references).measure == "bleu"


class Output(NamedTuple):
    """Translations of a test set."""

    by: dict[str, Any]
    """What made them, as ``Evaluation.translated``."""
    texts: Sequence[str]
    translations: "Sequence[Translation]" = ()
    """The same with their pieces; empty if the texts were read from a file."""
    speed: "Speed | None" = None
    """None if the texts were read from a file."""
    models: Sequence[str] = ()
    """The model file or the run folders that made them; empty if the texts were read."""
    to: str | None = None
    """Language that the models were told to translate to."""


def check_options(
    model: str | None,
    hypotheses: Path | None,
    src: Path | None,
    ref: Sequence[Path] | None,
    pairs: Path | None,
    *,
    need_src: Mapping[str, object],
    need_model: Mapping[str, object],
) -> None:
    """Checks that the options fit together.

    Args:
        model: The model to translate with.
        hypotheses: Translations to score instead.
        src: The source text.
        ref: The references.
        pairs: A file with both.
        need_src: Values of options that make sense only with ``src``, by name; false if not given.
        need_model: Values of options that make sense only with ``model``; None if not given.

    Raises:
        ConfigError: If an option is missing, or excludes another one.
    """
    if (model is None) == (hypotheses is None):
        raise ConfigError(
            "expected either a MODEL that translates, or --hypotheses FILE with translations"
        )
    if hypotheses is not None:
        for name, value in need_model.items():
            if value is not None:
                option = name.replace("_", "-")
                raise ConfigError(
                    f"--{option} has no effect on --hypotheses FILE, which is already "
                    "translated; leave it out"
                )
    if pairs is not None:
        if src is not None or ref:
            raise ConfigError("--pairs has sources and references; leave out --src and --ref")
        if str(pairs) == str(hypotheses) == "-":
            raise ConfigError("--pairs and --hypotheses are both standard input; name a file")
        return
    if not ref:
        raise ConfigError("--ref is missing: name the human translation, or give --pairs")
    if src is None:
        if model is not None:
            raise ConfigError("--src is missing: name the text that MODEL is to translate")
        for name, value in need_src.items():
            if value:
                raise ConfigError(f"--{name} needs the sentences that were translated: give --src")


def read_test_set(src: Path | None, refs: Sequence[Path], pairs: "PairFile | None") -> TestSet:
    """Reads sources and references from several files or one.

    Args:
        src: Sources; None if only the references are wanted.
        refs: Files of references, at least one; none with ``pairs``.
        pairs: A file of both.

    Raises:
        DataError: If the files have different numbers of lines, or one holds blank lines only.
    """
    # References are not normalised: other tools must get the same score from the same files.
    if pairs is not None:
        return _test_set(list(pairs.pairs), pairs.name)
    ref, *more = refs
    if src is None:
        references = list(read_lines(ref))
        if not any(reference.strip() for reference in references):
            raise DataError(f"{printable(str(ref))} is empty; expected one sentence per line")
        test_set = TestSet([], references)
    else:
        test_set = _test_set(list(read_pairs(src, ref, cleaned=False)), printable(str(src)))
    size = len(test_set.references)
    return test_set._replace(more=[_read_beside(path, ref, size) for path in more])


def _read_beside(path: Path, ref: Path, expected: int) -> list[str]:
    """Reads further references, as many as ``ref`` has."""
    lines = list(read_lines(path))
    if len(lines) != expected:
        raise DataError(
            f"{printable(str(path))} has {len(lines)} lines but {printable(str(ref))} has "
            f"{expected}; all files of --ref must match line by line"
        )
    return lines


def _test_set(pairs: Sequence[tuple[str, str]], name: str) -> TestSet:
    sources = [source for source, _ in pairs]
    if not any(source.strip() for source in sources):
        raise DataError(f"{name} is empty; expected one sentence per line")
    return TestSet(sources, [reference for _, reference in pairs])


def read_output(path: Path, ref: Path, expected: int) -> Output:
    """Reads a system's output as it is, from standard input if ``path`` is ``-``.

    Raises:
        DataError: If it has not as many lines as expected, those of ``ref``.
    """
    source = stream_or_path(path)
    lines = list(read_lines(source))
    if len(lines) != expected:
        raise DataError(
            f"{text_name(source)} has {len(lines)} lines but {printable(str(ref))} has "
            f"{expected}; expected one translation per line"
        )
    return Output({"hypotheses": str(path)}, lines)
