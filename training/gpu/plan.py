"""What a session on the GPU does, in a TOML file; paths in it are relative to it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from prepare.config import check_keys, read_toml
from prepare.errors import DataError
from train.config import read_config
from train.settings import Config


@dataclass(frozen=True)
class Member:
    """A run of a session. `share`: of the session's time."""

    config: Path
    share: float


@dataclass(frozen=True)
class Session:
    """A teacher that reads both texts with all of its layers, and a student that learns from it among other teachers."""

    teacher: Member
    student: Member
    minutes: float = 10
    #: Lists of each file that the teacher scores for the student; 0 is all.
    teacher_lists: int = 0
    #: Bytes that go over at once, the weights apart from the data.
    most_bytes: int = 58_000_000
    runs: dict[str, Config] = field(default_factory=dict, compare=False)


def read_session(path: Path) -> Session:
    """Throws DataError where the plan or a config of it is wrong."""
    given = check_keys(read_toml(path), Session, str(path))
    members = {}
    for name in ('teacher', 'student'):
        if name not in given:
            raise DataError(f'{path}: has no [{name}]')
        one = check_keys(given[name], Member, f'{path}: {name}')
        if missing := [key for key in ('config', 'share') if key not in one]:
            raise DataError(f'{path}: {name} has no {missing[0]}')
        members[name] = Member(path.parent / one['config'], float(one['share']))
    shares = sum(one.share for one in members.values())
    if not (all(one.share > 0 for one in members.values()) and shares < 1):
        raise DataError(f'{path}: the shares add up to {shares:g}; each is above 0, and both leave time for what is between them')
    runs = {name: read_config(member.config) for name, member in members.items()}
    return Session(**(given | members), runs=runs)
