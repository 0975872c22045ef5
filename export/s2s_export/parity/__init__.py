"""Whether a file translates like the torch model that it was written from."""

from s2s_export.parity.model import Parity, check_parity

__all__ = ["Parity", "check_parity"]
