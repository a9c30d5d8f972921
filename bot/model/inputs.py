"""What comes in: the inputs, and where they came from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True, slots=True)
class MessageReceived:
    """Somebody wrote. `kind` is "text" or what it was instead ("voice", "photo", …); `ref` is its platform id.

    A command may be written in a channel or group, which is then `chat`, by the platform's id; it came from its writer.
    """

    text: str = ""
    kind: str = "text"
    edited: bool = False
    ref: str | None = None
    chat: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class ChoiceMade:
    """A button was tapped. `asked` is the number of the question it belonged to; `ref` the message that carried it."""

    choice: str
    asked: int
    ref: str | None = None


@dataclass(frozen=True, slots=True)
class FormSubmitted:
    """A form (a modal, a page) was sent. `asked` is the number of the question that offered it."""

    form: str
    values: Mapping[str, str] = field(repr=False)
    asked: int = 0

    @property
    def text(self) -> str:
        """What was written in it, all its fields together."""
        return "\n".join(value.strip() for value in self.values.values() if value.strip())


@dataclass(frozen=True, slots=True)
class LocationShared:
    """A position, in degrees. Used for the time zone and forgotten."""

    latitude: float
    longitude: float


@dataclass(frozen=True, slots=True)
class Changed:
    """The platform says that something about the person changed, or about a channel or group that we know as one.

    A person left or joined the channel in `detail`; a group moved to the platform id in `detail`; somebody shut,
    without an answer, the window in which the question with the number in `detail` was put.
    """

    what: Literal["blocked", "came_back", "left", "kicked", "deactivated", "moved_zone", "moved", "shut"]
    detail: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class WokeUp:
    """The alarm rang: something of this person's is due."""


Input = MessageReceived | ChoiceMade | FormSubmitted | LocationShared | Changed | WokeUp


@dataclass(frozen=True, slots=True)
class Origin:
    """Where an input came from: the installation and the platform's own id of the chat. Never logged."""

    installation: str
    platform_id: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Incoming:
    """An input at the door. `key` is unique per installation and input (an update's id): the same key acts once."""

    origin: Origin
    key: str
    given: Input = field(repr=False)
    first_name: str = field(default="", repr=False)
    language: str = ""
    zone: str = ""  # the IANA zone that the platform knows them by, if it does
    handle: str = field(default="", repr=False)  # the platform's own name for them, by which others can write to them
