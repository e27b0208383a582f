"""Judged pairs, thumbs, citations and rankings: each a reader from events to labels."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable

from prepare.errors import DataError
from prepare.feedback.events import Event, Judged, query_key

THUMBS = {'up': 1.0, 'down': 0.0, True: 1.0, False: 0.0}


def read_pairs(events: Iterable[Event], max_grade: float = 1.0) -> list[Judged]:
    """Events with "query", "text" (or "id"), and "label" from 0 to `max_grade`. The last word on a pair counts."""
    if not 0 < max_grade < math.inf:
        raise DataError(f'--max-grade is {max_grade:g}; it is the grade that becomes label 1, above 0')
    judged: dict[str, Judged] = {}
    for event in events:
        label = event.need('label')
        if not isinstance(label, int | float) or not 0 <= label <= max_grade:
            raise DataError(
                f'{event.where}: "label" is {label!r}; write a number from 0 to {max_grade:g}, or raise --max-grade'
            )
        id, text = event.passage({key: event.row[key] for key in ('id', 'title', 'text') if key in event.row})
        one = judged.setdefault(query_key(event.query), Judged(event.query))
        one.texts[id], one.labels[id] = text, float(label) / max_grade
    return [one for one in judged.values() if one.has_positive()]


def read_thumbs(events: Iterable[Event]) -> list[Judged]:
    """Events with "query", "thumb" ("up" or "down") and either a "passage" or the "passages" behind an answer.

    A passage gets the share of its thumbs that point up. A thumb under an answer says less: up gives its passages 0.5
    once, unless they have thumbs of their own; down says nothing of any of them, since the passages may have been good
    and the answer bad.
    """
    judged: dict[str, Judged] = {}
    votes: dict[tuple[str, str], list[float]] = defaultdict(list)
    for event in events:
        thumb, key = _thumb(event), query_key(event.query)
        one = judged.setdefault(key, Judged(event.query))
        alone = 'passage' in event.row
        for id, text in [event.passage(event.row['passage'])] if alone else event.passages('passages'):
            one.texts.setdefault(id, text)
            if alone:
                votes[key, id].append(thumb)
            elif thumb:
                one.labels[id] = 0.5
            else:
                one.labels.setdefault(id, None)
    for (key, id), given in votes.items():
        judged[key].labels[id] = sum(given) / len(given)
    return [one for one in judged.values() if one.has_positive()]


def _thumb(event: Event) -> float:
    thumb = event.need('thumb')
    if thumb not in ('up', 'down', True, False):
        raise DataError(f'{event.where}: "thumb" is {thumb!r}; write "up" or "down"')
    return THUMBS[thumb]


def read_citations(events: Iterable[Event], uncited: float | None = None) -> list[Judged]:
    """Events with "query", "passages" (what the model was given) and "cited" (ids). A passage cited once is relevant.

    What is not cited is unjudged unless `uncited` says otherwise: an answer rarely cites all that would have served.
    """
    if uncited is not None and not 0 <= uncited <= 1:
        raise DataError(f'--uncited is {uncited:g}; it is a label, from 0 to 1')
    judged: dict[str, Judged] = {}
    for event in events:
        given = event.passages('passages')
        cited = event.chosen('cited', given)
        one = judged.setdefault(query_key(event.query), Judged(event.query))
        for id, text in given:
            one.texts.setdefault(id, text)
            if one.labels.get(id) != 1.0:
                one.labels[id] = 1.0 if id in cited else uncited
    return [one for one in judged.values() if one.has_positive()]


def read_rankings(events: Iterable[Event]) -> list[Judged]:
    """Events with "query", "passages" and "ranking" (ids, best first), as a language model gives them.

    The label is 1 / rank, so that the head counts and the tail hardly does; passages that were not ranked are unjudged.
    Several rankings of one query are averaged, which also evens out the order they were shown in.
    """
    judged: dict[str, Judged] = {}
    labels: dict[tuple[str, str], list[float]] = defaultdict(list)
    for event in events:
        key, given = query_key(event.query), event.passages('passages')
        event.chosen('ranking', given)
        one = judged.setdefault(key, Judged(event.query))
        one.texts.update({id: text for id, text in given if id not in one.texts})
        for rank, id in enumerate(dict.fromkeys(map(str, event.row['ranking'])), 1):
            labels[key, id].append(1 / rank)
    for key, one in judged.items():
        found = {id: labels[key, id] for id in one.texts if (key, id) in labels}
        one.labels = {id: sum(found[id]) / len(found[id]) if id in found else None for id in one.texts}
        one.scores = {id: {'llm': one.labels[id]} for id in found}
    return [one for one in judged.values() if one.has_positive()]
