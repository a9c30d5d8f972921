"""Our top-level names (bot, adapters, …) exist on PyPI too: names a foreign package that shadows ours."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

OURS = ("bot", "adapters", "curriculum", "prompts", "scheduler")


def foreign(root: Path = Path(__file__).parent.parent, names: tuple[str, ...] = OURS) -> str | None:
    """What to do about the first package that is not ours; None if all are."""
    for name in names:
        spec = find_spec(name)
        places = list(spec.submodule_search_locations or ()) if spec else []
        if spec is None or not places:
            return f"the folder {name}/ is missing: run python -m bot from the root of the project"
        if Path(places[0]).resolve() != (root / name).resolve():
            return f"{places[0]} shadows our own {name}/: run from {root}, or uninstall that package"
    return None
