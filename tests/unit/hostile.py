"""Payloads that somebody bent: well-formed ones in which any piece may be replaced by anything that JSON can hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from typing import Any

from hypothesis import strategies as st

NASTY = (
    "", " ", "\x00", "\u202e evil", "A\u0301" * 50, "x" * 5000, "{{ 7 * 7 }}", "{% for x in range(9999999) %}",
    "<script>alert(1)</script>", "<!channel> <@U1>", "=cmd|' /C calc'!A0", "\r\nSet-Cookie: a=b", "\ud800", "٣:did",
    "-1:did", "9" * 400, "/start " + "A" * 300, "../../etc/passwd", "🇪🇸" * 30,
)  # fmt: skip

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False)
    | st.sampled_from(NASTY)
    | st.text(max_size=20)
)
ANYTHING: st.SearchStrategy[Any] = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Where something stands in a JSON value, the value itself left out."""
    items: Sequence[tuple[Any, Any]] = ()
    if isinstance(value, Mapping):
        items = list(value.items())
    elif isinstance(value, list):
        items = list(enumerate(value))
    return [place for key, inner in items for place in ((*path, key), *places(inner, (*path, key)))]


@st.composite
def bent(draw: st.DrawFn, samples: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """One of these payloads with up to three pieces replaced or left out."""
    body: dict[str, Any] = deepcopy(dict(draw(st.sampled_from(samples))))
    for _ in range(draw(st.integers(1, 3))):
        found = places(body)
        if not found:
            break
        *path, last = draw(st.sampled_from(found))
        inner: Any = body
        for key in path:
            inner = inner[key]
        if draw(st.booleans()):
            inner[last] = draw(ANYTHING)
        else:
            del inner[last]
    return body
