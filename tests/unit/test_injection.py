"""What people write stays what it is: no markup, no address that is fetched, no line of a log, no formula."""

from __future__ import annotations

import ast
import html
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from adapters.slack import markup as slack
from adapters.telegram import markup as telegram
from adapters.web.markup import to_html
from bot.cohorts.broadcasts import Broadcast, Segment
from bot.cohorts.classes import is_link, place_and_link
from bot.cohorts.model import Lesson, Theme
from bot.conversations.onboarding import LONGEST_NAME, MOST_MARKS, clean_name
from bot.logs import in_one_line
from bot.model import (
    Backstep,
    Block,
    Delivery,
    Entry,
    FormSubmitted,
    Incoming,
    Ledger,
    MessageReceived,
    Origin,
    Outgoing,
    Pairing,
    Participant,
    Receipt,
    Reply,
    Run,
    Span,
    Trusted,
)
from bot.ports import Known, Result, Saved
from tests.unit.test_cohort_coach import BOT, NOON, House
from tests.unit.test_prompts import ANA, NAMES, told

ROOT = Path(__file__).parents[2]
PRODUCT = ("bot", "adapters", "curriculum", "prompts", "scheduler")
EVIL = (
    "<!channel> <@U0EVIL> <#C1|x>",
    "*b* _i_ `c` [tap](http://evil.example)",
    "<script>alert(1)</script><img src=x>",
    "{{ 7*7 }} {% for x in y %} {{ ''.__class__ }}",
    "=cmd|' /C calc'!A0 @SUM(1)",
)

# ---------------------------------------------------------------- markup, on every platform, in every prompt


@pytest.mark.parametrize("name", NAMES)
def test_no_name_becomes_a_mention_a_link_a_tag_or_a_template_in_any_prompt_on_any_platform(name: str) -> None:
    for evil in EVIL:
        for reply in told(name, replace(ANA, name=evil), turns=1):
            for part in slack.parts(reply.text):
                assert "<!" not in part.text
                assert "<@" not in part.text
                assert {one.get("type") for one in pieces(part.blocks)}.isdisjoint(
                    {"mrkdwn", "user", "usergroup", "broadcast", "channel"}
                )
            for shown in (*telegram.messages(reply.text), to_html(reply.text)):
                assert not re.search(r"(?i)<(script|img|!|@)|href=\"[^\"]*evil", shown)
                assert evil.split()[0] in html.unescape(shown) or evil.split()[0] not in str(reply.text)


def pieces(value: Any) -> Iterator[dict[str, Any]]:
    """All objects inside Slack's blocks."""
    if isinstance(value, dict):
        yield value
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple) else ()
    for one in inner:
        yield from pieces(one)


# ---------------------------------------------------------------- names


@pytest.mark.parametrize(
    ("typed", "called"),
    [
        ("Ana", "Ana"),
        ("  Ana \t María\n", "Ana María"),
        ("Zoë O’Hara-Łęcka", "Zoë O’Hara-Łęcka"),
        ("Zoe\u0308", "Zoë"),
        ("محمد علي", "محمد علي"),
        ("Nguyễn Thị Ánh", "Nguyễn Thị Ánh"),
        ("\u202eanA", "anA"),  # right-to-left override
        ("A\u2066n\u2069a\u200f", "Ana"),
        ("A\u200bn\u200ca\ufeff", "Ana"),  # zero width
        ("A\x00n\x1b[2Ja", "An[2Ja"),
        ("A\ue000na\U000e0041", "Ana"),  # private use, where our placeholders are, and tags
        ("Ana\ud800", "Ana"),
        ("A" + "\u0301" * 30 + "na", "Á" + "\u0301" * MOST_MARKS + "na"),
        ("A" + "\u0301\u200b" * 30 + "na", "Á" + "\u0301" * MOST_MARKS + "na"),
        ("Ana\u3164\u2800Bo", "Ana Bo"),
        ("\u3164", None),  # letters that show nothing
        ("\u2800\u115f", None),
        ("\u0301\u0301", None),
        ("\u200b \u202e", None),
        ("", None),
        ("A" * (LONGEST_NAME + 1), None),
    ],
)
def test_a_name_shows_what_it_is_and_nothing_that_plays_tricks(typed: str, called: str | None) -> None:
    assert clean_name(typed) == called


async def test_a_name_that_a_platform_tells_us_is_cleaned_like_one_that_is_typed() -> None:
    house = House(front_name="\u202eEve\u202c\u0301\u0301\u0301\u0301\u0301\u0301\x1b ")
    await house.says("7", "/start")
    assert (await house.person("7")).name == "Eve" + "\u0301" * MOST_MARKS + " 7"


# ---------------------------------------------------------------- logs


@pytest.mark.parametrize("form", ["console", "json"])
def test_a_line_of_a_log_stays_one_line_and_tells_a_terminal_nothing(form: str) -> None:
    forged = "T1\n2026-01-01 [error] forged\r\x1b[2J\x9b31m\u202e\u2028"
    code = (
        f"import structlog; from bot.logs import configure; configure('debug', {form!r});"
        f"structlog.get_logger().info({forged!r}, team={forged!r}, short='\\x1b[2J')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, cwd=ROOT, check=True)
    said = done.stderr.decode()
    assert len(said.splitlines()) == 1
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u202e]", said)
    assert "forged" in said


def test_a_traceback_keeps_its_lines_and_numbers_stay_numbers() -> None:
    line = {"event": "a\nb", "exception": "one\ntwo", "count": 3}
    assert in_one_line(None, "info", line) == {"event": "a\\nb", "exception": "one\ntwo", "count": 3}


