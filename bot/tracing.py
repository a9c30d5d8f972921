"""Traces for OpenTelemetry, where an operator wants them: loaded only then, and ids only.

The provider is ours alone, not the process's: FastAPI would hand its own spans to a global one, and a webhook's path
is a secret (opentelemetry.io/docs/specs/otel/trace/api, "Global TracerProvider").
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING
from uuid import uuid4

import structlog

from bot import __version__
from bot.errors import SettingsError
from bot.settings import PREFIX
from bot.watching import Step

if TYPE_CHECKING:
    from opentelemetry.sdk.trace.export import SpanExporter

_PATIENCE = 2.0  # seconds: for one request to the collector, and for the last ones when we stop


def exporter_to(url: str) -> SpanExporter:
    """What carries spans to a collector, as OTLP over HTTP.

    Raises:
        SettingsError: the packages are not installed.
    """
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    except ImportError:
        fix = "traces need more packages; pip install --require-hashes -r requirements-otel.txt, or leave it empty"
        raise SettingsError(f"{PREFIX}TRACES_URL", fix) from None
    return OTLPSpanExporter(endpoint=f"{url}/v1/traces", timeout=_PATIENCE)


class Traces:
    """Implements watching.Tracer. Spans carry a step's ids and its turn, and of an error the class alone."""

    def __init__(self, exporter: SpanExporter) -> None:
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor

        class Batches(BatchSpanProcessor):
            """Leaves out steps that had nothing to do: there are several a second."""

            def on_end(self, span: ReadableSpan) -> None:
                if (span.attributes or {}).get("count") != 0:
                    super().on_end(span)

        names = {
            "service.name": "heartsease",
            "service.version": __version__,
            "service.instance.id": str(uuid4()),
        }
        self._provider = TracerProvider(resource=Resource.create(names), shutdown_on_exit=False)
        self._provider.add_span_processor(Batches(exporter))
        self._tracer = self._provider.get_tracer("heartsease")

    @contextmanager
    def span(self, step: Step) -> Iterator[None]:
        """The span of a step, a part of the one that is open here."""
        from opentelemetry.trace import Status, StatusCode

        turn = structlog.contextvars.get_contextvars().get("turn")
        ids = {**step.ids, "turn": turn} if turn else step.ids
        with self._tracer.start_as_current_span(
            step.name, attributes=ids, record_exception=False, set_status_on_exception=False
        ) as span:
            try:
                yield
            except BaseException as error:  # its message may hold what nobody should read
                span.set_status(Status(StatusCode.ERROR, type(error).__name__))
                raise
            finally:
                span.set_attribute("count", step.count)

    def close(self) -> None:
        """Sends what is left; returns within two seconds, as a collector that is away must not hold us up."""
        closing = threading.Thread(target=self._provider.shutdown, daemon=True)
        closing.start()
        closing.join(_PATIENCE)
