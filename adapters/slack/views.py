"""Modals and the Home tab: where private text is written and read."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from adapters.slack.markup import (
    BLOCK_TEXT,
    VALUE,
    VIEW_BLOCKS,
    Json,
    actions,
    drawn,
    plain_text,
    text_blocks,
)
from adapters.slack.words import Words
from bot.errors import Rejected
from bot.model import Block, Button, Field, Form, Reply

TITLE = 24
LONG_LABEL = 2000
OPTIONS = 100
OPTION_VALUE = 150
ERROR = 150
Check = Callable[[str, str, str], str | None]
"""What is wrong with a value, by its form and field, in words for who wrote it; None if nothing is. Pure and quick."""

FORM, READING = "form", "reading"  # callback ids
INPUT = "value"  # every input's action id; its block id is the field's name


def nothing_wrong(_form: str, _field: str, _value: str) -> None:
    """Takes every value as it is."""


def modal(
    words: Words, reply: Reply | None = None, *, form: Form | None = None, line: str = "", asked: int = 0
) -> Json:
    """A window that shows a reply and asks for a form, either of which may be missing, or just says a line."""
    form = form or (reply.form if reply else None)
    blocks = [_said(line)] if line else []
    if reply is not None:
        buttons = actions(reply.rows)
        buttons = [] if form and len(form.fields) > 1 else buttons  # its first field asks the same
        said = reply.text[:-1] if form and _labels(form, reply.text) else reply.text
        others = len(blocks) + len(buttons) + (len(form.fields) if form else 0)
        blocks += text_blocks(said)[: VIEW_BLOCKS - others] + buttons
        asked = asked or reply.asked
    if form is not None:
        asked = asked or form.asked
    view: Json = {
        "type": "modal",
        "callback_id": FORM if form else READING,
        "title": plain_text((form.title if form else "") or words.title, TITLE),
        "close": plain_text(words.shut, TITLE),
        "blocks": blocks + [_input(field) for field in form.fields] if form else blocks,
    }
    if form:
        view["submit"] = plain_text(words.save, TITLE)
        view["private_metadata"] = json.dumps({"form": form.id, "asked": asked})
    if reply is not None and reply.private and reply.rows:  # its buttons are nowhere else
        view |= {"private_metadata": json.dumps({"asked": asked}), "notify_on_close": True} | view
    return view


def home(reply: Reply) -> Json:
    """The Home tab."""
    buttons = actions(reply.rows)
    if len(buttons) >= VIEW_BLOCKS:
        raise Rejected("too many rows for the Home tab")
    return {"type": "home", "blocks": text_blocks(reply.text)[: VIEW_BLOCKS - len(buttons)] + buttons}


def _labels(form: Form, text: Sequence[Block]) -> bool:
    """Whether what was asked last stands above the only field anyway."""
    labels = [field.label for field in form.fields]
    return bool(text) and labels == ["".join(span.text for span in text[-1].spans)]


def _said(line: str) -> Json:
    return {"type": "section", "text": plain_text(line, BLOCK_TEXT)}


def _input(field: Field) -> Json:
    return {
        "type": "input",
        "block_id": field.name,
        "label": plain_text(field.label, LONG_LABEL),
        "optional": not field.required,
        "element": {"action_id": INPUT, **_element(field)},
    }


def _element(field: Field) -> Json:
    match field.kind:
        case "date":
            return {"type": "datepicker", **({"initial_date": field.value} if field.value else {})}
        case "time":
            return {"type": "timepicker", **({"initial_time": field.value} if field.value else {})}
        case "choice":
            options = [_option(each) for each in field.choices[:OPTIONS]]
            first = [option for option in options if option["value"] == field.value]
            return {"type": "static_select", "options": options, **({"initial_option": first[0]} if first else {})}
    most = min(field.most, BLOCK_TEXT)
    value = {"initial_value": field.value[:most]} if field.value else {}
    return {"type": "plain_text_input", "multiline": field.kind == "text", "max_length": most, **value}


def _option(choice: Button) -> Json:
    if not 1 <= len(choice.data) <= OPTION_VALUE:
        raise Rejected("a choice's data must have 1 to 150 characters")
    return {"text": plain_text(choice.label), "value": choice.data}


# ---------------------------------------------------------------- what a modal brings back


def submitted(view: Mapping[str, Any]) -> tuple[str, int, dict[str, str]] | None:
    """The form's id, the question's number and the values of a submitted modal; None if it is no form of ours."""
    try:
        about = json.loads(view.get("private_metadata") or "")
        form, asked = str(about["form"]), int(about["asked"])
    except (ValueError, KeyError, TypeError):
        return None
    state = view.get("state", {}).get("values", {})
    return form, asked, {block["block_id"]: _value(state, block) for block in _inputs(view)}


def asked_in(view: Mapping[str, Any]) -> int | None:
    """The number of the question that a window put; None if it put none."""
    try:
        return int(json.loads(view.get("private_metadata") or "")["asked"])
    except (ValueError, KeyError, TypeError):
        return None


def problems(view: Mapping[str, Any], words: Words, check: Check = nothing_wrong) -> dict[str, str]:
    """What is wrong with a submitted modal, by field: pure, so that it can be said inside the acknowledgement."""
    found: dict[str, str] = {}
    form = (submitted(view) or ("",))[0]
    state = view.get("state", {}).get("values", {})
    for block in _inputs(view):
        value, most = _value(state, block), block.get("element", {}).get("max_length") or BLOCK_TEXT
        if not value and not block.get("optional"):
            found[block["block_id"]] = words.empty[:ERROR]
        elif len(value) > most:
            found[block["block_id"]] = words.too_long.format(most=most)[:ERROR]
        elif value and (line := check(form, block["block_id"], value)):
            found[block["block_id"]] = plain_text(line, ERROR)["text"]
    return found


def _inputs(view: Mapping[str, Any]) -> Sequence[Json]:
    return [block for block in view.get("blocks", []) if block.get("type") == "input"]


def _value(state: Mapping[str, Any], block: Mapping[str, Any]) -> str:
    given = state.get(block["block_id"], {}).get(INPUT, {})
    return drawn(picked(given)).replace("\r\n", "\n").strip()


def picked(element: Mapping[str, Any]) -> str:
    """What an input or picker holds."""
    option = element.get("selected_option") or {}
    found = element.get("value") or element.get("selected_time") or element.get("selected_date") or option.get("value")
    return str(found or "")


# ---------------------------------------------------------------- a form in a button's value


def packed(form: Form) -> str | None:
    """A form without what was written in it, short enough to travel in a button; None if it is too long for that."""
    fields = [
        [one.name, one.label, one.kind, [[each.data, each.label] for each in one.choices], one.most, one.required]
        for one in form.fields
    ]
    text = json.dumps([form.id, form.title, fields], ensure_ascii=False, separators=(",", ":"))
    return text if len(text) <= VALUE - 64 else None


def unpacked(text: str) -> Form | None:
    """The form that `packed` wrote; None if this is not one."""
    try:
        name, title, fields = json.loads(text)
        return Form(
            name,
            title,
            tuple(
                Field(field, label, kind, tuple(Button(*each) for each in choices), most=most, required=required)
                for field, label, kind, choices, most, required in fields
            ),
        )
    except (ValueError, TypeError):
        return None
