"""What older versions wrote, in today's shape. Documents are rewritten one by one, whenever somebody is saved."""

from __future__ import annotations

import json
from typing import Any

IN_A_COHORT = " in a cohort"
CONSENT = b'"consent":"'  # inside a text its quotes would be escaped


def participant(data: bytes) -> bytes:
    """A person's document; one of today comes back as it is."""
    return json.dumps(_with_layers(json.loads(data))).encode() if CONSENT in data else data


def _with_layers(person: dict[str, Any]) -> dict[str, Any]:
    """Until 2026-11-22 a journey held one consent, and to whom the version's ending said."""
    journey = person.get("journey", {})
    version, at = journey.pop("consent", None), journey.pop("consent_at", None)
    if not version or at is None or "consents" in person:
        return person
    layers = ("coach", "group") if version.endswith(IN_A_COHORT) else ("coach",)
    plain = version.removesuffix(IN_A_COHORT)
    return person | {"consents": [{"layer": layer, "version": plain, "at": at} for layer in layers]}
