"""When to wake next: zones, clock changes, the day that turns at 04:00, touchpoints and quiet hours.

Pure. Instants come in aware (a naive one is a ValueError everywhere) and go out in UTC. A wall time that a clock change
skips means the first instant after the gap; one that occurs twice means the first (PEP 495, fold=0).
"""

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import cache, lru_cache
from itertools import takewhile
from zoneinfo import ZoneInfo

from bot.model import Kind, Rhythm
from bot.roster import TURN as TURN
from bot.roster import rostered

MORNING_WINDOW = timedelta(hours=4)
PUT_OFF = timedelta(hours=1)  # whoever, or whatever, fails at its turn is not woken in a hot loop

_EVENING_ROOM = timedelta(hours=1)  # what quiet hours leave to a touchpoint that was chosen just inside them
_SHORTEST_WINDOW = timedelta(minutes=1)
_DAY = timedelta(days=1)
_WEEK = frozenset(range(7))
_FOR_EVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Moment:
    """A touchpoint of the local day `on`, useful in [at, until), both UTC. `kind` and `on` identify it for ever.

    `about` says what it is about, where its kind leaves that open.
    """

    kind: Kind
    on: date
    at: datetime
    until: datetime
    about: str = ""


@cache  # ZoneInfo itself keeps only the last eight alive
def zone(name: str | None) -> ZoneInfo:
    """The zone of this IANA name; None is UTC.

    Raises:
        zoneinfo.ZoneInfoNotFoundError: there is no such zone.
        ValueError: the name cannot be one.
    """
    return ZoneInfo("UTC" if name is None else name)


# ---------------------------------------------------------------- wall time and instants


@lru_cache(maxsize=1 << 14)
def instant(on: date, at: time, tz: ZoneInfo) -> datetime:
    """The instant, in UTC, of a wall time on a local day; before 04:00 it lies on the next calendar date."""
    wall = datetime.combine(on if at >= TURN else on + _DAY, at).replace(tzinfo=tz, fold=0)
    then = wall.astimezone(UTC)
    if then.astimezone(tz).replace(tzinfo=None) == wall.replace(tzinfo=None):
        return then
    # In a gap fold=0 reads the clock of before, fold=1 that of after (PEP 495): the change lies between the two.
    return _clock_change(tz, wall.replace(fold=1).astimezone(UTC), then) or then


@lru_cache(maxsize=1 << 12)
def day_begins(on: date, tz: ZoneInfo) -> datetime:
    """The instant, in UTC, at which a local day begins: 04:00. A day that the zone skips begins when the next does."""
    begins = instant(on, TURN, tz)
    skipped = begins.astimezone(tz).date() > on
    return day_begins(on + _DAY, tz) if skipped else begins


def local_day(now: datetime, tz: ZoneInfo) -> date:
    """The local day that `now` belongs to: day_begins(day) <= now < day_begins(day + 1)."""
    return _local_day(_utc(now), tz)


@lru_cache(maxsize=1 << 12)
def _local_day(now: datetime, tz: ZoneInfo) -> date:
    on = now.astimezone(tz).date()
    while now < day_begins(on, tz):  # before 04:00, and once more after a skipped day
        on -= _DAY
    while now >= day_begins(on + _DAY, tz):  # the clock went back over 04:00
        on += _DAY
    return on


def _utc(now: datetime) -> datetime:
    if now.tzinfo is UTC:  # as nearly always
        return now
    if now.utcoffset() is None:
        raise ValueError("a naive datetime says no instant")
    return now.astimezone(UTC)


def _clock_change(tz: ZoneInfo, since: datetime, until: datetime) -> datetime | None:
    """The instant in (since, until] at which the offset changes; the two are at most about a day apart."""
    before = since.astimezone(tz).utcoffset()
    if before == until.astimezone(tz).utcoffset():
        return None

    def changed(second: int) -> bool:
        return datetime.fromtimestamp(second, tz).utcoffset() != before

    seconds = range(int(since.timestamp()), int(until.timestamp()))  # clocks change on whole seconds
    return datetime.fromtimestamp(seconds.start + bisect_left(seconds, True, key=changed), UTC)


# ---------------------------------------------------------------- quiet hours


def is_quiet(rhythm: Rhythm, tz: ZoneInfo, now: datetime) -> bool:
    """Whether the wall clock stands in [quiet_from, quiet_until), which may cross midnight; equal edges: never.

    With a roster these are the edges of the local day that `now` belongs to; so in all that follows.
    """
    here = rostered(rhythm, local_day(now, tz)) if rhythm.roster else rhythm
    return _is_quiet_at(here, _utc(now).astimezone(tz).time())


def quiet_ends(rhythm: Rhythm, tz: ZoneInfo, now: datetime) -> datetime:
    """The instant, in UTC, at which the quiet hours around `now` end; `now` itself if it is not quiet."""
    for here, since, until in _stretches(rhythm, tz, _utc(now)):
        found = _first_between(here.quiet_until, here.quiet_from, tz, since)
        if found < until:
            break
    return found


def quiet_begins(rhythm: Rhythm, tz: ZoneInfo, now: datetime) -> datetime | None:
    """The first instant from `now` on, in UTC, that is quiet; None if there are no quiet hours."""
    for here, since, until in _stretches(rhythm, tz, _utc(now)):
        if here.quiet_from == here.quiet_until:
            continue
        found = _first_between(here.quiet_from, here.quiet_until, tz, since)
        if found < until:
            return found
    return None


