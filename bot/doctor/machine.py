"""This machine: packages, content, time zones, the port, and which time it is."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import httpx

from bot.check import check
from bot.doctor.finding import Finding
from bot.errors import ContentError
from bot.settings import PREFIX, Settings
from bot.shadows import foreign

BUILT = datetime(2026, 1, 1, tzinfo=UTC)  # no clock that is right shows an earlier time


def packages() -> Iterator[Finding]:
    """Whether a foreign package is in the way."""
    shadowed = foreign()
    yield Finding("✗", "packages", shadowed) if shadowed else Finding("✓", "packages are our own")


def rights() -> Iterator[Finding]:
    """Whether we have more of them than we need."""
    if os.geteuid() == 0:
        mend = "give it a user of its own, as deploy/heartsease.service does"
        yield Finding("!", "this user is root", mend)


def content() -> Iterator[Finding]:
    """Whether the texts hold to their rules."""
    try:
        problems = check()
    except ContentError as error:
        yield Finding("✗", "content", str(error))
        return
    if problems:
        more = f" (and {len(problems) - 1} more: python -m bot check)" if len(problems) > 1 else ""
        yield Finding("✗", "content", f"{problems[0]}{more}")
    else:
        yield Finding("✓", "content holds to its rules")


def zones() -> Iterator[Finding]:
    """Whether time zones are known, and the clock is roughly right."""
    try:
        ZoneInfo("Europe/Madrid")
        yield Finding("✓", f"time zones are there (tzdata {version('tzdata')})")
    except (ZoneInfoNotFoundError, PackageNotFoundError):
        yield Finding("✗", "time zone data is missing", "run: pip install -r requirements.txt")
    if datetime.now(UTC) < BUILT:
        yield Finding("✗", "the system clock is far behind", "set it, for instance with timedatectl set-ntp true")


async def port_free(settings: Settings) -> Finding:
    """Whether the HTTP side can listen."""
    host, port = settings.http_host, settings.http_port
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with closing(socket.socket(family, kind, protocol)) as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
    except PermissionError:
        return Finding("✗", f"port {port} needs more rights", f"set {PREFIX}HTTP_PORT to 1024 or more")
    except socket.gaierror:
        return Finding("✗", f"{PREFIX}HTTP_HOST", "is no address of this machine; 127.0.0.1 always is")
    except OSError as error:
        if await _ours(host, port):
            return Finding("✓", f"Heartsease is running at {host}:{port}")
        mend = f"stop the program that uses it, or set {PREFIX}HTTP_PORT ({error.strerror})"
        return Finding("✗", f"{host}:{port} cannot be listened at", mend)
    return Finding("✓", f"port {port} is free" if port else "a free port will be taken")


async def _ours(host: str, port: int) -> bool:
    try:
        async with httpx.AsyncClient(timeout=1.0, trust_env=False) as client:  # a proxy does not know this machine
            return bool((await client.get(f"http://{host}:{port}/healthz")).json() == {"alive": True})
    except (httpx.HTTPError, ValueError):
        return False


def rehearsed(settings: Settings) -> Finding:
    """Whether time is real."""
    if settings.rehearsing is None:
        return Finding("✓", "time is real")
    start, speed = settings.rehearsing
    mend = f"it starts at {start:%Y-%m-%d %H:%M} UTC, speed {speed:g}; without {PREFIX}REHEARSAL time is real"
    return Finding("!", "time is rehearsed", mend)
