"""What the adapter itself says: labels and lines that belong to Slack and not to the course."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Words:
    """`title` has at most 24 characters, labels at most 75; `too_long` holds {most}."""

    title: str = "Heartsease"
    write: str = "Write"
    fill_in: str = "Fill in the form"
    save: str = "Save"
    shut: str = "Close"
    pick_time: str = "Another time"
    pick_date: str = "Another day"
    loading: str = "One moment…"
    in_chat: str = "The answer is in our conversation."
    private_here: str = "There is something for your eyes only."
    open_private: str = "Open"
    in_private: str = "I have answered in our own conversation, away from this channel."
    gone: str = "I no longer have this at hand. Please ask me for it again."
    try_again: str = "That took too long to open. Please tap once more."
    typed_notice: str = (
        "I have read that. Your organisation may be able to export messages. "
        "What you write or read in a window that a button opens is not a message."
    )
    no_file: str = (
        "A file belongs here that this workspace does not take from me. "
        "Whoever looks after Heartsease here can change that."
    )
    empty: str = "Please write a few words."
    too_long: str = "At most {most} characters, please."
