import importlib

import pytest

from s2s.errors import MissingPackageError, needs


def test_a_missing_package_is_one_line_that_names_the_extra():
    with pytest.raises(MissingPackageError) as caught, needs("text", "a text model", hint=", say"):
        importlib.import_module("no_such_package")
    assert str(caught.value) == "a text model needs no-such-package; install 's2s[text]', say"


@pytest.mark.parametrize("name", ["s2s.no_such_module", "s2s_export.no_such_module"])
def test_a_module_of_s2s_that_is_missing_stays_a_fault(name):
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
