"""Loads the scripts in ``recipes/``, which are no package."""

import importlib.util

from paths import RECIPES


def load_recipe(name):
    """Returns a fresh module of a script, so that a test may change what is in it."""
    spec = importlib.util.spec_from_file_location(f"recipe_{name}", RECIPES / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
