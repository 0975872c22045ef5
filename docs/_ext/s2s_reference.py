"""Writes the reference pages that follow from the code: commands, and fields of configurations.

Two directives, used by ``docs/reference``: ``{commands}`` shows every command with its options, as
``s2s COMMAND --help`` has them; ``{configuration} s2s.config.ModelConfig`` shows the fields of a
configuration with type, default and the sentence that stands below each field in the source.
"""

import ast
import dataclasses
import importlib
import inspect
import types
import typing
from typing import Any, Literal

import typer
from docutils import nodes
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.ext.napoleon import GoogleDocstring
from sphinx.util.docutils import SphinxDirective

from s2s import cli

PUBLIC = ("s2s", "s2s.train", "s2s_export")
"""Modules whose ``__all__`` is what others may import."""


def field_sentences(kind: type) -> dict[str, str]:
    """Returns the text below each field of a class, as the source has it.

    Raises:
        ExtensionError: If a field has none.
    """
    sentences: dict[str, str] = {}
    body = ast.parse(inspect.getsource(kind)).body[0].body  # type: ignore[attr-defined]
    for field, after in zip(body, [*body[1:], None], strict=True):
        if not isinstance(field, ast.AnnAssign) or not isinstance(field.target, ast.Name):
            continue
        text = after.value if isinstance(after, ast.Expr) else None
        if isinstance(text, ast.Constant) and isinstance(text.value, str):
            sentences[field.target.id] = inspect.cleandoc(text.value)
    for field in dataclasses.fields(kind):
        if field.name not in sentences:
            raise ExtensionError(f"{kind.__name__}.{field.name} has no sentence below it")
    return sentences


def type_name(kind: Any) -> str:
    """Returns a field's type as a reader wants it: choices, or words."""
    origin = typing.get_origin(kind)
    if origin is Literal:
        return ", ".join(f"`{choice}`" for choice in typing.get_args(kind))
    if origin in (typing.Union, types.UnionType):
        arms = [type_name(arm) for arm in typing.get_args(kind) if arm is not type(None)]
        return f"{' or '.join(arms)}, or none"
    if origin is tuple:
        return f"list of {type_name(typing.get_args(kind)[0])}"
    names = {int: "whole number", float: "number", str: "text", bool: "true or false"}
    return names.get(kind, f"`{getattr(kind, '__name__', kind)}`")


def default_of(field: "dataclasses.Field[Any]") -> str:
    """Returns a field's default, ready to be shown."""
    if field.default is not dataclasses.MISSING:
        value = field.default
    elif field.default_factory is not dataclasses.MISSING:
        value = field.default_factory()
    else:
        return "required"
    if value is None:
        return "none"
    return (
        f"`{str(value).lower() if isinstance(value, bool) else value}`" if value != () else "empty"
    )


class MarkdownDirective(SphinxDirective):
    """A directive whose content is Markdown that the code gives."""

    def markdown(self) -> str:
        """Returns the content."""
        raise NotImplementedError

    def run(self) -> list[nodes.Node]:
        """Parses the content where the directive stands."""
        container = nodes.Element()
        container.document = self.state.document
        lines = StringList(self.markdown().splitlines(), source=self.env.docname)
        self.state.nested_parse(lines, self.content_offset, container, match_titles=True)
        return container.children


class Configuration(MarkdownDirective):
    """``{configuration} s2s.config.ModelConfig``: a table of its fields."""

    required_arguments = 1

    def markdown(self) -> str:
        """Returns a definition list of fields."""
        module, _, name = self.arguments[0].rpartition(".")
        kind = getattr(importlib.import_module(module), name)
        sentences = field_sentences(kind)
        lines = [inspect.cleandoc(kind.__doc__ or ""), ""]
        for field in dataclasses.fields(kind):
            text = sentences[field.name].replace("``", "`").split("\n")
            lines += [
                f"`{field.name}` ({type_name(field.type)}; default: {default_of(field)})",
                f": {text[0]}",
                *(f"  {line}" for line in text[1:]),
                "",
            ]
        return "\n".join(lines)


class Commands(MarkdownDirective):
    """``{commands}``: every command with its arguments and options."""

    def markdown(self) -> str:
        """Returns a section for each command."""
        for name in cli.COMMANDS:
            cli._register(name)
        group: Any = typer.main.get_command(cli.app)
        lines: list[str] = []
        for name in cli.COMMANDS:
            command = group.commands[name]
            lines += [f"## s2s {name}", "", *_usage(name, command), ""]
            groups: dict[str, list[Any]] = {}
            for parameter in command.params:
                if getattr(parameter, "hidden", False) or parameter.name == "help":
                    continue
                panel = getattr(parameter, "rich_help_panel", None)
                is_argument = parameter.param_type_name == "argument"
                groups.setdefault("Arguments" if is_argument else panel or "Options", []).append(
                    parameter
                )
            for panel, parameters in groups.items():
                lines += [f"### {panel}", ""] if len(groups) > 1 else []
                for parameter in parameters:
                    lines += _describe(parameter)
        return "\n".join(lines)


def _usage(name: str, command: Any) -> list[str]:
    texts = (command.help, getattr(command, "epilog", None))
    paragraphs = "\n\n".join(inspect.cleandoc(text) for text in texts if text).split("\n\n")
    lines: list[str] = []
    for paragraph in paragraphs:
        code = all(line.startswith("    ") for line in paragraph.split("\n"))
        text = inspect.cleandoc(paragraph)
        lines += ["```text", text, "```", ""] if code else [text, ""]
    return lines


def _describe(parameter: Any) -> list[str]:
    names = ", ".join(f"`{name}`" for name in [*parameter.opts, *parameter.secondary_opts])
    metavar = parameter.metavar or ""
    if parameter.param_type_name == "argument":
        names, metavar = f"`{parameter.metavar or parameter.name.upper()}`", ""
    about = [f"`{metavar}`"] if metavar else []
    if parameter.required:
        about.append("required")
    default = getattr(parameter, "show_default", None)
    if isinstance(default, str):
        about.append(f"default: {default}")
    elif parameter.default not in (None, False, ()) and not callable(parameter.default):
        about.append(f"default: `{parameter.default}`")
    head = names + (f" ({'; '.join(about)})" if about else "")
    if not parameter.help:
        raise ExtensionError(f"the option {names} has no help")
    return [head, f": {' '.join(parameter.help.split())}", ""]


def check_public_names(app: Sphinx, *_: object) -> None:
    """Fails the build if a public name has no entry in the reference."""
    domain = app.env.domains.python_domain
    documented = set(domain.objects)
    missing = [
        f"{module}.{name}"
        for module in PUBLIC
        for name in importlib.import_module(module).__all__
        if f"{module}.{name}" not in documented
    ]
    if missing:
        raise ExtensionError(f"public names without documentation: {', '.join(missing)}")


def _whole_text(docstring: GoogleDocstring) -> list[str]:
    """Returns an attribute's text as it is: napoleon takes what precedes a colon for a type."""
    return docstring._consume_to_end()


def setup(app: Sphinx) -> dict[str, bool]:
    """Makes both directives known."""
    GoogleDocstring._parse_attribute_docstring = _whole_text  # type: ignore[method-assign]
    app.add_directive("configuration", Configuration)
    app.add_directive("commands", Commands)
    app.connect("env-check-consistency", check_public_names)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
