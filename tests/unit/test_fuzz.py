"""Every parser of what comes from outside, fed with anything: it reads it, refuses it or leaves it."""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from adapters.cleaning import clean
from adapters.inputs import choice_made
from adapters.slack import SlackAdapter
from bot import clock_text, roster_text
from bot.cohorts.classes import place_and_link
from bot.conversations import words
from bot.conversations.onboarding import clean_name
from bot.errors import ContentError, SettingsError, StoreError
from bot.model import Incoming
from bot.settings import Settings, problems_in
from bot.storage import codec
from bot.storage.copies import format_of
from curriculum.source import read_yaml
from tests.contracts.fake_door import FakeDoor
from tests.unit.hostile import ANYTHING, NASTY, bent
from tests.unit.test_hostile_inputs import PAYLOADS
from tests.unit.test_http import FakeRehearsal, app, client

NOW, TODAY = datetime(2026, 3, 2, 12, tzinfo=UTC), date(2026, 3, 2)
TEXTS = st.text(max_size=200) | st.sampled_from(NASTY) | st.text("0123456789:.-/ apm,mtwfs", max_size=30)
SECRET, AT = "signing-secret", 1_770_000_000.0


@contextmanager
def soon(seconds: float) -> Iterator[None]:
    """A block that takes no more of the processor; by the clock on the wall a busy machine takes longer."""
    began = time.process_time()
    try:
        yield
    finally:
        assert time.process_time() - began < seconds


# ---------------------------------------------------------------- what people type

READERS: list[Callable[[str], object]] = [
    clean,
    clean_name,
    lambda text: choice_made(text, None),
    clock_text.parse_time,
    clock_text.parse_zone,
    lambda text: clock_text.parse_date(text, TODAY),
    clock_text.parse_days,
    lambda text: roster_text.parse_shifts(text, TODAY, TODAY),
    roster_text.parse_hours,
    words.command_in,
    words.code_in,
    words.words_after,
    place_and_link,
]


@pytest.mark.parametrize("reader", READERS, ids=lambda reader: getattr(reader, "__name__", "of a date"))
@given(text=TEXTS)
@example(text="9" * 5000)
@example(text="İ" * 500)
@settings(max_examples=150, deadline=None)
def test_whatever_is_typed_is_read_or_not_and_soon(reader: Callable[[str], object], text: str) -> None:
    with soon(0.5):
        reader(text)


# ---------------------------------------------------------------- Slack, from the network to the door


async def posted(body: bytes, kind: str) -> tuple[int, FakeDoor]:
    """What a signed POST to /slack/events is answered with, and what came of it."""
    adapter, door = (
        SlackAdapter("slack:T1", "xoxb-fuzz", signing_secret=SECRET, api_url=NOWHERE, wall=lambda: AT),
        FakeDoor(),
    )
    signed = b"v0:" + str(int(AT)).encode() + b":" + body
    headers = {
        "X-Slack-Request-Timestamp": str(int(AT)),
        "X-Slack-Signature": "v0=" + hmac.new(SECRET.encode(), signed, hashlib.sha256).hexdigest(),
        "Content-Type": kind,
    }
    status, _, _ = await adapter.accept(door, headers, body)
    await adapter.close()
    return status, door


NOWHERE = "http://127.0.0.1:9/api/"  # nobody listens there: profiles are wanted, and nothing waits for them


@given(bent(PAYLOADS) | ANYTHING, st.booleans())
@settings(max_examples=150, deadline=None)
async def test_slacks_inbox_takes_any_payload_from_the_network_to_the_door(body: Any, form: bool) -> None:
    logging.getLogger("slack_bolt").disabled = True
    text = json.dumps(body)
    sent = urlencode({"payload": text}) if form else text
    kind = "application/x-www-form-urlencoded" if form else "application/json"
    status, door = await posted(sent.encode(), kind)
    assert status == HTTPStatus.OK
    for one in door.kept:
        assert codec.load_incoming(codec.dump_incoming(one)) == one
        assert isinstance(one, Incoming)


