"""Whatever is sent to any address of ours, as its description allows or not: what comes back is as described."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import CHECKS, load_all_checks
from schemathesis.core.result import Ok
from schemathesis.core.transport import Response
from schemathesis.schemas import APIOperation

from bot.edge import BODY_LIMIT, DEFAULT_HEADERS
from tests.e2e.served import Served, served
from tests.unit.hostile import NASTY

Operation = APIOperation[Any, Any, Any, Any]

EXAMPLES = 10  # of each kind, for each operation
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW")
TELEGRAM = "/telegram/…"  # its path is a secret
HOOKS = (f"POST {TELEGRAM}", "POST /slack/events")  # they let go what they cannot read, or it would come again
FREE = ("GET /healthz", "GET /readyz", "GET /metrics", "GET /rehearsal", "GET /", "POST /chat/again")  # of parameters
OPERATIONS = (
    *(*HOOKS, *FREE, "POST /rehearsal", "GET /chat/place", "GET /chat/since", "GET /chat/events"),
    *("GET /chat/picture/{ref}", "GET /chat/file/{ref}", "POST /chat/say", "POST /chat/tap", "POST /chat/location"),
    *("POST /chat/jump", "POST /chat/group"),
)
TAGS = re.compile(r'</?(p|ul|ol|li|blockquote|strong|em|br|a)( (dir="auto"|start="\d+"|href="[^"<>]*"|'
                  r'target="_blank"|rel="noopener noreferrer"))*>')  # fmt: skip
INSIDE = re.compile(r"Traceback|\.py\b|site-packages|Error\b|Exception|sqlalchemy|pydantic")
CONFORMS = ("status_code_conformance", "content_type_conformance", "response_schema_conformance")


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("served")) as product:
        assert product.request("POST", "/chat/group", json={"zone": "Europe/Madrid"}).status_code == 200
        yield product


@pytest.fixture(scope="module")
def described(product: Served) -> dict[str, Operation]:
    """The operations by method and path."""
    schema = schemathesis.openapi.from_dict(product.app.openapi())
    schema.config.checks.negative_data_rejection.expected_statuses = ["4XX"]  # 413 and 408 among them
    found = [result.ok() for result in schema.get_all_operations() if isinstance(result, Ok)]
    return {re.sub("/telegram/.*", TELEGRAM, f"{one.method.upper()} {one.path}"): one for one in found}


def test_every_address_is_described_and_nobody_outside_is_told(
    product: Served, described: dict[str, Operation]
) -> None:
    assert sorted(described) == sorted(OPERATIONS)
    for path in ("/openapi.json", "/docs", "/redoc", "/docs/oauth2-redirect"):
        assert product.request("GET", path).status_code == 404


@pytest.mark.parametrize(
    ("name", "mode"),
    [
        *((name, GenerationMode.POSITIVE) for name in OPERATIONS),
        *((name, GenerationMode.NEGATIVE) for name in OPERATIONS if name not in FREE),
    ],
)
def test_every_answer_is_as_described(
    product: Served, described: dict[str, Operation], name: str, mode: GenerationMode
) -> None:
    operation = described[name]
    load_all_checks()
    wanted = CONFORMS if name in HOOKS else (*CONFORMS, "negative_data_rejection")
    checks: Any = CHECKS.get_by_names(list(wanted))

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(operation.as_strategy(generation_mode=mode))
    def answers(case: schemathesis.Case[Any]) -> None:
        answer = product.ask(case.call, base_url=product.url, session=product.session)
        case.validate_response(answer, checks=checks)
        look(answer)

    answers()


@pytest.mark.parametrize("name", sorted({name.partition(" ")[2] for name in OPERATIONS}))
def test_other_methods_are_refused_and_the_right_ones_named(
    product: Served, described: dict[str, Operation], name: str
) -> None:
    mine = {key.partition(" ")[0]: one for key, one in described.items() if key.partition(" ")[2] == name}
    path = next(iter(mine.values())).path.replace("{ref}", "c1")
    for method in METHODS:
        if method not in mine:
            answer = product.request(method, path, data=b"{}")
            assert answer.status_code == 405, method
            assert set(answer.headers["Allow"].split(", ")) == set(mine), method
            look(Response.from_any(answer))


@pytest.mark.parametrize("name", [name for name in OPERATIONS if name.startswith("POST") and "again" not in name])
def test_a_body_may_be_so_long_and_no_longer(product: Served, described: dict[str, Operation], name: str) -> None:
    body = b'{"text": "' + b"x" * BODY_LIMIT + b'"}'
    answer = product.request("POST", described[name].path, data=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 413
    look(Response.from_any(answer))


def test_nothing_that_is_said_comes_back_as_markup_of_its_own(product: Served) -> None:
    for text in NASTY:
        said = product.request("POST", "/chat/say", json={"text": text})
        assert said.status_code in (200, 400)
    told = product.request("GET", "/chat/since").json()["events"]
    assert any("<script>" in event.get("text", "") for event in told)
    for event in told:
        assert "<" not in TAGS.sub("", event.get("html", ""))


def test_nothing_broke_within(product: Served) -> None:
    wrong = [event for event in product.logged if event["log_level"] in ("error", "critical")]
    assert {event["event"] for event in wrong} <= {"slack.unreadable"}  # what is no payload is let go


def look(answer: Response) -> None:
    """What holds for every answer, whatever was asked."""
    headers = {name: ", ".join(values) for name, values in answer.headers.items()}
    for name in DEFAULT_HEADERS:
        assert name.lower() in headers, name
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["content-security-policy"].startswith("default-src 'none'")
    assert "unsafe" not in headers["content-security-policy"]
    assert not headers.keys() & {"server", "x-powered-by", "location", "access-control-allow-origin"}
    kind = headers.get("content-type", "").partition(";")[0]
    assert kind in ("application/json", "text/plain", "text/html", "text/event-stream", "image/png", "")
    if answer.status_code >= 400:
        assert kind != "text/html"
        assert not INSIDE.search(answer.content.decode()), answer.content
