"""The conversations, one line each: to add one, write its file, its line here and its prompts."""

from __future__ import annotations

from collections.abc import Mapping

from bot.conversations import (
    after_class,
    attending,
    crisis,
    erasing,
    evening,
    facilitating,
    graduation,
    gratitude,
    grounding,
    joining,
    looking,
    mending,
    morning,
    mydata,
    onboarding,
    owning,
    pairing_up,
    partnering,
    pausing,
    pulsing,
    renewing,
    rostering,
    safety_plan,
    settings,
    settling,
    sharing,
    sit,
    support,
    theming,
    under_way,
    writing,
)
from bot.conversations.base import Conversation

CONVERSATIONS: Mapping[str, Conversation] = {
    known.name: known
    for known in (
        onboarding.onboarding,
        morning.morning,
        evening.evening,
        gratitude.gratitude,
        gratitude.shared,
        sit.sit,
        writing.journal,
        writing.letter,
        writing.keeping,
        looking.today,
        looking.practice,
        looking.progress,
        looking.week,
        looking.help_,
        crisis.crisis,
        crisis.staying,
        crisis.concern,
        crisis.going_on,
        grounding.grounding,
        support.support,
        support.country,
        support.trusted,
        support.telling,
        safety_plan.safety_plan,
        settings.settings,
        mydata.mydata,
        mending.mending,
        erasing.erasing,
        renewing.renewal,
        rostering.shifts,
        pausing.pause,
        pausing.resume,
        pausing.check_in,
        pausing.leaving,
        graduation.graduation,
        graduation.booster,
        joining.joining,
        joining.parting,
        joining.parted,
        sharing.sharing,
        facilitating.cohorts,
        settling.settling,
        theming.themes,
        under_way.broadcast,
        pulsing.pulse,
        after_class.classes,
        attending.class_,
        attending.soon,
        attending.recap,
        partnering.partner,
        partnering.pair,
        partnering.met,
        partnering.tell,
        partnering.hush,
        partnering.never,
        pairing_up.pairs,
        owning.facilitators,
        owning.audit,
    )
}

# they begin by the timetable; a new one takes the place of an unanswered old one
TOUCHPOINTS = frozenset({"morning", "evening", "check_in", "booster"})

# the answer to danger; a new one takes the place of the one before
IN_NEED = frozenset({"crisis", "staying", "concern"})

# by conversation: the step whose alarm only brings its message up to date; nobody is busy with that
LOOKING_ON: Mapping[str, str] = {"broadcast": "progress"}
