"""The coach in the browser: a chat with no account and no token, for the demo and for rehearsals."""

from pathlib import Path

from adapters.web.adapter import WebAdapter
from adapters.web.routes import Stage, routes

STATIC = Path(__file__).parent / "static"

__all__ = ["STATIC", "Stage", "WebAdapter", "routes"]
