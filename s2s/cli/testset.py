"""What ``s2s evaluate`` is given: options that fit together, and texts that match line by line."""

from collections.abc import Mapping
from pathlib import Path

from s2s.errors import ConfigError, DataError, printable
from s2s.text import read_lines, read_pairs, text_name


def check_what(
    model: str | None,
    hypotheses: Path | None,
    src: Path | None,
    by_source: Mapping[str, object],
    of_search: Mapping[str, object],
) -> None:
    """Looks that the options fit together; of both mappings, those that were given count."""
    if (model is None) == (hypotheses is None):
        raise ConfigError(
            "name MODEL to translate with, or --hypotheses FILE with translations; one of them"
        )
    if hypotheses is not None:
        for name, value in of_search.items():
            if value is not None:
                raise ConfigError(f"--hypotheses FILE is scored as it is; leave out {name}")
    if src is None:
        if model is not None:
            raise ConfigError("--src is missing: name the text that MODEL is to translate")
        for name, value in by_source.items():
            if value:
                raise ConfigError(f"{name} needs the sentences that were translated: give --src")


def read_test_set(src: Path | None, ref: Path) -> tuple[list[str], list[str]]:
    """Returns sources, none if there is no file of them, and references."""
    # References stay as they are: others must get the same score from the same files.
    if src is None:
        references = list(read_lines(ref))
        if not any(reference.strip() for reference in references):
            raise DataError(f"no sentence in {printable(str(ref))}")
        return [], references
    pairs = list(read_pairs(src, ref, cleaned=False))
    sources = [source for source, _ in pairs]
    if not any(source.strip() for source in sources):
        raise DataError(f"no sentence in {printable(str(src))}")
    return sources, [reference for _, reference in pairs]


def read_output(path: Path, ref: Path, expected: int) -> list[str]:
    """Returns the lines of a system's output, as they are; of standard input if it is ``-``."""
    source = "-" if str(path) == "-" else path
    lines = list(read_lines(source))
    if len(lines) != expected:
        raise DataError(
            f"{text_name(source)} has {len(lines)} lines but {printable(str(ref))} has "
            f"{expected}; expected one translation a line"
        )
    return lines
