"""The test set of ``s2s evaluate``, and translations of it."""

from collections.abc import Iterable, Mapping, Sequence
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
    path: Path
    """The file of the sources; that of the references if there are no sources."""
    ref: Path
    """The file of the references; the same if one file has both sides."""
    unit: str = "line"
    """What the number of a sentence counts; in a file of pairs, lines and pairs may differ."""
    more: Sequence[Sequence[str]] = ()
    """Further references, a list for each file."""

    @property
    def all_references(self) -> "References":
        """The references of each sentence, without blank ones if there are others."""
        if not self.more:
            return self.references
        rows = zip(self.references, *self.more, strict=True)
        return [[text for text in row if text.strip()] or list(row[:1]) for row in rows]


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


def read_test_set(src: Path | None, refs: Sequence[Path]) -> TestSet:
    """Reads sources and references from several files.

    Args:
        src: Sources; None if only the references are wanted.
        refs: Files of references, at least one.

    Raises:
        DataError: If the files have different numbers of lines, or one holds blank lines only.
    """
    # References are not normalised: other tools must get the same score from the same files.
    ref, *more = refs
    if src is None:
        test_set = TestSet([], list(read_lines(ref)), ref, ref)
        _check_not_empty(test_set.references, printable(str(ref)))
    else:
        test_set = _pairs_to_test_set(read_pairs(src, ref, cleaned=False), src, ref)
        _check_not_empty(test_set.sources, printable(str(src)))
    return test_set._replace(more=[_read_beside(path, test_set) for path in more])


def read_pair_test_set(pairs: "PairFile", path: Path) -> TestSet:
    """Reads sources and references from one file, ``path``, which is open as ``pairs``.

    Raises:
        DataError: If all sources are blank.
    """
    test_set = _pairs_to_test_set(pairs.pairs, path, path)
    _check_not_empty(test_set.sources, pairs.name)
    return test_set._replace(unit="pair")


def _pairs_to_test_set(pairs: Iterable[tuple[str, str]], src: Path, ref: Path) -> TestSet:
    both = list(pairs)
    return TestSet([source for source, _ in both], [reference for _, reference in both], src, ref)


def _check_not_empty(lines: Sequence[str], name: str) -> None:
    if not any(line.strip() for line in lines):
        raise DataError(f"{name} is empty; expected one sentence per line")


def _read_beside(path: Path, test_set: TestSet) -> list[str]:
    """Reads further references, as many as the test set has."""
    lines = list(read_lines(path))
    if len(lines) != len(test_set.references):
        raise DataError(
            f"{printable(str(path))} has {len(lines)} lines but {printable(str(test_set.ref))} has "
            f"{len(test_set.references)}; all files of --ref must match line by line"
        )
    return lines


def read_output(path: Path, test_set: TestSet) -> Output:
    """Reads a system's output as it is, from standard input if ``path`` is ``-``.

    Raises:
        DataError: If it has not as many lines as the test set.
    """
    source = stream_or_path(path)
    lines = list(read_lines(source))
    if len(lines) != len(test_set.references):
        raise DataError(
            f"{text_name(source)} has {len(lines)} lines but {printable(str(test_set.ref))} has "
            f"{len(test_set.references)}; expected one translation per line"
        )
    return Output({"hypotheses": str(path)}, lines)
