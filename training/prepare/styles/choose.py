"""Which style a query gets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from random import Random

from prepare.beir import Query
from prepare.styles import rewrite
from prepare.text import rng, words

#: Weights by form. 'original' is always possible; a rule that does not apply gives its turn to the next.
WEIGHTS = {
    'question': {'original': 40, 'lowercase': 20, 'keywords': 25, 'typo': 10, 'claim': 5},
    'heading': {'original': 30, 'lowercase': 20, 'keywords': 10, 'typo': 12, 'question': 28},
    'statement': {'original': 40, 'lowercase': 18, 'keywords': 30, 'typo': 12},
}


Rule = Callable[[str, Random], str | None]


def restyle(query: Query, seed: int, base_forms: dict[str, str]) -> Query:
    """The query in a style drawn for its id. Same seed and id, same style and text."""
    form, random = form_of(query.text), rng(seed, 'style', query.id)
    rules = _rules(base_forms)
    weights = dict(WEIGHTS[form])
    while weights:
        style = random.choices(list(weights), list(weights.values()))[0]
        text = rules[style](query.text, random)
        if text and 1 <= len(words(text)) <= rewrite.MAX_WORDS:
            return replace(query, text=text, style=_name(form, text) if style == 'original' else style, origin=query.id)
        del weights[style]
    return replace(query, text=' '.join(query.text.split()[: rewrite.MAX_WORDS]), origin=query.id)


def _rules(base_forms: dict[str, str]) -> dict[str, Rule]:
    return {
        'original': lambda query, random: query,
        'lowercase': rewrite.lowercase,
        'keywords': rewrite.keywords,
        'typo': rewrite.typo,
        'claim': rewrite.claim,
        'question': lambda query, random: rewrite.question(query, random, base_forms),
    }


def form_of(text: str) -> str:
    if rewrite.is_question(text) or rewrite.is_lookup(text):
        return 'question'
    return 'heading' if rewrite.is_heading(text) else 'statement'


def _name(form: str, text: str) -> str:
    """What an unchanged query is called: a statement is a claim when it is a whole sentence."""
    if form == 'statement':
        return 'claim' if text.rstrip().endswith('.') else 'description'
    return {'heading': 'title', 'question': 'original'}[form]
