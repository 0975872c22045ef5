import pytest

torch = pytest.importorskip("torch")

from s2s.model import threads as module
from s2s.model.threads import limit_threads


@pytest.mark.parametrize(
    ("wanted", "chosen", "torch_has", "cores", "expected"),
    [
        (None, None, 64, 2, 2),  # a container with two cores of 64
        (None, None, 2, 2, None),
        (None, None, 1, 2, None),
        (None, "8", 8, 2, None),  # OMP_NUM_THREADS is the user's choice
        (3, None, 64, 2, 3),
        (3, "8", 8, 2, 3),
    ],
)
def test_torch_gets_no_more_threads_than_cores_unless_asked(
    monkeypatch, wanted, chosen, torch_has, cores, expected
):
    numbers = []
    monkeypatch.setattr(module, "available_cores", lambda: cores)
    monkeypatch.setattr(torch, "get_num_threads", lambda: torch_has)
    monkeypatch.setattr(torch, "set_num_threads", numbers.append)
    monkeypatch.setattr(module.os, "environ", {"OMP_NUM_THREADS": chosen} if chosen else {})
    limit_threads(wanted)
    assert numbers == ([] if expected is None else [expected])
