"""Writes trained s2s models as ONNX files, beam search included, and checks them against torch."""

from s2s_export.export import ExportReport, export_run
from s2s_export.metadata import add_metadata
from s2s_export.model import Precision, build_model
from s2s_export.parity import Parity, check_parity
from s2s_export.triton import TritonFolder

__all__ = [
    "ExportReport",
    "Parity",
    "Precision",
    "TritonFolder",
    "add_metadata",
    "build_model",
    "check_parity",
    "export_run",
]
