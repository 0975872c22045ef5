"""What the tests of the recipes share."""

from functools import partial

import pytest


@pytest.fixture
def quick_check(monkeypatch):
    """Exports compare one small batch with torch; what they compare is tested in tests/export."""
    pytest.importorskip("onnx")
    from s2s_export import check_parity, export

    quick = partial(check_parity, batches=((3, 1, 12),), beams=(5,))
    monkeypatch.setattr(export, "check_parity", quick)
