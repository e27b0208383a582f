"""How texts are joined, cut into words and compared. The same everywhere, so that training matches use."""

from __future__ import annotations

import hashlib
import random
import re

_WORD = re.compile(r"\w+(?:['’]\w+)?")
_ABBREVIATIONS = (r'\b[A-Z]', 'Mr', 'Mrs', 'Ms', 'Dr', 'St', 'vs', r'e\.g', r'i\.e', 'Fig', 'No')
_NOT_AN_END = ''.join(rf'(?<!{one}\.)' for one in _ABBREVIATIONS)
_SENTENCE_END = re.compile(r'(?<=[.!?])' + _NOT_AN_END + r'\s+(?=["“(\[]?[A-Z0-9])')


def full_text(title: str | None, text: str | None) -> str:
    """Title and text as one string: a title that the text repeats is not said twice."""
    title, text = (title or '').strip(), (text or '').strip()
    return f'{title}. {text}' if title and not text.startswith(title) else text


def words(text: str) -> list[str]:
    """Words in lower case, without punctuation."""
    return _WORD.findall(text.lower())


def normalised(text: str) -> str:
    """What is left when case, punctuation and white space do not count."""
    return ' '.join(words(text))


def sentences(text: str) -> list[str]:
    """Split after `.`, `!` or `?` before a capital or a digit, not after initials and a few abbreviations."""
    return [one for one in (part.strip() for part in _SENTENCE_END.split(text)) if one]


def fraction(*parts: object) -> float:
    """A number in [0, 1) that depends on the parts alone: the same on every machine and in every run."""
    digest = hashlib.blake2b('\x1f'.join(map(str, parts)).encode(), digest_size=8).digest()
    return int.from_bytes(digest, 'big') / 2**64


def rng(*parts: object) -> random.Random:
    """A generator for one thing (a query, a slice), so that leaving one out does not change the others."""
    return random.Random(int(fraction(*parts) * 2**53))