async def test_no_line_of_a_log_holds_a_name_a_text_or_an_id_of_a_platform() -> None:
    house = House(front_name="Zephyrine")
    with capture_logs() as lines:
        code = await house.cohort()
        await house.says("777000111", f"/start {code}", "I agree", "Quillfeather", "Madrid", "8:00", "20:00", "no")
        await house.says("777000111", "/journal", "the heron by the canal", "/join nonsense", "/stop")
    assert lines
    for secret in ("Zephyrine", "Quillfeather", "777000111", "4815162342", "heron", code, "nonsense"):
        assert secret not in json.dumps(lines, default=str), secret


# ---------------------------------------------------------------- addresses that people give, and what they upload

FETCHERS = {"aiohttp", "httpx", "requests", "urllib3", "ftplib", "http.client", "urllib.request", "smtplib", "socket"}
SPEAKS = {  # whoever may open a connection, and to whom: never to an address that somebody wrote
    "adapters/telegram/aiohttp_request.py",  # the Bot API's base, from the settings
    "adapters/slack/client.py",  # the Web API's base, and where Slack wants a file of ours
    "adapters/slack/link.py",  # the address that Slack's apps.connections.open gave
    "adapters/proxy.py",  # which proxies the environment names; opens none itself
    "bot/doctor",  # the same bases and our own port
    "bot/http.py",  # listens
    "bot/edge.py",
}
DOWNLOADS = re.compile(
    r"get_?file\b|download_(?!days)|url_private|files\.info|urlopen|urlretrieve|decompress", re.IGNORECASE
)


def modules() -> Iterator[tuple[str, str]]:
    """The product's code, by path."""
    for package in PRODUCT:
        for file in sorted((ROOT / package).rglob("*.py")):
            yield file.relative_to(ROOT).as_posix(), file.read_text("utf-8")


def imported(source: str) -> set[str]:
    """The modules that a file imports."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{name.name}" for name in node.names)}
    return found


def test_nothing_but_the_platforms_edges_opens_a_connection() -> None:
    speaking = {path for path, source in modules() if imported(source) & FETCHERS}
    assert {path for path in speaking if not path.startswith(tuple(SPEAKS))} == set()
    assert "adapters/telegram/aiohttp_request.py" in speaking  # the test looks where it should


def test_what_people_upload_is_never_downloaded_or_unpacked() -> None:
    unpacking = {"zipfile", "tarfile", "gzip", "bz2", "lzma", "PIL", "pickle", "marshal", "shelve", "xml"}
    for path, source in modules():
        assert not DOWNLOADS.search(source), path
        assert not {name.partition(".")[0] for name in imported(source)} & unpacking, path


def test_no_table_is_written_that_a_spreadsheet_would_run() -> None:
    for path, source in modules():
        assert not imported(source) & {"csv", "openpyxl", "xlsxwriter"}, path


def test_nothing_that_was_written_is_run() -> None:
    """No eval, exec, shell or unsafe YAML anywhere in the product."""
    for path, source in modules():
        assert not imported(source) & {"yaml.load", "yaml.unsafe_load", "os.system"}, path
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.Call):
                called = ast.unparse(node.func)
                assert called not in ("eval", "exec", "yaml.unsafe_load", "os.system", "os.popen"), (path, node.lineno)
                assert not any(word.arg == "shell" for word in node.keywords), (path, node.lineno)
                if called == "yaml.load":
                    assert "Loader" in ast.unparse(node), (path, node.lineno)


@pytest.mark.parametrize(
    "text",
    [
        "javascript:alert(1)",
        "data:text/html,x",
        "file:///etc/passwd",
        "ftp://evil.example",
        "//evil.example",
        "http://",
        "https:evil.example",
        "http://a b",
        "https://x/<b>",
        'https://x/"onclick="y',
        "https://x/\u202egnp.exe",
        "https://x/" + "a" * 3000,
    ],
)
def test_a_class_is_held_behind_http_or_nowhere(text: str) -> None:
    assert not is_link(text)
    assert place_and_link(text)[1] in ("", "http://a")


@pytest.mark.parametrize("text", ["https://meet.example/ward-3?x=1", "http://192.0.2.1/room"])
def test_a_link_to_a_meeting_is_passed_on_and_not_looked_at(text: str) -> None:
    assert place_and_link(f"Room 4, {text}") == ("Room 4", text)


def test_no_value_that_may_be_printed_shows_a_text_a_name_or_an_id_of_a_platform() -> None:
    """What is logged, raised or shown by a debugger is a `repr`."""
    secret = "the heron by the canal"
    origin = Origin(BOT, secret)
    reply = Reply(text=(Block((Span(secret),)),), company=(secret,))
    before = Backstep("ask", {"text": secret}, Ledger())
    run = Run("journal", "write", notes={"text": secret}, previous=(before,))
    person = Participant(
        "p",
        name=secret,
        intention=secret,
        runs=(run,),
        pairing=Pairing(handle=secret),
        trusted=Trusted(secret, secret),
        safety_plan={"signs": secret},
    )
    lesson = Lesson("l", "Class", NOON, place=secret, link=secret, recap=secret)
    values = (
        origin,
        Incoming(origin, "1", MessageReceived(secret), secret, handle=secret),
        Incoming(origin, "1", FormSubmitted("write", {"text": secret}, 1)),
        person,
        Known(person, BOT, None, 0),
        Saved(person, None, 0),
        Entry("e", "p", "journal", NOON, NOON.date(), text=secret),
        Outgoing("a", BOT, reply, 0, NOON),
        Delivery(1, "a", secret, reply),
        Receipt(secret),
        Result(1, "sent", ref=secret, moved_to=secret),
        Broadcast("b", ("c",), secret, Segment(), "p", NOON),
        Theme(1, secret, secret),
        lesson,
    )
    assert [type(value).__name__ for value in values if secret in repr(value) + str(value)] == []
