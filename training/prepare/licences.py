"""What a set's own README says about its licence, and whether a model made from it may be sold and passed on."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

#: Licences that allow commercial use and the redistribution of what is made from the data.
ALLOWED = frozenset(
    {
        'CC BY',
        'CC BY-SA',
        'CC0',
        'MIT',
        'MIT-0',
        'Apache-2.0',
        'BSD',
        'public domain',
        'ODC-BY',
        'PDDL',
        'Unlicense',
        'own',
    }
)
_PATTERNS = {
    r'CC[ -]BY(?:[ -](?:NC|SA|ND))*': None,
    r'CC0': 'CC0',
    r'MIT(?!-0)\b': 'MIT',
    r'MIT-0': 'MIT-0',
    r'Apache[- ]2\.0': 'Apache-2.0',
    r'\bBSD\b': 'BSD',
    r'public domain': 'public domain',
    r'\bOGL\b[ \d.a-z]*': 'OGL',
    r'\b[AL]?GPL[- \d.v]*': 'GPL',
    r'no licence file|no license file|licence unknown': 'no licence file',
    r'research (?:purposes )?only|non-?commercial': 'non-commercial',
}


@dataclass(frozen=True)
class Decision:
    """Goes into the manifest as it is. `found`: what the README names; `reason`: why the set is used or left out."""

    used: bool
    reason: str
    found: list[str] = field(default_factory=list)


def find_licences(readme: str) -> list[str]:
    """The licences a README names, in the order of their first mention, without versions."""
    found: dict[str, int] = {}
    for pattern, name in _PATTERNS.items():
        for match in re.finditer(pattern, readme, re.I if name and name[0].islower() else 0):
            key = name or re.sub(r'^CC[ -]BY', 'CC BY', re.sub(r'[ -](NC|SA|ND)', r'-\1', match.group()))
            found[key] = min(found.get(key, match.start()), match.start())
    return sorted(found, key=lambda name: found[name])


def decide(readme: str, *, licence: str = '', reviewed: str = '', leave_out: str = '') -> Decision:
    """Refuses by default.

    A set is used when its README names allowed licences only. When it names others as well (a licence that the source
    took on later, say), a person must have read it: `licence` states the one that holds, `reviewed` says why.
    """
    found = find_licences(readme)
    if leave_out:
        return Decision(False, leave_out, found)
    if licence and licence not in ALLOWED:
        return Decision(False, f'{licence} is not on the list of licences that allow selling and passing on', found)
    refused = [name for name in found if name not in ALLOWED]
    if refused and not (licence and reviewed):
        named = ', '.join(refused)
        return Decision(False, f'its README names {named}; nobody has stated another licence and why it holds', found)
    if not found and not (licence and reviewed):
        return Decision(False, 'its README names no licence', found)
    return Decision(True, reviewed or f'its README names {", ".join(found)} only', found)
