"""Where the platform sets no bound, results gather: a transaction for many of them, and none waits for long."""

from __future__ import annotations

from bot.model import Delivery, Receipt
from tests.unit.outbox_world import Platform, World


class Uneven(Platform):
    """Takes a while that differs from row to row; the address "slow" takes ten seconds."""

    async def send(self, delivery: Delivery) -> Receipt:
        await self.time.sleep(10.0 if delivery.address == "slow" else 0.05 + delivery.id % 7 / 100)
        return await super().send(delivery)


def uneven() -> World:
    world = World()
    world.platform = Uneven(world.time)
    world.outbox = world.another("one")
    return world


async def test_a_thousand_sends_need_a_hundred_transactions_at_most() -> None:
    world = uneven()
    for number in range(1000):
        world.store.add(f"a{number}")
    await world.run(5)
    assert world.store.states() == {"sent": 1000}
    assert world.store.ticks < 100


async def test_a_send_that_hangs_keeps_no_result_waiting() -> None:
    world = uneven()
    world.store.add("slow")
    quick = [world.store.add("ana") for _ in range(3)]
    await world.run(4)
    assert [row.state for row in quick] == ["sent"] * 3
