"""spandrel's ESRGAN without torchvision, which spandrel imports for other networks and which does not fit every torch build."""
import importlib.machinery
import sys
import types

import diffusers  # noqa: F401  (must be imported before the stand-in, which it would take for the real one)
import peft  # noqa: F401

try:
    import torchvision  # noqa: F401
except ImportError:

    def stand_in(name):
        def attribute(key):
            if key.startswith("__"):
                raise AttributeError(key)
            return type(key, (), {})

        module = types.ModuleType(name)
        module.__spec__ = importlib.machinery.ModuleSpec(name, None)
        module.__getattr__ = attribute
        sys.modules[name] = module
        return module

    root = stand_in("torchvision")
    for part in ["ops", "transforms", "transforms.functional", "models", "utils", "models.feature_extraction"]:
        setattr(root, part.split(".")[0], stand_in(f"torchvision.{part}"))

from spandrel.architectures.ESRGAN import ESRGAN  # noqa: E402, F401
