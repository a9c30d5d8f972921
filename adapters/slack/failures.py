"""What a failure of Slack's means for a delivery: the one place that knows its error codes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from slack_sdk.errors import SlackApiError

from bot.errors import DeliveryError, Ignored, Rejected, Retry, Unreachable

INVALID_TOKEN_WAIT = 60.0  # seconds
UNKNOWN_WAIT = 1.0  # seconds; such a try counts, and the outbox lengthens the wait with every one

# https://docs.slack.dev/reference/methods/chat.postMessage#errors and its siblings.
TOKEN_CODES = frozenset(
    {
        "invalid_auth",
        "not_authed",
        "token_revoked",
        "token_expired",
        "account_inactive",
        "no_permission",
        "missing_scope",
    }
)
UNREACHABLE = frozenset(
    {
        "channel_not_found",
        "user_not_found",
        "user_not_visible",
        "users_not_found",
        "user_disabled",
        "is_archived",
        "not_in_channel",
        "cannot_dm_bot",
        "messages_tab_disabled",
        "restricted_action",
        "posting_to_channel_denied",
    }
)
_IGNORED = frozenset(
    {
        "message_not_found",
        "cant_update_message",
        "cant_delete_message",
        "compliance_exports_prevent_deletion",
        "already_pinned",
        "no_pin",
        "not_pinned",
        "not_pinnable",
        "edit_window_closed",
        "already_reacted",
        "no_reaction",
        "too_many_reactions",
        "thread_locked",
        "bad_timestamp",
        "expired_trigger_id",
        "exchanged_trigger_id",
        "trigger_expired",
        "trigger_exchanged",
        "hash_conflict",
        "not_found",
    }
)
NO_THREAD = frozenset({"thread_not_found", "invalid_thread_ts", "message_not_found", "cannot_reply_to_message"})
NOT_ALLOWED = frozenset(
    {
        "missing_scope",
        "no_permission",
        "permission_denied",
        "restricted_action",
        "access_denied",
        "not_allowed_token_type",
    }
)
# https://docs.slack.dev/reference/methods/files.getUploadURLExternal#errors: what an organisation allows
NO_FILES = NOT_ALLOWED | {
    "file_uploads_disabled",
    "file_uploads_except_images_disabled",
    "file_upload_size_restricted",
    "file_type_not_allowed",
}
_PASSING = frozenset({"fatal_error", "internal_error", "service_unavailable", "request_timeout", "team_added_to_org"})


def code(error: Exception) -> str:
    """Slack's code for a failure; "" where there is none (no connection, a proxy's page)."""
    data: Any = getattr(getattr(error, "response", None), "data", None)
    if _status(error) == 429:
        return "ratelimited"
    return str(data.get("error", "")) if isinstance(data, dict) else ""


def classified(error: Exception) -> DeliveryError:
    """The failure in our words. Never carries Slack's text, which may quote what was sent."""
    said = code(error)
    if said in ("ratelimited", "rate_limited"):
        return Retry(retry_after(error), "chat")
    if said in TOKEN_CODES:
        return Retry(INVALID_TOKEN_WAIT, "installation")
    if said in UNREACHABLE:
        return Unreachable(said)
    if said in _IGNORED:
        return Ignored(said)
    if said and said not in _PASSING and _status(error) < 500:
        return Rejected(said)
    return Retry(UNKNOWN_WAIT, counts=True)


@contextmanager
def meaning(what: type[DeliveryError], codes: frozenset[str] = NOT_ALLOWED) -> Iterator[None]:
    """Calls for which these codes mean something else than they do elsewhere.

    An app that was installed from an older manifest may not make some: that says nothing of its token.
    """
    try:
        yield
    except SlackApiError as error:
        if code(error) in codes:
            raise what(code(error)) from error
        raise


def trouble(error: Exception, failures: int) -> tuple[str, float]:
    """For who listens: a short code of what is wrong, and the seconds to wait after so many failures in a row."""
    growing = min(0.5 * 2 ** min(failures, 10), 30.0)
    said = code(error)
    if said in ("ratelimited", "rate_limited"):
        return "flood", retry_after(error)
    if said in TOKEN_CODES:
        return "invalid_token", INVALID_TOKEN_WAIT
    if isinstance(error, SlackApiError) and said and said not in _PASSING:
        return "refused", max(growing, 5.0)
    return "unreachable", growing


def retry_after(error: Exception) -> float:
    """The seconds that Slack asks us to wait."""
    headers: Any = getattr(getattr(error, "response", None), "headers", None) or {}
    try:
        return max(float(headers.get("Retry-After", UNKNOWN_WAIT)), 0.0)
    except (TypeError, ValueError):
        return UNKNOWN_WAIT


def _status(error: Exception) -> int:
    response: Any = getattr(error, "response", None)
    return int(getattr(response, "status_code", None) or getattr(response, "status", None) or 0)
