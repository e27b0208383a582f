"""Which of the questions are kept: those in other words, for which a teacher finds the passage again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from mine.encoder import QUERY, Embed
from prepare.text import words
from prepare.words import STOP_WORDS


@dataclass(frozen=True)
class Written:
    """A question that was written for a passage, and how long it took."""

    passage: str
    question: str
    seconds: float


def shared_share(question: str, passage: str) -> float:
    """Of the question's content words, the share that the passage has; 1 where it has none."""
    content = {word for word in words(question) if word not in STOP_WORDS}
    return len(content & set(words(passage))) / len(content) if content else 1.0


def kept(written: list[Written], texts: dict[str, str], embed: Embed, best: int, most_shared: float) -> Iterator[tuple[str, Written]]:
    """Each with what was decided: 'kept', 'no question', 'said twice', 'the same words' or 'not found again'. `texts`: all
    passages by id; a question is found again where its passage is among the `best` nearest."""
    rows = {id: row for row, id in enumerate(texts)}
    vectors = embed(list(texts.values()))
    asked = embed([one.question for one in written], QUERY) if written else np.zeros((0, vectors.shape[1]))
    times = Counter(one.question.lower() for one in written)
    for one, vector in zip(written, asked, strict=True):
        yield _decided(one, texts[one.passage], vector @ vectors.T, rows[one.passage], best, most_shared, times), one


def _decided(
    one: Written, passage: str, cosines: np.ndarray, row: int, best: int, most_shared: float, times: Counter
) -> str:  # fmt: skip
    if not one.question:
        return 'no question'
    if times[one.question.lower()] > 1:
        return 'said twice'
    if shared_share(one.question, passage) > most_shared:
        return 'the same words'
    return 'kept' if int((cosines > cosines[row]).sum()) < best else 'not found again'
