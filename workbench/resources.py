"""Where bundled plugins and resources lie, in a checkout and in an installed wheel."""

from __future__ import annotations

from functools import cache
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


@cache
def bundled(kind: str) -> Path:
    """Return the folder ``plugins`` or ``resources``.

    The checkout comes first: an editable install copies the folders once into site-packages, where
    they grow stale.

    Raises:
        FileNotFoundError: the installation is incomplete.
    """
    checkout = _PACKAGE.parent / kind
    if checkout.is_dir() and (_PACKAGE.parent / "pyproject.toml").is_file():
        return checkout
    installed = _PACKAGE / "_bundled" / kind
    if installed.is_dir():
        return installed
    raise FileNotFoundError(
        f"The bundled folder '{kind}' is missing (looked in {checkout} and {installed}). "
        "Install skill-workbench again."
    )
