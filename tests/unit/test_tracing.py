"""Traces: what a collector gets, what it must not get, and that it is an extra."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import structlog
from opentelemetry import trace
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from bot.logs import one_turn
from bot.metrics import Metrics
from bot.tracing import Traces, exporter_to
from bot.watching import Watch

ROOT = Path(__file__).parents[2]


@contextmanager
def traced() -> Iterator[tuple[Watch, InMemorySpanExporter]]:
    """A watch, and the spans that it has sent by the time it is closed."""
    exporter = InMemorySpanExporter()
    watch = Watch(Metrics(), Traces(exporter))
    yield watch, exporter
    watch.close()


def test_a_turn_is_a_part_of_what_led_to_it_and_carries_the_turn_of_the_logs() -> None:
    with traced() as (watch, exporter), watch.step("receive", inputs=1), one_turn(), watch.step("turn"):
        turn = structlog.contextvars.get_contextvars()["turn"]
    inner, outer = exporter.get_finished_spans()
    assert (inner.name, outer.name) == ("turn", "receive")
    assert inner.parent is not None
    assert outer.context is not None
    assert inner.parent.span_id == outer.context.span_id
    assert inner.attributes == {"turn": turn, "count": 1}
    assert outer.attributes == {"inputs": 1, "count": 1}


def test_a_look_that_found_nothing_to_do_is_left_out() -> None:
    with traced() as (watch, exporter):
        with watch.step("tick") as step:
            step.count = 0
        with watch.step("tick") as step:
            step.count = 3
    assert [span.attributes["count"] for span in exporter.get_finished_spans() if span.attributes] == [3]


def test_of_an_error_the_class_is_told_and_never_the_message() -> None:
    with traced() as (watch, exporter), pytest.raises(ValueError, match="quiet grief"), watch.step("send", row=7):
        raise ValueError("my quiet grief")
    [span] = exporter.get_finished_spans()
    assert span.status.description == "ValueError"
    assert "grief" not in span.to_json()


def test_the_process_has_no_tracer_of_its_own_for_libraries_to_use() -> None:
    with traced() as (watch, exporter), watch.step("turn"), trace.get_tracer("fastapi").start_as_current_span("GET /x"):
        pass
    assert [span.name for span in exporter.get_finished_spans()] == ["turn"]


class Collector(BaseHTTPRequestHandler):
    """Takes spans in."""

    got: list[tuple[str, bytes]]

    def do_POST(self) -> None:
        self.got.append((self.path, self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        pass


def test_a_collector_gets_the_spans_over_http() -> None:
    class Here(Collector):
        got: list[tuple[str, bytes]] = []  # noqa: RUF012

    server = HTTPServer(("127.0.0.1", 0), Here)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        watch = Watch(Metrics(), Traces(exporter_to(f"http://127.0.0.1:{server.server_port}")))
        with watch.step("turn"):
            pass
        watch.close()
    finally:
        server.shutdown()
        server.server_close()
    [(path, body)] = Here.got
    assert path == "/v1/traces"
    [spans] = ExportTraceServiceRequest.FromString(body).resource_spans
    assert [span.name for scope in spans.scope_spans for span in scope.spans] == ["turn"]
    assert {one.value.string_value for one in spans.resource.attributes if one.key == "service.name"} == {"heartsease"}


WITHOUT = """
import runpy, sys
sys.modules["opentelemetry.exporter"] = None  # as if it were not installed
sys.argv = ["bot", "run"]
runpy.run_module("bot", run_name="__main__", alter_sys=True)
"""


def test_without_the_packages_run_ends_with_code_2_and_says_what_to_install(tmp_path: Path) -> None:
    settings = {
        "HEARTSEASE_TRACES_URL": "http://127.0.0.1:1",
        "HEARTSEASE_DATABASE_URL": f"sqlite:///{tmp_path}/heartsease.db",
        "HEARTSEASE_REHEARSAL": "start=2026-03-02T05:00:00Z,speed=0",
        "HEARTSEASE_HTTP_PORT": "0",
    }
    ended = subprocess.run(
        [sys.executable, "-c", WITHOUT],
        cwd=ROOT,
        env=settings | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ended.returncode == 2, ended.stderr
    assert "HEARTSEASE_TRACES_URL" in ended.stderr
    assert "requirements-otel.txt" in ended.stderr.replace("\n", "")
    assert not (tmp_path / "heartsease.db").exists()