@given(st.binary(max_size=300), st.sampled_from(["application/json", "application/x-www-form-urlencoded", "", "x/y"]))
@settings(max_examples=100, deadline=None)
async def test_slacks_inbox_takes_any_bytes(body: bytes, kind: str) -> None:
    status, door = await posted(body, kind)
    assert status == HTTPStatus.OK
    assert door.kept == []


# ---------------------------------------------------------------- our own HTTP


@given(ANYTHING | st.fixed_dictionaries({"to": st.text(max_size=40)}))
@settings(max_examples=150, deadline=None)
async def test_the_rehearsal_clock_takes_a_time_or_refuses(body: Any) -> None:
    async with client(app(FakeRehearsal())) as http:
        answer = await http.post("/rehearsal", content=json.dumps(body).encode())
    assert answer.status_code in (200, 400, 503)


# ---------------------------------------------------------------- files: settings, content, backups

NAMES = sorted(Settings.model_fields)


@given(st.dictionaries(st.sampled_from(NAMES), TEXTS.filter(lambda text: "\ud800" not in text), max_size=4))
@settings(max_examples=200, deadline=None)
def test_settings_are_taken_or_refused_by_name_and_never_shown(values: dict[str, str]) -> None:
    try:
        made = Settings(_env_file=None, **values)  # type: ignore[arg-type]
        problems = list(made.problems())
        _ = made.tokens, made.keys, made.owners_named, made.keep
    except SettingsError as error:
        problems = [error]
    except ValueError as error:  # pydantic's
        problems = problems_in(error)  # type: ignore[arg-type]
        assert problems
    secrets = [
        values[name] for name in values if name.endswith(("_token", "_keys", "_secret")) and len(values[name]) > 8
    ]
    assert not [secret for secret in secrets if any(secret in str(problem) for problem in problems)]


@given(
    st.binary(max_size=200)
    | st.sampled_from(['A="', "HEARTSEASE_HTTP_PORT=${HEARTSEASE_HTTP_PORT}", "\x00=\x00"]).map(str.encode)
)
@settings(max_examples=60, deadline=None)
def test_any_dotenv_is_read_or_refused(content: bytes) -> None:
    with tempfile.NamedTemporaryFile() as file:
        Path(file.name).write_bytes(content)
        try:
            Settings(_env_file=file.name)
        except (SettingsError, ValueError):
            return


LAUGHS = "a: &a [x, x]\n" + "".join(
    f"{b}: &{b} [*{a}, *{a}, *{a}, *{a}, *{a}, *{a}, *{a}, *{a}]\n"
    for a, b in zip("abcdefghij", "bcdefghijk", strict=True)
)


@given(TEXTS | ANYTHING.map(lambda value: json.dumps(value)))
@example("!!python/object/apply:os.system ['true']")
@example("a: &a [*a]")
@example("[" * 3000)
@example(LAUGHS)
@settings(max_examples=150, deadline=None)
def test_any_yaml_is_read_as_plain_values_or_refused_with_its_line(text: str) -> None:
    with tempfile.NamedTemporaryFile(suffix=".yaml") as file:
        Path(file.name).write_bytes(text.encode(errors="surrogatepass"))
        try:
            with soon(2.0):
                line = read_yaml(Path(file.name)).line
        except ContentError as error:
            line = error.line
    assert line >= 1


@given(st.binary(max_size=100))
@settings(max_examples=60, deadline=None)
def test_any_file_is_a_backup_or_none(content: bytes) -> None:
    with tempfile.NamedTemporaryFile() as file:
        Path(file.name).write_bytes(content)
        try:
            found: str = format_of(Path(file.name))
        except StoreError as error:
            found = error.kind
    assert found in ("sqlite", "postgresql", "damaged")
