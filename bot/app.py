"""The composition root: reads settings, wires everything, runs it and stops it cleanly. The only place that does."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import secrets
import signal
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import structlog

from adapters.terminal import TerminalAdapter
from adapters.web import STATIC, WebAdapter
from adapters.web.routes import routes
from bot import engine
from bot.clock import RehearsalClock, SystemClock, tell_of_steps
from bot.coach import Coach, House
from bot.cohorts.desk import FrontDesk
from bot.colleagues import Colleagues
from bot.errors import SettingsError, StoreError
from bot.field_checks import FieldChecks
from bot.gazetteer import OfflineGazetteer
from bot.help_lines import help_facts
from bot.home import Home
from bot.http import HttpServer, Webhook, http_app
from bot.installation import Installation, help_out, introduce
from bot.leap import Leaps
from bot.limits import Limits
from bot.maintenance import Maintenance
from bot.metrics import Metrics
from bot.model import Origin
from bot.outbox import Outbox
from bot.ports import Adapter, Clock, Door, Leap, Store
from bot.rehearsal import RehearsalTime
from bot.safety_rules import load_screen
from bot.settings import PREFIX, Settings
from bot.spread import Spread
from bot.storage import keys_for, open_store
from bot.telegram_bots import add_telegram, names
from bot.threads import Unjoined
from bot.tracing import Traces, exporter_to
from bot.until import until_set
from bot.ward import Wards
from bot.watching import Watch, WatchedAdapter, WatchedDoor, WatchedOutbox
from bot.workspace import connected
from curriculum.loader import Library
from prompts.renderer import Prompts
from scheduler.alarm import AlarmClock

log = structlog.get_logger()

PROGRAMME = "compassion"
UNLIMITED = 1_000_000.0  # messages a second: our own browser and terminal chats have no platform to spare
STAND_BY = 0.5  # seconds after which at most a lease that was seen to be free is taken
GRACE = 8.0  # seconds to finish in; `run` promises to exit within ten
YOUNG = 20_000  # objects between two looks for garbage: the turns of a transaction are over before they are looked at


@dataclass(slots=True)
class App:
    """Everything, wired. `run` works until the event is set."""

    settings: Settings
    store: Store
    clock: Clock
    coach: Coach
    watch: Watch
    rehearsal: RehearsalTime | None
    leaps: Leaps | None
    home: Home
    check_field: FieldChecks
    spread: Spread
    owner: str  # this process, among those that share the database
    installations: dict[str, Installation] = field(default_factory=dict)
    kept: asyncio.Event = field(default_factory=asyncio.Event)  # an input waits for which nobody here listens
    alarm: AlarmClock | None = None
    server: HttpServer | None = None
    wards: Wards | None = None

    async def run(self, stop: asyncio.Event, ready: Callable[[str], None] = lambda _: None) -> None:
        """Works until `stop` is set, then finishes what is in flight.

        What must not end before fails us all when it does: whoever watches starts us anew. Raises what it failed with.
        """
        if self.server:
            await self.server.start()
        self.alarm = AlarmClock(self.door)
        while await self.coach.work():  # inputs that were kept, not worked on, when we last stopped
            pass
        self.alarm.start()
        await self.spread.look()
        working = [asyncio.create_task(work) for work in self._works(stop)]
        for work in working:
            work.add_done_callback(lambda done: stop.set() if not done.cancelled() and done.exception() else None)
        aside = help_out(self.door, self.kept), introduce(self.installations.values())
        helping = [asyncio.create_task(work) for work in aside]
        gc.freeze()  # what is loaded by now stays: walking it again and again was a tenth of all work
        gc.set_threshold(YOUNG)
        log.info("running", installations=sorted(self.installations), http=self.server.url if self.server else None)
        ready(self.server.url if self.server else "")
        await stop.wait()
        log.info("stopping")
        await self.alarm.stop()
        for one in self.installations.values():
            await one.stop_listening()
        for helper in helping:
            helper.cancel()
        await asyncio.wait([*working, *helping], timeout=GRACE)
        await self._close_adapters()  # before the server: a page's open stream would keep it waiting
        if self.server:
            await self.server.stop()
        for work in working:
            if work.done():
                work.result()

    def _works(self, stop: asyncio.Event) -> Iterator[Coroutine[Any, Any, None]]:
        """All that goes on side by side until `stop`."""
        yield from (one.outbox.run(stop) for one in self.installations.values())
        purged = self.watch.metrics.purged
        yield Maintenance(self.store.housekeeping, self.clock, self.settings.keep, purged=purged).run(stop)
        yield self.spread.run(stop)
        yield self._keep_time(stop)
        yield tell_of_steps(stop, self.watch.metrics.clock_was_set)

    def nudge(self, installation: str) -> None:
        """Something was committed for this installation."""
        if installation in self.installations:
            self.installations[installation].outbox.nudge()

    def start_link(self, installation: str) -> str:
        """The link that brings somebody to this installation, without its code; empty where there is none yet."""
        one = self.installations.get(installation)
        return str(getattr(one.adapter, "start_link", "")) if one else ""

    def link_elsewhere(self, installation: str) -> str:
        """Such a link to another installation, for those whose own has none."""
        links = () if self.start_link(installation) else map(self.start_link, self.installations)
        return next(filter(None, links), "")

    def rate(self, installation: str) -> float:
        """How many messages a second this installation sends at most."""
        one = self.installations.get(installation)
        return one.limits.rate if one else Limits().rate

    def work_soon(self, installation: str) -> None:
        """An input was kept here. Whoever listens works on it; if that is another process, we do it ourselves."""
        if installation in self.installations and not self.installations[installation].outbox.held:
            self.kept.set()

    async def knows(self, origin: Origin) -> bool:
        """Whether somebody takes part, or did."""
        async with self.store.reading() as queries:
            return await queries.person_at(origin) is not None

    def nudge_all(self) -> None:
        """The clock moved: look everywhere."""
        for one in self.installations.values():
            one.outbox.nudge()

    async def ready(self) -> tuple[bool, dict[str, str]]:
        """Whether database, adapters and alarm clock can work, and how each fares."""
        parts: dict[str, str] = {}
        try:
            async with self.store.reading() as queries:
                await queries.overdue(self.clock.now())
            parts["database"] = "ok"
        except StoreError as error:
            parts["database"] = error.kind
        parts["alarm_clock"] = "ok" if self.alarm and self.alarm.ok else "failing"
        for name, one in self.installations.items():
            parts[name] = one.state
        return all(state == "ok" for state in parts.values()), parts

    def add(self, adapter: Adapter, limits: Limits) -> None:
        """Takes in an adapter: its outbox, and a listener that comes and goes with the lease."""
        name = adapter.installation
        metrics = self.watch.metrics

        def gained() -> None:
            metrics.leased(name, held=True)
            self.installations[name].start_listening()

        def lost() -> None:
            metrics.leased(name, held=False)
            self.installations[name].lose()

        metrics.present(name)
        outbox = Outbox(
            WatchedOutbox(self.store.outbox, self.watch),
            WatchedAdapter(adapter, self.watch),
            self.clock,
            limits,
            owner=self.owner,
            may_take=lambda: self.spread.may_take(name),
            stand_by=STAND_BY,
            on_result=lambda result: metrics.sent(name, result),
            gained=gained,
            lost=lost,
        )
        self.installations[name] = Installation(adapter, outbox, limits, self.door)
        self.spread.senders[name] = outbox

    async def _keep_time(self, stop: asyncio.Event) -> None:
        """Stores a running rehearsal clock, so that a restart goes on from there; follows one that a replica moves."""
        alone = self.settings.database_url.startswith("sqlite")
        if not isinstance(self.clock, RehearsalClock) or (alone and not self.clock.speed):
            return
        while not stop.is_set():
            await until_set(stop, 1.0 if self.clock.speed else 0.1)
            with contextlib.suppress(StoreError):
                if not alone and await self.clock.follow(self.store):
                    self.nudge_all()
                if self.clock.speed:
                    await self.clock.save(self.store)

    @property
    def door(self) -> Door:
        """The one way in, watched."""
        return WatchedDoor(self.coach, self.watch)

    async def look(self) -> None:
        """Brings metrics up to date."""
        for name, one in self.installations.items():
            self.watch.metrics.fares(name, one.state == "ok")
        await self.watch.metrics.look(self.store, self.clock.now())

    async def close(self) -> None:
        """Lets go of adapters and the database."""
        await self._close_adapters()
        await self.store.close()
        self.watch.close()

    async def _close_adapters(self) -> None:
        if self.wards:
            await self.wards.close()
        closing, self.installations = self.installations, {}
        for one in closing.values():
            await one.adapter.close()


@asynccontextmanager
async def opened(settings: Settings, *, workspaces: Sequence[str] = (), exclusive: bool = True) -> AsyncIterator[App]:
    """Opens the store and wires the coach, without any adapter yet; `workspaces` are Slack's installations.

    Raises:
        SettingsError: a key is wrong or missing.
        StoreError: the database cannot be used.
    """
    watch = Watch(Metrics(), Traces(exporter_to(settings.traces_url)) if settings.traces_url else None)
    keys = keys_for(settings.database_url, settings.keys)
    store = await open_store(settings.database_url, keys, migrate=_may_migrate(settings), exclusive=exclusive)
    try:
        clock = await _clock(settings, store)
        library, prompts, gazetteer = Library(), Prompts(), OfflineGazetteer()
        app_of: list[App] = []
        coach = Coach(
            store,
            curriculum=library,
            renderer=prompts,
            clock=clock,
            gazetteer=gazetteer,
            screen=load_screen(),
            help_lines=help_facts,
            programme=PROGRAMME,
            installations=(*names(settings), *workspaces),
            committed=lambda name: app_of[0].nudge(name),
            newcomer=lambda: _in_a_thread(gazetteer.warm),
            advance=watch.timed("turn", engine.advance),
            discreet=lambda name: name.startswith("slack:"),
            house=House(settings.minimum_age, settings.research),
            front_desk=FrontDesk(
                settings.owners_named,
                link=lambda name: app_of[0].start_link(name),
                elsewhere=lambda name: app_of[0].link_elsewhere(name),
                rate=lambda name: app_of[0].rate(name),
                gathers=lambda name: name.startswith("slack:"),
                weeks=library.programme(PROGRAMME, "en").length,
            ),
        )
        rehearsal, leaps = None, None
        if isinstance(clock, RehearsalClock):
            rehearsal = RehearsalTime(
                clock, store, coach, busy=lambda: (coach.underway, coach.calls), nudge=lambda: app_of[0].nudge_all()
            )
            leaps = Leaps(store, clock, rehearsal, library.programme(PROGRAMME, "en"))
        home = Home(store, clock, library, prompts, gazetteer, PROGRAMME)
        checks = FieldChecks(prompts, library.programme(PROGRAMME, "en").length)
        owner = secrets.token_hex(8)
        spread = Spread(WatchedOutbox(store.outbox, watch), owner)
        app_of.append(App(settings, store, clock, coach, watch, rehearsal, leaps, home, checks, spread, owner))
    except BaseException:
        await store.close()
        raise
    try:
        yield app_of[0]
    finally:
        await app_of[0].close()
        gazetteer.close()


def _in_a_thread(work: Callable[[], None]) -> None:
    asyncio.get_running_loop().run_in_executor(None, work)


def _may_migrate(settings: Settings) -> bool:
    """`run` migrates SQLite by itself; on PostgreSQL several replicas may start at once (`db upgrade` does it)."""
    return settings.database_url.startswith("sqlite")


async def _clock(settings: Settings, store: Store) -> Clock:
    if settings.rehearsing is None:
        return SystemClock()
    start, speed = settings.rehearsing
    clock = RehearsalClock(start, speed)
    await clock.load(store)
    await clock.save(store)
    return clock


def add_web(app: App) -> WebAdapter:
    """The browser chat: demo and rehearsal only."""
    web = WebAdapter(app.clock)
    app.add(web, Limits(rate=UNLIMITED, chat_rate=UNLIMITED, is_group=lambda _: False))
    if "web:*" in app.settings.owners_named and app.rehearsal and app.leaps:  # then whoever is in the browser may lead
        colleagues = app.rehearsal.company = Colleagues(app.clock)
        app.add(colleagues, Limits(rate=UNLIMITED, chat_rate=UNLIMITED, is_group=lambda _: False))
        door = app.door
        app.wards = Wards(app.store, app.clock, web, colleagues, app.leaps, door, app.rehearsal.settled)
    return web


def add_terminal(app: App) -> TerminalAdapter:
    """The chat in the terminal."""
    assert app.leaps is not None
    leaps = app.leaps
    terminal: TerminalAdapter

    async def jump(to: Leap) -> str:
        await leaps.jump(terminal.origin, to)
        return await leaps.line(terminal.origin)

    async def settle() -> None:
        assert app.rehearsal is not None
        await app.rehearsal.settled()

    terminal = TerminalAdapter(jump, settle)
    app.add(terminal, Limits(rate=UNLIMITED, chat_rate=UNLIMITED, is_group=lambda _: False))
    return terminal


def serve(app: App, web: WebAdapter | None, webhooks: Mapping[str, Webhook]) -> None:
    """The HTTP side of the app."""
    router = routes(web, app.door, app.leaps.jump, app.leaps.where, app.wards) if web and app.leaps else None
    asgi = http_app(
        ready=app.ready,
        metrics=app.watch.metrics.registry,
        look=app.look,
        webhooks=webhooks,
        rehearsal=app.rehearsal,
        web_router=router,
        static=STATIC if web else None,
    )
    app.server = HttpServer(asgi, app.settings.http_host, app.settings.http_port)


async def run(settings: Settings) -> None:
    """`python -m bot run`: everything that the settings configure, until SIGTERM or SIGINT."""
    if not settings.tokens and not settings.slack_bot_token and settings.rehearsing is None:
        fix = f"is missing; put BotFather's token here, or set {PREFIX}SLACK_BOT_TOKEN (or: python -m bot demo)"
        raise SettingsError(f"{PREFIX}TELEGRAM_TOKEN", fix)
    asyncio.get_running_loop().set_default_executor(Unjoined())
    stop = stopped_by_signal()
    slack = await connected(settings, stop) if settings.slack_bot_token else None
    if stop.is_set():
        return
    async with opened(settings, workspaces=[slack.installation] if slack else ()) as app:
        webhooks = dict(add_telegram(app)) if settings.tokens else {}
        if slack:
            webhooks |= slack.add_to(app)
        web = add_web(app) if settings.rehearsing is not None else None
        serve(app, web, webhooks)
        await app.run(stop)


def stopped_by_signal(signals: Sequence[signal.Signals] = (signal.SIGTERM, signal.SIGINT)) -> asyncio.Event:
    """An event that the first of these signals sets."""
    stop = asyncio.Event()
    for one in signals:
        asyncio.get_running_loop().add_signal_handler(one, stop.set)
    return stop
