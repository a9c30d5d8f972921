"""How fast an installation may send: non-blocking, on monotonic time, which is always an argument (seconds)."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections import deque
from collections.abc import Callable
from math import inf

from bot.model import Delivery

_ROUNDING = 1e-6  # seconds, or a part of a message: what floats may lose
_MINUTE = 60.0
CATCH_UP = 0.25  # seconds of the rate: as long as the database or a collection may have held us up
LATE = 0.04  # seconds that any send may be late on its way: the next one would come too soon after it
ADAPTS = 1 / 64  # how much of what a send took longer than usual becomes usual
WINDOW = 1 + LATE


def _negative(platform_id: str) -> bool:
    """Telegram's groups have negative ids (core.telegram.org/bots/api#chat)."""
    return platform_id.startswith("-")


class Limits:
    """The limits of one installation: what may be sent now, and which addresses have to wait.

    `rate` is messages a second for the installation, as a GCRA that makes up for what a busy process let pass, but
    never lets more begin within `WINDOW` than the rate needs: 30 at 28, Telegram's own for any second; a send that was
    answered later than is usual may have arrived later, and counts from then. A chat gets
    `chat_rate` a second after a burst of `chat_burst`; a chat whose platform id `is_group` says is a group, moreover
    `group_per_minute` in any minute.
    """

    def __init__(
        self,
        rate: float = 28,
        chat_rate: float = 1,
        chat_burst: int = 3,
        group_per_minute: int = 20,
        is_group: Callable[[str], bool] = _negative,
    ) -> None:
        self.rate = rate
        self._burst = max(1.0, rate * CATCH_UP)
        self._most = int(rate * WINDOW + 1)
        self._lately: list[float] = []  # when sends of the last window began, or came that much later; sorted
        self._usual = inf  # seconds that a send takes
        self._gap = 1 / chat_rate
        self._ahead = (chat_burst - 1) / chat_rate  # how far a chat's arrival time may run ahead
        self._per_minute = group_per_minute
        self._is_group = is_group
        self._arrival = -inf  # GCRA's theoretical arrival time of the installation …
        self._arrivals: dict[str, float] = {}  # … and of each chat
        self._groups: dict[str, deque[float]] = {}  # when each group was sent to in the last minute
        self._opens: dict[str, float] = {}  # addresses that wait, and until when
        self._all_open = -inf
        self._throttled = ("", -inf)  # the address and time of the latest 429
        self._swept = -inf

    def room(self, t: float) -> int:
        """How many sends may begin now."""
        if t + _ROUNDING < self._all_open:
            return 0
        del self._lately[: bisect_right(self._lately, t + _ROUNDING - WINDOW)]
        return max(0, min(int(self._slots(t) + _ROUNDING), self._most - len(self._lately)))

    def _slots(self, t: float) -> float:
        return min(self._burst, (t - self._arrival) * self.rate + self._burst)

    def opening(self, t: float) -> float:
        """Seconds until more may be sent than now: until there is room, else until the next address opens; or inf."""
        if not self.room(t):
            full = self._lately[-self._most] + WINDOW - t if len(self._lately) >= self._most else 0.0
            return max(self._all_open - t, (1 - self._slots(t)) / self.rate, full, 0.0)
        return max(0.0, min(self._opens.values(), default=inf) - t)

    def spent(self, delivery: Delivery, t: float) -> None:
        """A send begins. Edits of a keyboard and reactions spend nothing of the chat's allowance."""
        self._arrival = max(self._arrival, t) + 1 / self.rate
        insort(self._lately, t)
        if delivery.reply.act != "message":
            return
        arrival = max(self._arrivals.get(delivery.address, t), t) + self._gap
        self._arrivals[delivery.address] = arrival
        if (opens := arrival - self._ahead) > t:
            self._shut(delivery.address, opens + LATE * self._gap, t)
        if self._is_group(delivery.platform_id):
            self._spent_of_group(delivery.address, t)

    def answered(self, began: float, t: float) -> None:
        """The platform answered a send: one that took longer than usual may have come to it that much later."""
        took = t - began
        self._usual = min(took, self._usual + ADAPTS * (took - self._usual)) if self._usual < inf else took
        late = took - self._usual - LATE
        if late > 0:
            at = bisect_left(self._lately, began)
            if self._lately[at : at + 1] == [began]:
                del self._lately[at]
            insort(self._lately, began + late)

    def _spent_of_group(self, address: str, t: float) -> None:
        sends = self._groups.setdefault(address, deque(maxlen=self._per_minute))
        sends.append(t)
        if len(sends) == self._per_minute:
            self._shut(address, sends[0] + _MINUTE, t)

    def _shut(self, address: str, until: float, t: float) -> None:
        if until > t:
            self._opens[address] = max(self._opens.get(address, until), until)

    def busy(self, t: float) -> frozenset[str]:
        """The addresses that may not be sent to yet."""
        if t > self._swept + 1:
            self._swept = t
            self._arrivals = {address: at for address, at in self._arrivals.items() if at > t}
            self._groups = {address: sends for address, sends in self._groups.items() if sends[-1] > t - _MINUTE}
        self._opens = {address: at for address, at in self._opens.items() if at > t + _ROUNDING}
        return frozenset(self._opens)

    def cool(self, address: str, seconds: float, t: float) -> None:
        """Nothing goes to this address for so long."""
        self._shut(address, t + seconds, t)

    def cool_all(self, seconds: float, t: float) -> None:
        """Nothing goes anywhere for so long."""
        self._all_open = max(self._all_open, t + seconds)

    def throttled(self, address: str, seconds: float, t: float) -> None:
        """The platform answered 429: cools the chat, and all if another chat had one within the last second."""
        other, at = self._throttled
        self._throttled = (address, t)
        self.cool(address, seconds, t)
        if other != address and t - at <= 1:
            self.cool_all(seconds, t)
