"""``s2s translate --format html``: one document in, one document out."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal, cast

from s2s.cli.options import naming, open_output
from s2s.errors import ConfigError

if TYPE_CHECKING:
    from s2s.translate.options import TranslateOptions


def check_lines_only(format_: str, given: Mapping[str, object]) -> None:
    """Checks that no option is given that is about the lines of a text.

    Args:
        format_: The value of ``--format``.
        given: Values of these options, by name.

    Raises:
        ConfigError: If one is.
    """
    if unfit := next((name for name, value in given.items() if value), None):
        raise ConfigError(f"{unfit} is about lines of text; leave it out with --format {format_}")


def translate_document(
    models: Sequence[str],
    input_: str,
    output: str,
    format_: str,
    ignore_tags: Sequence[str],
    options: "TranslateOptions",
    *,
    device: str,
    threads: int | None,
) -> None:
    """Translates a document, which is written whole or not at all.

    Args:
        models: Path of the model, or of several that translate together.
        input_: Path of the document; ``-`` is standard input.
        output: Where its translation goes; ``-`` is standard output.
        format_: ``html`` or ``xml``.
        ignore_tags: As for ``s2s.translate.markup.options.Markup``.
        options: As for ``Translator.translate_html``.
        device: As for ``Translator``.
        threads: As for ``Translator``.
    """
    from s2s.text import read_document
    from s2s.translate.markup.options import Markup
    from s2s.translate.translator import Translator

    markup = Markup(kind=cast('Literal["html", "xml"]', format_), ignore_tags=ignore_tags)
    with naming(input_, "block of text"), open_output(output) as out:
        source = read_document(input_)
        translator = Translator(list(models), device=device, threads=threads)
        (document,) = translator.translate_html([source], markup=markup, **options)
        out.write(document.encode())
