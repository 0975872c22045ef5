"""s2s: small recurrent translators, trained with torch, shipped as one ONNX file.

``from s2s import Translator`` needs numpy, sentencepiece and onnxruntime; nothing here imports
torch until a run folder is trained, exported or translated with.
"""

from typing import TYPE_CHECKING

from s2s.errors import S2SError
from s2s.version import __version__

if TYPE_CHECKING:
    from s2s.runtime.onnx_backend import session_options
    from s2s.translate.translation import Hypothesis, Translation
    from s2s.translate.translator import Translator

__all__ = ["Hypothesis", "S2SError", "Translation", "Translator", "__version__", "session_options"]


def __getattr__(name: str) -> object:
    """Loads the translator when it is first asked for: `import s2s` alone stays instant."""
    if name == "Translator":
        from s2s.translate.translator import Translator

        return Translator
    if name in ("Hypothesis", "Translation"):
        from s2s.translate import translation

        return getattr(translation, name)
    if name == "session_options":
        from s2s.runtime.onnx_backend import session_options

        return session_options
    raise AttributeError(f"module 's2s' has no attribute {name!r}")
