"""Locks a text with a passphrase, so that a browser can open it with what it has: WebCrypto's PBKDF2 and AES-GCM."""

from __future__ import annotations

import asyncio
import os
import secrets
from base64 import b64encode
from collections.abc import Mapping

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC

# A passphrase of ours has 118 random bits, which nobody guesses however fast; stretching is for belt and braces.
ROUNDS = 200_000
LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # none that is taken for another
GROUPS, IN_A_GROUP = 6, 4


def new_passphrase() -> str:
    """Six groups of four letters and digits, with hyphens between them: easy to copy, hard to mistype."""
    groups = ("".join(secrets.choice(LETTERS) for _ in range(IN_A_GROUP)) for _ in range(GROUPS))
    return "-".join(groups)


async def locked(text: str, passphrase: str) -> Mapping[str, object]:
    """What a page needs to open it again: salt, nonce and ciphertext in base64, and the number of rounds."""
    salt, nonce = os.urandom(16), os.urandom(12)
    sealed = await asyncio.to_thread(_sealed, text.encode(), passphrase.encode(), salt, nonce)
    coded = {name: b64encode(part).decode() for name, part in (("salt", salt), ("nonce", nonce), ("sealed", sealed))}
    return {**coded, "rounds": ROUNDS}


def _sealed(text: bytes, passphrase: bytes, salt: bytes, nonce: bytes) -> bytes:
    key = PBKDF2HMAC(SHA256(), 32, salt, ROUNDS).derive(passphrase)
    return AESGCM(key).encrypt(nonce, text, None)
