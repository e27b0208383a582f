"""Blocks of questions and passages that are about the same thing (groups.txt), filled and turned into lists."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from prepare.errors import DataError

GROUPS = Path(__file__).with_name('groups.txt')
WRITTEN = Path(__file__).with_name('written.txt')
Slots = dict[str, Callable[[random.Random], str]]


@dataclass(frozen=True)
class List:
    """A question and texts, of which the first answers it and the others do not."""

    kind: str
    query: str
    texts: list[str]


@dataclass
class Block:
    kind: str
    entries: list[tuple[str, str]] = field(default_factory=list)
    """Question and answer, with alternatives and slots."""
    distractors: list[str] = field(default_factory=list)

    @property
    def has_slots(self) -> bool:
        return any('<' in text for entry in self.entries for text in entry)


def read_blocks(path: Path = GROUPS) -> list[Block]:
    blocks: list[Block] = []
    question = ''
    for number, line in enumerate(path.read_text(encoding='utf-8').splitlines(), 1):
        mark, text = line[:2], line[2:].strip()
        if mark == '@ ':
            blocks.append(Block(text))
        elif mark == '? ':
            question = text
        elif mark == '= ' and question:
            blocks[-1].entries.append((question, text))
            question = ''
        elif mark == 'x ':
            blocks[-1].distractors.append(text)
        elif line.strip() and not line.startswith('# '):
            raise DataError(f'{path}:{number}: {line!r} is neither a block (@), a question (?), its answer (=) nor a distractor (x)')
    return blocks


def fill(block: Block, slots: Slots, r: random.Random) -> list[List]:
    """One list for each question of the block: its answer first, then what answers other questions or none."""
    values: dict[str, str] = {}

    def value(match: re.Match) -> str:
        name, _, number = match[1].partition(':')
        if match[1] not in values:
            taken = {v for k, v in values.items() if k.partition(':')[0] == name}
            for _ in range(20):
                values[match[1]] = slots[name](r)
                if values[match[1]] not in taken:
                    break
        return values[match[1]]

    def text(pattern: str, sentence: bool) -> str:
        chosen = re.sub(r'\[([^\]]*)\]', lambda m: r.choice(m[1].split('|')), pattern)
        made = re.sub(r'<([a-z]+(?::\d)?)>', value, chosen)
        made = re.sub(r'\b([Aa]) (?=[aeiou])', r'\1n ', made)
        return made[:1].upper() + made[1:] if sentence else made

    pairs = [(text(q, False), text(a, True)) for q, a in block.entries]
    loose = [text(d, True) for d in block.distractors]
    made = []
    for at, (question, answer) in enumerate(pairs):
        others = [a for i, (_, a) in enumerate(pairs) if i != at] + loose
        r.shuffle(others)
        made.append(List(block.kind, question, [answer, *others]))
    return made
