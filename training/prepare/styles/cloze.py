"""Inverse cloze: a sentence taken out of a passage asks for the rest of it."""

from __future__ import annotations

from dataclasses import replace

from prepare.beir import Query, RelevanceSet
from prepare.styles import rewrite
from prepare.text import fraction, rng, sentences, words

MIN_SENTENCES = 3
MIN_WORDS = 6


def add_sentences(found: RelevanceSet, share: float, seed: int) -> int:
    """Adds such queries: `share` of the number of queries there are, from passages that no query judges.

    The passage loses the sentence for good, so that the query is never answered by itself. A third of the queries are
    keywords or lower case, and one in five goes on over two sentences.
    """
    judged = {passage for judged in found.judged.values() for grades in judged.values() for passage in grades}
    free = [id for id in found.passages if id not in judged]
    free.sort(key=lambda id: fraction(seed, 'cloze', id))
    wanted, added = int(share * len(found.queries)), 0
    for id in free:
        if added >= wanted:
            break
        taken = _take(found.passages[id].text, rng(seed, 'cloze sentence', id))
        if not taken:
            continue
        text, rest, style = taken
        found.passages[id] = replace(found.passages[id], text=rest)
        query = Query(f'{id}~sentence', text, style)
        found.queries[query.id] = query
        found.judged.setdefault('train', {})[query.id] = {id: 1.0}
        added += 1
    return added


def _take(text: str, random) -> tuple[str, str, str] | None:
    parts = sentences(text)
    fit = [place for place, part in enumerate(parts) if _is_prose(part)]
    if len(parts) < MIN_SENTENCES or not fit:
        return None
    place = random.choice(fit)
    size = 2 if random.random() < 0.2 and place + 1 < len(parts) - 1 else 1
    query = ' '.join(' '.join(parts[place : place + size]).split()[: rewrite.MAX_WORDS])
    rest = ' '.join(parts[:place] + parts[place + size :])
    if random.random() < 1 / 3:
        style = random.choice(('keywords', 'lowercase'))
        restyled = (rewrite.keywords if style == 'keywords' else rewrite.lowercase)(query, random)
        if restyled:
            return restyled, rest, style
    return query, rest, 'sentence'


def _is_prose(sentence: str) -> bool:
    """Begins with a capital, ends like a sentence, and is words rather than code or a table."""
    letters = sum(one.isalpha() or one.isspace() for one in sentence)
    fits = MIN_WORDS <= len(words(sentence)) <= rewrite.MAX_WORDS
    return fits and sentence[0].isupper() and sentence[-1] in '.!?' and letters >= 0.9 * len(sentence)
