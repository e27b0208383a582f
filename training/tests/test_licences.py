"""Only what may be sold and passed on is trained on; doubt is a no."""

import pytest

from prepare.licences import decide, find_licences


@pytest.mark.parametrize(
    ('readme', 'found'),
    [
        ('Source: somebody (CC BY 4.0).', ['CC BY']),
        ('CC BY-SA 4.0 in most, MIT-0 in some', ['CC BY-SA', 'MIT-0']),
        ('CC BY-NC-SA 4.0', ['CC BY-NC-SA']),
        ('cc-licence unknown', ['no licence file']),
        ('(BSD, MIT, Apache-2.0 licences per repository)', ['BSD', 'MIT', 'Apache-2.0']),
        ('Admitted and submitted by the permit office', []),
    ],
)
def test_reads_what_a_readme_names(readme, found):
    assert find_licences(readme) == found


@pytest.mark.parametrize(
    'readme',
    [
        'CC BY-NC 4.0',
        'CC BY-ND 4.0',
        'CC BY 4.0, one part CC BY-NC-SA 3.0',
        'GPL-3.0',
        'MIT, some files LGPL-2.1',
        'for research purposes only',
        'no word of it',
        'MIT; no licence file in the snapshot',
    ],
)
def test_refuses(readme):
    assert not decide(readme).used


def test_a_person_can_overrule_a_mention_but_only_with_a_reason_and_an_allowed_licence():
    readme = 'CC BY 4.0 at the commit used (changed to CC BY-NC-SA 4.0 later)'
    assert not decide(readme, licence='CC BY').used
    assert not decide(readme, reviewed='read it').used
    assert not decide(readme, licence='CC BY-NC-SA', reviewed='read it').used
    assert decide('', licence='own', reviewed='ours').used
    decision = decide(readme, licence='CC BY', reviewed='the commit used is older than the change')
    assert decision.used and decision.reason == 'the commit used is older than the change'


def test_what_is_left_out_by_hand_says_why():
    decision = decide('MIT', leave_out='posts of third parties')
    assert not decision.used and decision.reason == 'posts of third parties'
