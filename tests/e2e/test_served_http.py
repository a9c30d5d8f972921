"""Whatever is sent to any address of ours, as its description allows or not: what comes back is as described."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import CHECKS, load_all_checks
from schemathesis.core.transport import Response
from schemathesis.schemas import APIOperation

from bot.edge import BODY_LIMIT, DEFAULT_HEADERS
from tests.e2e.served import Served, served
from tests.unit.hostile import NASTY

pytestmark = pytest.mark.xdist_group("served_http")

EXAMPLES = 8  # of each kind, for each operation
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW")
TELEGRAM = "/telegram/…"  # its path is a secret
OPERATIONS = (
    *("GET /healthz", "GET /readyz", "GET /metrics", f"POST {TELEGRAM}", "POST /slack/events"),
    *("GET /rehearsal", "POST /rehearsal", "GET /", "GET /chat/place", "GET /chat/since", "GET /chat/events"),
    *("GET /chat/picture/{ref}", "GET /chat/file/{ref}", "POST /chat/say", "POST /chat/tap", "POST /chat/location"),
    *("POST /chat/jump", "POST /chat/again", "POST /chat/group"),
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
def described(product: Served) -> dict[str, APIOperation]:
    """The operations by method and path."""
    schema = schemathesis.openapi.from_dict(product.app.openapi())
    found = (result.ok() for result in schema.get_all_operations())
    return {re.sub("/telegram/.*", TELEGRAM, f"{one.method.upper()} {one.path}"): one for one in found}


def test_every_address_is_described_and_nobody_outside_is_told(
    product: Served, described: dict[str, APIOperation]
) -> None:
    assert sorted(described) == sorted(OPERATIONS)
    for path in ("/openapi.json", "/docs", "/redoc", "/docs/oauth2-redirect"):
        assert product.request("GET", path).status_code == 404


@pytest.mark.parametrize("mode", GenerationMode, ids=lambda mode: str(mode.value))
@pytest.mark.parametrize("name", OPERATIONS)
def test_every_answer_is_as_described(
    product: Served, described: dict[str, APIOperation], name: str, mode: GenerationMode
) -> None:
    operation = described[name]
    if mode is GenerationMode.NEGATIVE and not (operation.body or operation.query or operation.path_parameters):
        pytest.skip("there is nothing that could be wrong")
    load_all_checks()
    wanted = [*CONFORMS, *(["negative_data_rejection"] if "telegram" not in name and "slack" not in name else [])]
    checks = CHECKS.get_by_names(wanted)

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(operation.as_strategy(generation_mode=mode))
    def answers(case: schemathesis.Case) -> None:
        answer = product.ask(case.call, base_url=product.url, session=product.session)
        case.validate_response(answer, checks=checks)
        look(answer)

    answers()


@pytest.mark.parametrize("name", sorted({name.partition(" ")[2] for name in OPERATIONS}))
def test_other_methods_are_refused_and_the_right_ones_named(
    product: Served, described: dict[str, APIOperation], name: str
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
def test_a_body_may_be_so_long_and_no_longer(product: Served, described: dict[str, APIOperation], name: str) -> None:
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
    assert wrong == []


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
