"""What the safety screen looks for, as a graph of words; how patterns are written stands in bot/safety.py. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import zip_longest
from typing import Any

from bot.unmasking import squeezed, unmasked

ANY, START, END, HIT = "*", "^", "$", ""

PART = re.compile(r"\([^()]*\)|\[[^\[\]]*\]|\.\.|\S+")
LIST = re.compile(r"<([a-z-]+)>")

# a word leads to the next node, HIT to the (rule, is an idiom) pairs that end there; nodes are shared and never changed
Node = dict[str, Any]
Option = tuple[str, ...]  # a sequence of words


def options_of(part: str, words: Mapping[str, str]) -> list[Option]:
    """What may stand for a part of a pattern, in the form texts are read in. Raises KeyError for an unknown list."""
    if part == "..":
        return [(ANY,) * count for count in range(3)]
    plain = squeezed(unmasked(LIST.sub(lambda found: words[found[1]], part)))
    if part[0] not in "([<":
        return [(plain,)]
    options = [tuple(option.split()) for option in plain.strip("()[]").split("|")]
    return [(), *options] if part[0] == "[" else options


def graph(parts: Sequence[Sequence[Option]], meaning: tuple[int, bool]) -> Node:
    """A pattern as nodes, made from its end: what follows a part is one node, however that part was said."""
    node: Node = {HIT: (meaning,)}
    for options in reversed(parts):
        node = _leading(options, node)
    return node


def _leading(options: Sequence[Option], to: Node) -> Node:
    """A node from which each of these sequences leads to the given one."""
    begun = dict[str, list[Option]]()
    for option in options:
        if option:
            begun.setdefault(option[0], []).append(option[1:])
    node = {word: to if left == [()] else _leading(left, to) for word, left in begun.items()}
    return _either(node, to, {}) if () in options else node


def any_of(nodes: list[Node]) -> Node:
    """What matches whatever one of these does; merged in pairs, so that each is copied few times."""
    while len(nodes) > 1:
        pairs = zip_longest(nodes[::2], nodes[1::2], fillvalue=None)
        nodes = [one if other is None else _either(one, other, {}) for one, other in pairs if one is not None]
    return nodes[0] if nodes else {}


def _either(one: Node, other: Node, known: dict[tuple[int, int], Node]) -> Node:
    if one is other:
        return one
    if (merged := known.get((id(one), id(other)))) is None:
        merged = known[id(one), id(other)] = {**other, **one}
        for word in one.keys() & other.keys():
            if word == HIT:
                merged[HIT] = tuple(dict.fromkeys((*one[HIT], *other[HIT])))
            else:
                merged[word] = _either(one[word], other[word], known)
    return merged
