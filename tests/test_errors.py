import copy
import importlib
import inspect
import multiprocessing
import pickle
from concurrent.futures import ProcessPoolExecutor
from functools import partial

import pytest
from raised_errors import make_error, raise_error

from s2s import errors
from s2s.errors import FileError, MissingPackageError, S2SError, SentenceError, needs

CLASSES = [
    kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, S2SError)
]


def pickled(error, protocol):
    return pickle.loads(pickle.dumps(error, protocol))  # noqa: S301


ROUND_TRIPS = {"copy": copy.copy, "deepcopy": copy.deepcopy} | {
    f"pickle {protocol}": partial(pickled, protocol=protocol)
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1)
}


def test_every_class_is_copied_here():
    assert {S2SError, SentenceError, FileError, MissingPackageError} < set(CLASSES)


@pytest.mark.parametrize("round_trip", ROUND_TRIPS.values(), ids=ROUND_TRIPS)
@pytest.mark.parametrize("kind", CLASSES)
def test_a_copied_error_is_the_same_error(kind, round_trip):
    error = make_error(kind)
    copied = round_trip(error)
    assert type(copied) is kind
    assert str(copied) == str(error)
    assert copied.args == error.args
    assert vars(copied) == vars(error)


@pytest.mark.parametrize("kind", [SentenceError, FileError])
def test_a_pool_of_processes_raises_the_error_of_its_worker(kind):
    # A SentenceError that could not be unpickled left the pool waiting for ever.
    context = multiprocessing.get_context("spawn")  # safe beside the threads of other tests
    with ProcessPoolExecutor(1, context) as pool, pytest.raises(kind) as raised:
        pool.submit(raise_error, kind).result(timeout=60)
    assert str(raised.value) == str(make_error(kind))
    assert vars(raised.value) == vars(make_error(kind))


def test_a_missing_package_is_one_line_that_names_the_extra():
    with pytest.raises(MissingPackageError) as caught, needs("text", "a text model", hint=", say"):
        importlib.import_module("no_such_package")
    assert str(caught.value) == "a text model needs no-such-package; install 's2s-onnx[text]', say"


@pytest.mark.parametrize("name", ["s2s.no_such_module", "s2s_export.no_such_module"])
def test_a_module_of_s2s_that_is_missing_stays_a_fault(name):
    if name.startswith("s2s_export"):
        pytest.importorskip("onnx")
        pytest.importorskip("torch")
    with pytest.raises(ModuleNotFoundError, match="no_such_module"), needs("train", "training"):
        importlib.import_module(name)


@pytest.mark.parametrize(
    "error",
    [ImportError("cannot import name", name="s2s"), ImportError("libc.so: no such file"), KeyError],
)
def test_other_errors_of_the_block_pass_through(error):
    kind = error if isinstance(error, type) else type(error)
    with pytest.raises(kind) as caught, needs("train", "training"):
        raise error
    assert not isinstance(caught.value, MissingPackageError)
