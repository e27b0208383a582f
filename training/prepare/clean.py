"""Takes out of a set what must not be trained on, and counts it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace

from prepare.beir import RelevanceSet
from prepare.errors import DataError
from prepare.overlap import PassageOverlap, QueryOverlap
from prepare.text import fraction, full_text, normalised, words


def take_splits(found: RelevanceSet, splits: Iterable[str]) -> int:
    """Forgets all other judgements, and the queries that only they know, so that a set's test part stays unseen."""
    if missing := [one for one in splits if one not in found.judged]:
        has = ', '.join(found.judged) or 'none'
        raise DataError(f'{found.name}: has no judgements qrels/{missing[0]}.tsv; it has {has}. Name them with splits')
    found.judged = {split: found.judged[split] for split in splits}
    return drop_unanswered(found)


def keep_only(found: RelevanceSet, pattern: str) -> int:
    """Leaves queries whose id matches, and takes the passages that only the others judge along with them."""
    kept = {id for id in found.queries if re.fullmatch(pattern, id)}
    dropped = set(found.queries) - kept
    of_dropped, of_kept = (_judged_by(found, queries) for queries in (dropped, kept))
    _drop_passages(found, of_dropped - of_kept)
    _drop_queries(found, dropped)
    return len(dropped)


def remove_overlap(found: RelevanceSet, passages: PassageOverlap, queries: QueryOverlap) -> Counter:
    """Removes what an evaluation set has too; queries that lose their last positive go with it."""
    near = {id for id, one in found.passages.items() if passages.is_near_duplicate(full_text(one.title, one.text))}
    exact = {id for id, one in found.queries.items() if queries.is_exact(one.text)}
    close = {id for id, one in found.queries.items() if id not in exact and queries.is_near_duplicate(one.text)}
    _drop_passages(found, near)
    _drop_queries(found, exact | close)
    return Counter(
        {
            'passages near or equal to an evaluation passage': len(near),
            'queries equal to an evaluation query': len(exact),
            'queries near an evaluation query': len(close),
            'queries left without a relevant passage': drop_unanswered(found),
        }
    )


def merge_equal(found: RelevanceSet) -> Counter:
    """One passage for equal texts, one query for equal questions: what is relevant to one is to the other."""
    passage_of, query_of = _first_of_equals(found.passages), _first_of_equals(found.queries)
    counts = Counter({'equal passages': len(passage_of), 'equal queries': len(query_of)})
    for split, judged in found.judged.items():
        merged: dict[str, dict[str, float]] = {}
        for query, grades in judged.items():
            into = merged.setdefault(query_of.get(query, query), {})
            for passage, grade in grades.items():
                passage = passage_of.get(passage, passage)
                into[passage] = max(grade, into.get(passage, 0.0))
        found.judged[split] = merged
    _drop_passages(found, set(passage_of))
    _drop_queries(found, set(query_of))
    return counts


def drop_unanswered(found: RelevanceSet) -> int:
    answered = {query for split in found.judged for query in found.positives(split)}
    dropped = set(found.queries) - answered
    _drop_queries(found, dropped)
    return len(dropped)


def split_held_out(found: RelevanceSet, share: float, seed: int) -> Counter:
    """Passages, not queries, decide: no passage is relevant to both a training query and a held-out one.

    A query with passages on both sides is dropped.
    """
    judged: dict[str, dict[str, float]] = {}
    for split in found.judged:
        for query, grades in found.positives(split).items():
            judged[query] = judged.get(query, {}) | grades
    out = {'train': {}, 'held-out': {}}
    mixed = set()
    for query, grades in judged.items():
        sides = {'held-out' if fraction(seed, 'held-out', passage) < share else 'train' for passage in grades}
        if len(sides) == 2:
            mixed.add(query)
        else:
            out[sides.pop()][query] = grades
    found.judged = out
    _drop_queries(found, mixed)
    return Counter({'queries with passages on both sides of the split': len(mixed)})


def cut_long_queries(found: RelevanceSet, max_words: int) -> int:
    """Longer queries keep their beginning; users ask in forty words at most, and the pair needs room for the passage."""
    long = [one for one in found.queries.values() if len(words(one.text)) > max_words]
    for one in long:
        found.queries[one.id] = replace(one, text=' '.join(one.text.split()[:max_words]))
    return len(long)


def _first_of_equals(things: dict) -> dict[str, str]:
    """Id -> id of the first with the same words, for all but the first."""
    first: dict[str, str] = {}
    return {
        id: first[key] for id, key in ((id, _key(one)) for id, one in things.items()) if first.setdefault(key, id) != id
    }


def _key(one) -> str:
    text = full_text(getattr(one, 'title', ''), one.text)
    return normalised(text) or text


def _judged_by(found: RelevanceSet, queries: set[str]) -> set[str]:
    return {
        passage for judged in found.judged.values() for query in judged if query in queries for passage in judged[query]
    }


def _drop_passages(found: RelevanceSet, dropped: set[str]) -> None:
    if not dropped:
        return
    found.passages = {id: one for id, one in found.passages.items() if id not in dropped}
    for split, judged in found.judged.items():
        found.judged[split] = {q: {p: g for p, g in grades.items() if p not in dropped} for q, grades in judged.items()}


def _drop_queries(found: RelevanceSet, dropped: set[str]) -> None:
    if not dropped:
        return
    found.queries = {id: one for id, one in found.queries.items() if id not in dropped}
    for split, judged in found.judged.items():
        found.judged[split] = {query: grades for query, grades in judged.items() if query not in dropped}
