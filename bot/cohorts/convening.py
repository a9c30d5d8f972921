"""Carries out what was decided about classes; bot/cohorts/acts.py asks first whether they may."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from bot.cohorts.classes import class_of
from bot.cohorts.model import Lesson
from bot.errors import NotAllowedError

if TYPE_CHECKING:
    from bot.cohorts.acts import Doing

MOST = 100  # classes of one cohort, those that are over included


async def plan(doing: Doing) -> Mapping[str, str]:
    """New classes; nobody is told before the first reminder is due."""
    new = [replace(lesson, id=doing.new_id(), changed=doing.now) for lesson in doing.detail["classes"]]
    if not new or len(doing.cohort.classes) + len(new) > MOST:
        raise NotAllowedError(doing.decided.act)
    await _keep(doing, (*doing.cohort.classes, *new))
    return {"detail": f"{len(new)} planned"}


async def change(doing: Doing) -> Mapping[str, str]:
    """Another time or place: those who know of the class are told, and asked anew if it is another time."""
    before, wanted = _lesson(doing), doing.detail["changes"]
    after = replace(before, **wanted)
    if after == before or before.cancelled:
        return {"detail": before.id}
    if after.starts != before.starts:
        await doing.cohorts.attendance.forget(before.id)
    await _replace(doing, replace(after, version=before.version + 1, changed=doing.now))
    return {"detail": before.id}


async def cancel(doing: Doing) -> Mapping[str, str]:
    """A class does not take place: those who know of it are told."""
    lesson = _lesson(doing)
    if not lesson.cancelled:
        await _replace(doing, replace(lesson, cancelled=True, version=lesson.version + 1, changed=doing.now))
    return {"detail": lesson.id}


async def attend(doing: Doing) -> None:
    """Somebody will be there, or not."""
    lesson, person = _lesson(doing), doing.actor.id
    if await doing.cohorts.membership(person) != doing.cohort.id:
        raise NotAllowedError(doing.decided.act)
    await doing.cohorts.attendance.answer(person, doing.cohort.id, lesson.id, doing.detail["coming"])


async def note(doing: Doing) -> Mapping[str, str]:
    """Who was there, of those who had said that they would be."""
    lesson = _lesson(doing)
    await doing.cohorts.attendance.note(lesson.id, doing.detail["present"])
    return {"detail": lesson.id}


async def recap(doing: Doing) -> Mapping[str, str]:
    """What happened: sent once to those who were not there; written anew, it is only shown."""
    lesson = _lesson(doing)
    await _replace(doing, replace(lesson, recap=doing.detail["text"], recapped=lesson.recapped or doing.now))
    return {"detail": lesson.id}


def _lesson(doing: Doing) -> Lesson:
    """The class that the act concerns. Raises NotAllowedError if the cohort has none such."""
    lesson = class_of(doing.cohort, doing.detail["lesson"])
    if lesson is None:
        raise NotAllowedError(doing.decided.act)
    return lesson


async def _replace(doing: Doing, lesson: Lesson) -> None:
    await _keep(doing, (*(one for one in doing.cohort.classes if one.id != lesson.id), lesson))


async def _keep(doing: Doing, classes: tuple[Lesson, ...]) -> None:
    """The people of the cohort look again: what is planned for them follows from what it knows."""
    await doing.save(classes=tuple(sorted(classes, key=lambda one: (one.starts, one.id))))
    await doing.cohorts.stir(doing.cohort.id, doing.now)
