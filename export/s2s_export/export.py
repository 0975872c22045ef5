"""From the folder of a run to one checked model file."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import onnx

from s2s.config import check_integer
from s2s.errors import ModelError, ParityError
from s2s.files import atomic_output
from s2s.formats.checksum import sealed
from s2s.model.ensemble import load_runs
from s2s.model.run import Run
from s2s.tokenizer.tags import check_in_step
from s2s_export.graph.builder import stored
from s2s_export.metadata import add_metadata
from s2s_export.model import build_model, check_precision, kept_in_fp32
from s2s_export.parity import Parity, check_parity
from s2s_export.parity.text import TextParity, check_texts, extensions_path
from s2s_export.text_model import build_text_model

LARGEST = 2**31 - 1
"""Bytes of a protobuf; a larger model would need external data, which s2s never writes."""


@dataclass(frozen=True)
class ExportReport:
    """A model file that was written, and how it compares with torch."""

    path: Path
    bytes: int
    """Size of the file."""
    precision: str
    parity: Parity
    kept_in_fp32: dict[str, str]
    """int8 only: the parts that are still stored or computed in fp32, and why."""
    members: int = 1
    """Number of networks that translate together."""
    texts: TextParity | None = None
    """Text models only: how the file compares with the graph without strings."""

    def __str__(self) -> str:
        """The lines that a user reads after an export."""
        parity = self.parity
        lines = [
            f"{self.path}: {self.bytes / 1e6:.1f} MB, {self.precision}"
            + (f", {self.members} members" if self.members > 1 else "")
            + (", strings in and out" if self.texts else ""),
            f"checked against torch: {parity.sentences} sentences, {parity.hypotheses} hypotheses, "
            f"{parity.identical} with the same pieces, largest score difference "
            f"{parity.largest_difference:.2g}",
        ]
        if self.texts:
            lines.append(
                f"checked against the graph without strings: {self.texts.sentences} sentences, "
                f"{self.texts.sentences - self.texts.ties} with the same pieces"
            )
        if parity.near_ties:
            lines.append(
                f"{parity.near_ties} sentences in which rounding decided between hypotheses"
            )
        if parity.batch_dependent:
            lines.append(
                f"{parity.batch_dependent} sentences whose scores, alone and in a batch, differ in "
                "their last bits"
            )
        lines += [f"kept in fp32: {name} ({reason})" for name, reason in self.kept_in_fp32.items()]
        return "\n".join(lines)


def export_run(
    run: str | Path | Sequence[str | Path],
    output: str | Path,
    precision: str = "fp32",
    *,
    text: bool = False,
    length_factor: int | None = None,
    length_margin: int | None = None,
    in_step: bool | None = None,
) -> ExportReport:
    """Writes the model file of a trained run, after checking it against torch.

    Args:
        run: Folder of the run. Several folders become one ensemble in one file, see
            ``s2s.model.ensemble``; recommended values and length limits are those of the first.
        output: The ONNX file; an older file is replaced when the new one is complete.
        precision: ``fp32`` (standard operators, the same pieces as torch) or ``int8`` (smaller and
            faster, for CPUs).
        text: Whether to write a text model, strings in and strings out, for onnxruntime with
            onnxruntime-extensions; s2s itself does not read it.
        length_factor: Limit of length in place of the run's, see ``SearchConfig.length_factor``.
        length_margin: The same, see ``SearchConfig.length_margin``.
        in_step: Whether outputs have as many pieces as their sources, in place of what the run has
            settled, see ``SearchConfig.in_step``.

    Returns:
        A description of the file, and how it compares with torch.

    Raises:
        ConfigError: If ``precision`` is unknown, there is no run, or a limit is out of range.
        FileError: If a folder or file is missing, or the file cannot be written.
        MissingPackageError: If onnxruntime, which checks the file, is missing; for ``text``, also
            if onnxruntime-extensions is missing.
        ModelError: If a run is damaged, the runs' vocabularies differ, or they do not fit into one
            file.
        ParityError: If the graph does not translate like the runs; then nothing is written.
    """
    output, checked = Path(output), check_precision(precision)
    folders = [run] if isinstance(run, str | Path) else list(run)
    if text:
        extensions_path()
    # Opened first, so that the error of a folder without write access comes before the work.
    with atomic_output(output, "wb") as file:
        runs = _limited(load_runs(folders), length_factor, length_margin, in_step)
        models, search = [member.model for member in runs], runs[0].search
        size = 4 * sum(model.num_parameters() for model in models)
        if size > LARGEST and checked == "fp32":
            raise ModelError(_too_large(size))
        graph = build_model(models, search, checked)
        add_metadata(graph, runs, checked)
        serialized = sealed(serialize(graph))
        parity = check_parity(models, serialized, search, checked)
        texts = None
        if text:
            tokenizer, without_strings = runs[0].tokenizer, serialized
            graph = build_text_model(models, search, tokenizer, checked)
            add_metadata(graph, runs, checked, text=True)
            serialized = sealed(serialize(graph))
            texts = check_texts(serialized, without_strings, tokenizer, search)
        file.write(serialized)
    configs = [model.config for model in models]
    return ExportReport(
        path=output,
        bytes=len(serialized),
        precision=checked,
        parity=parity,
        kept_in_fp32=kept_in_fp32(configs) if checked == "int8" else {},
        members=len(models),
        texts=texts,
    )


def _limited(
    runs: list[Run], length_factor: int | None, length_margin: int | None, in_step: bool | None
) -> list[Run]:
    """Returns runs whose first has the limits of length that are given."""
    given = {"length_factor": length_factor, "length_margin": length_margin}
    changes: Any = {
        name: check_integer(name, value, 0) for name, value in given.items() if value is not None
    }
    if in_step is not None:
        changes["in_step"] = check_in_step(in_step, runs[0].tokenizer.tags)
    return [replace(runs[0], search=replace(runs[0].search, **changes)), *runs[1:]]


def _too_large(size: int) -> str:
    return (
        f"the model would have {size / 1e9:.1f} GB; one ONNX file holds at most "
        f"{LARGEST / 1e9:.1f} GB; train a smaller model, or export int8"
    )


def serialize(model: onnx.ModelProto) -> bytes:
    """Checks a model with onnx's own checker and returns its bytes.

    Raises:
        ModelError: If it is too large for one file.
        ParityError: If onnx finds a fault in it.
    """
    size = sum(len(tensor.raw_data) for tensor in stored(model.graph))
    if size > LARGEST:
        raise ModelError(_too_large(size))
    try:
        onnx.checker.check_model(model, full_check=True)
    except (onnx.checker.ValidationError, onnx.shape_inference.InferenceError) as error:
        first = str(error).strip().splitlines()[0]
        raise ParityError(f"onnx.checker refuses the exported graph: {first}") from error
    serialized: bytes = model.SerializeToString()
    if len(serialized) > LARGEST:
        raise ModelError(_too_large(len(serialized)))
    return serialized
