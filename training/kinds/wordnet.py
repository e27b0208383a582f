"""Nouns of WordNet: what they mean, and where a gloss mentions a word without saying what it is."""

from __future__ import annotations

import random
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from .blocks import List

#: Numbers of the lexicographer files that a noun's sense belongs to.
LEXICON = {'animal': 5, 'artifact': 6, 'food': 13, 'person': 18, 'plant': 20}
QUESTIONS = (
    'what is {a}', 'define {w}', '{w} meaning', 'what does {w} mean', 'meaning of the word {w}', 'explain the term {w}', '{w} definition',
)  # fmt: skip


@dataclass(frozen=True)
class Sense:
    words: tuple[str, ...]
    lexicon: int
    gloss: str
    """Without the examples."""
    examples: tuple[str, ...]
    above: tuple[str, ...]
    """Offsets of what it is a kind of."""


@lru_cache(maxsize=2)
def read(database: Path) -> dict[str, Sense]:
    """Senses of nouns by their offset."""
    senses = {}
    for line in (database / 'data.noun').read_text(encoding='latin-1').splitlines():
        if line.startswith('  '):
            continue
        head, _, text = line.partition(' | ')
        part = head.split()
        count = int(part[3], 16)
        words = tuple(word.replace('_', ' ') for word in part[4 : 4 + 2 * count : 2])
        rest = part[5 + 2 * count :]
        above = tuple(rest[at + 1] for at in range(0, len(rest) - 3, 4) if rest[at] == '@')
        examples = tuple(re.findall(r'"([^"]+)"', text))
        gloss = re.split(r';\s*"', text)[0].strip().rstrip(';')
        senses[part[0]] = Sense(words, int(part[1]), gloss, examples, above)
    return senses


@lru_cache(maxsize=2)
def frequencies(database: Path) -> dict[tuple[str, str], int]:
    """How often a word was met in the sense at an offset, in the texts that WordNet's authors tagged."""
    found = {}
    for line in (database / 'index.sense').read_text(encoding='latin-1').splitlines():
        key, offset, _, times = line.split()
        found[key.split('%')[0].replace('_', ' '), offset] = int(times)
    return found


def nouns_of(database: Path, field: str) -> list[str]:
    """Single words of a field, most of them known to everyone: met in the tagged texts in this sense."""
    often = frequencies(database)
    return sorted(
        {
            word
            for offset, sense in read(database).items()
            if sense.lexicon == LEXICON[field]
            for word in sense.words[:1]
            if word.isalpha() and word.islower() and len(word) > 3 and not word.endswith('s') and often.get((word, offset), 0)
        }
    )


def meanings(database: Path, count: int, seed: int) -> Iterator[List]:
    """Lists whose question asks for a meaning. Half of the answers have the word, half do not; distractors have it and mean
    something else, or are the meaning of something near by."""
    senses, often, r = read(database), frequencies(database), random.Random(seed)
    mentions: dict[str, list[tuple[str, str]]] = defaultdict(list)
    below: dict[str, list[str]] = defaultdict(list)
    for offset, sense in senses.items():
        for one in sense.above:
            below[one].append(offset)
        for text in (f'{sense.words[0]}: {sense.gloss}', *sense.examples):
            for word in set(re.findall(r'[a-z]+', text.lower())):
                mentions[word].append((offset, text))
    offsets = [o for o, s in senses.items() if any(often.get((w, o), 0) for w in s.words) or len(below[o]) > 2]
    made = 0
    while made < count:
        offset = r.choice(offsets)
        sense = senses[offset]
        word = max(sense.words, key=lambda w: often.get((w, offset), 0))
        others = [text for o, text in mentions.get(word.lower(), ()) if o != offset and not _same(word, senses[o])]
        if len(others) < 2 or len(sense.gloss) < 20 or not word.replace(' ', '').isalpha():
            continue
        near = [s for one in sense.above for s in below[one] if s != offset]
        question = r.choice(QUESTIONS).format(w=word, a=word if word[0].isupper() else f'a {word}')
        form = '{g}' if r.random() < 0.5 else r.choice(('{w}: {g}', '{w} is {g}', '{g} ({w})'))
        answer = form.format(w=word, g=sense.gloss)
        wrong = r.sample(others, min(len(others), 4))
        for one in r.sample(near, min(len(near), 2)):
            wrong.append(senses[one].gloss if r.random() < 0.5 else f'{senses[one].words[0]}: {senses[one].gloss}')
        made += 1
        yield List('meaning', question, [answer, *dict.fromkeys(wrong)])


def _same(word: str, sense: Sense) -> bool:
    """Whether a sense is of that word as well: its gloss would be an answer too."""
    return any(word.lower() == one.lower() for one in sense.words)
