"""The rules. Each takes a query and a generator, and gives the rewritten query or nothing when it does not apply."""

from __future__ import annotations

import random
import re

from prepare.text import words
from prepare.words import AUXILIARIES, QUESTION_WORDS, STOP_WORDS

MAX_WORDS = 40
_NEIGHBOURS = {
    'a': 'sq', 'b': 'vn', 'c': 'xv', 'd': 'sf', 'e': 'wr', 'f': 'dg', 'g': 'fh', 'h': 'gj', 'i': 'uo', 'j': 'hk',
    'k': 'jl', 'l': 'k', 'm': 'n', 'n': 'bm', 'o': 'ip', 'p': 'o', 'q': 'wa', 'r': 'et', 's': 'ad', 't': 'ry',
    'u': 'yi', 'v': 'cb', 'w': 'qe', 'x': 'zc', 'y': 'tu', 'z': 'x',
}  # fmt: skip


def is_question(query: str) -> bool:
    first = words(query)[:1]
    return query.rstrip().endswith('?') or bool(first and (first[0] in QUESTION_WORDS or first[0] in AUXILIARIES))


def is_heading(query: str) -> bool:
    """A few words that neither ask nor state: a title, a term, a name."""
    return not is_question(query) and len(words(query)) <= 8 and not query.rstrip().endswith('.')


def is_lookup(query: str) -> bool:
    """Asks for a definition already: "define X", "X meaning"."""
    found = words(query)
    return bool(found) and (
        found[0] in ('define', 'explain', 'describe', 'tell') or found[-1] in ('meaning', 'definition')
    )


def lowercase(query: str, random: random.Random) -> str | None:
    """As typed into a search box: no capitals, mostly no question mark."""
    plain = query.lower().rstrip(' .')
    plain = plain.rstrip(' ?') if random.random() < 0.8 else plain
    return plain if plain != query else None


def keywords(query: str, random: random.Random) -> str | None:
    """The content words, now and then in another order, at most eight."""
    kept = [word for word in re.findall(r"[\w'’.+#/-]*\w[+#]*", query) if word.lower() not in STOP_WORDS][:8]
    if not kept or len(kept) == len(query.split()):
        return None
    if len(kept) > 5 and random.random() < 0.5:
        forgotten = random.randrange(len(kept))
        kept = kept[:forgotten] + kept[forgotten + 1 :]
    if random.random() < 0.2:
        random.shuffle(kept)
    return ' '.join(kept if random.random() < 0.4 else [word.lower() for word in kept])


def typo(query: str, random: random.Random) -> str | None:
    """One slip of the fingers, two in longer queries; first letters are seldom hit, short words and codes never."""
    tokens = query.split(' ')
    open_to_it = [
        place for place, token in enumerate(tokens) if len(token) >= 4 and token.isalpha() and token.isascii()
    ]
    if not open_to_it:
        return None
    for place in random.sample(open_to_it, min(len(open_to_it), 2 if len(tokens) > 8 and random.random() < 0.4 else 1)):
        tokens[place] = _slip(tokens[place], random)
    slipped = ' '.join(tokens)
    slipped = slipped.lower() if random.random() < 0.5 else slipped
    return slipped if slipped != query else None


def _slip(word: str, random: random.Random) -> str:
    at = random.randrange(1, len(word) - 1)
    kind = random.choice(('swap', 'drop', 'double', 'neighbour'))
    if kind == 'swap':
        return word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    if kind == 'drop':
        return word[:at] + word[at + 1 :]
    if kind == 'double':
        return word[:at] + word[at] + word[at:]
    return word[:at] + random.choice(_NEIGHBOURS.get(word[at].lower(), word[at])) + word[at + 1 :]


_HOW = ('How do I {}?', 'how to {}', 'How can I {}?', 'how do i {}', 'what is the way to {}')
_WHAT = ('What is {}?', 'what is {}', 'tell me about {}', 'What does {} mean?', 'explain {}')

#: A heading that ends so names a part of a page, not a thing one asks about.
_SECTIONS = frozenset(
    'remarks directions ingredients example examples properties requirements parameters notes value syntax members methods '
    'constructors introduction summary overview see also yaml json ref prerequisites limitations usage'.split()
)

_COPULA = re.compile(
    r'^(is|are|was|were) ((?:the |a |an )?[\w-]+(?: [\w-]+){0,3}?) '
    r'((?:a|an|the|not|in|on|at|for) .+|\w+(?:ed|able|ible|ous))\?$',
    re.I,
)
_WHAT_CAUSES = re.compile(r'^what (?:causes?|are the causes of) (.+?)\?$', re.I)
_WHAT_OF = re.compile(r'^what (?:is|are) the ([\w ]+?) (of|for) (.+?)\?$', re.I)


def claim(query: str, random: random.Random) -> str | None:
    """A question said as a statement, without its answer: "Is X inherited?" becomes "X is inherited."."""
    if match := _COPULA.match(query):
        verb, subject, rest = match.groups()
        return _sentence(f'{subject} {verb.lower()} {rest}')
    if match := _WHAT_CAUSES.match(query):
        return _sentence(f'{match[1]} has known causes')
    if match := _WHAT_OF.match(query):
        noun, joint, of = match.groups()
        return _sentence(f'there {"are" if noun.endswith("s") else "is a"} {noun} {joint} {of}')
    return None


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:] + '.'


def question(query: str, random: random.Random, base_form: dict[str, str]) -> str | None:
    """A heading as a question: "Creating a bucket" becomes "How do I create a bucket?"."""
    tokens = query.rstrip(' .:').split()
    if not tokens or is_question(query) or is_lookup(query):
        return None
    first, rest = tokens[0].lower(), ' '.join(tokens[1:])
    if first in base_form and rest:
        return random.choice(_HOW).format(f'{base_form[first]} {rest}')
    if first in base_form.values() and rest[:1].islower() and first.isalpha():
        return random.choice(_HOW).format(f'{first} {rest}')
    names_a_thing = first not in base_form.values() and tokens[-1].lower() not in _SECTIONS
    if len(tokens) <= 4 and names_a_thing and re.fullmatch(r"[\w'’ -]+", query):
        return random.choice(_WHAT).format(' '.join(tokens))
    return None


def base_forms(counts: dict[str, int]) -> dict[str, str]:
    """Words on -ing -> the verb, where the collection uses it more than once: "creating" -> "create"."""
    found: dict[str, str] = {}
    for word in counts:
        if word.endswith('ing') and len(word) > 5 and word.isalpha():
            stem = word[:-3]
            doubled = stem[:-1] if len(stem) > 2 and stem[-1] == stem[-2] else stem
            best = max((stem, stem + 'e', doubled), key=lambda form: counts.get(form, 0))
            if counts.get(best, 0) > 1 and re.search('[aeiouy]', best):
                found[word] = best
    return found