def _stretches(rhythm: Rhythm, tz: ZoneInfo, now: datetime) -> Iterator[tuple[Rhythm, datetime, datetime]]:
    """What holds from `now` on, since when and until when: day by day while there is a roster, then for ever."""
    if rhythm.roster:
        on = local_day(now, tz)
        while on <= rhythm.roster[-1][0] + _DAY:  # after the last shift somebody sleeps
            turn = day_begins(on + _DAY, tz)
            yield rostered(rhythm, on), now, turn
            on, now = on + _DAY, turn
    yield rhythm, now, _FOR_EVER


def fitted(rhythm: Rhythm) -> Rhythm:
    """The same rhythm with no touchpoint inside its quiet hours: one that is there moves their nearer edge.

    The end moves to the touchpoint, or the beginning to one hour after it (which may leave no quiet hours). Touchpoints
    that are switched off move nothing: fit again when they are switched on.
    """
    for wanted, at in ((rhythm.mornings, rhythm.morning), (rhythm.evenings, rhythm.evening)):
        if wanted and _is_quiet_at(rhythm, at):
            rhythm = _making_room(rhythm, at)
    return rhythm


def _making_room(rhythm: Rhythm, at: time) -> Rhythm:
    since, left = _ahead(rhythm.quiet_from, at), _ahead(at, rhythm.quiet_until)
    if left <= since:
        return replace(rhythm, quiet_until=at)
    room = min(_EVENING_ROOM, left)
    return replace(rhythm, quiet_from=(datetime.combine(date.min, at) + room).time())


def _is_quiet_at(rhythm: Rhythm, at: time) -> bool:
    return not _lies_between(rhythm.quiet_until, rhythm.quiet_from, at)


def _lies_between(begins: time, ends: time, at: time) -> bool:
    """Whether `at` is in [begins, ends) around the clock; equal edges hold the whole clock."""
    return begins <= at < ends if begins < ends else at >= begins or at < ends


def _ahead(now: time, then: time) -> timedelta:
    """How far `then` is ahead of `now` around the clock."""
    return (datetime.combine(date.min, then) - datetime.combine(date.min, now)) % _DAY


def _first_between(begins: time, ends: time, tz: ZoneInfo, now: datetime) -> datetime:
    """The first instant from `now` on whose wall time is in [begins, ends), hours that a gap may skip entirely."""
    while not _lies_between(begins, ends, at := now.astimezone(tz).time()):
        then = now + _ahead(at, begins)
        change = _clock_change(tz, now, then)
        if change is None:
            return then
        now = change
    return now


# ---------------------------------------------------------------- touchpoints


@lru_cache(maxsize=1 << 14)
def moments(rhythm: Rhythm, tz: ZoneInfo, on: date) -> tuple[Moment, ...]:
    """The touchpoints of a local day, in the order of a wall clock that starts at 04:00; a skipped day has none.

    Shifts move them (bot/roster.py).

    A morning is useful for four hours, an evening until the day turns, both at most until quiet hours begin. Where a
    clock change leaves nothing of a window, or the rhythm is not fitted, one minute of it stays.
    """
    if on.weekday() in rhythm.days_off:
        return ()
    turn = day_begins(on + _DAY, tz)
    if day_begins(on, tz) == turn:
        return ()
    here = rostered(rhythm, on)
    wanted = ((here.mornings, Kind.MORNING, here.morning), (here.evenings, Kind.EVENING, here.evening))
    chosen = [(at, kind) for switched_on, kind, at in wanted if switched_on]
    chosen.sort(key=lambda each: (each[0] < TURN, each[0]))
    return tuple(_moment(rhythm, tz, kind, on, instant(on, at, tz), turn) for at, kind in chosen)


def next_moment(rhythm: Rhythm, tz: ZoneInfo, after: datetime) -> Moment | None:
    """The first touchpoint strictly after `after`; None if the rhythm has none on any day."""
    return next(_moments_after(rhythm, tz, _utc(after)), None)


def moments_between(rhythm: Rhythm, tz: ZoneInfo, after: datetime, until: datetime) -> Iterator[Moment]:
    """The touchpoints with after < at <= until, in order."""
    first, last = _utc(after), _utc(until)
    if first >= last:
        return iter(())
    return takewhile(lambda moment: moment.at <= last, _moments_after(rhythm, tz, first))


def _moments_after(rhythm: Rhythm, tz: ZoneInfo, after: datetime) -> Iterator[Moment]:
    if rhythm.days_off >= _WEEK or not (rhythm.mornings or rhythm.evenings):
        return
    on = _local_day(after, tz)
    while True:
        for moment in moments(rhythm, tz, on):
            if moment.at > after:
                yield moment
        on += _DAY


def _moment(rhythm: Rhythm, tz: ZoneInfo, kind: Kind, on: date, at: datetime, turn: datetime) -> Moment:
    useful = at + MORNING_WINDOW if kind is Kind.MORNING else turn
    quiet = quiet_begins(rhythm, tz, at)
    until = useful if quiet is None else min(useful, quiet)
    return Moment(kind, on, at, until if until > at else at + _SHORTEST_WINDOW)
