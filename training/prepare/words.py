"""Word lists that the rules share."""

QUESTION_WORDS = frozenset('what which who whom whose when where why how'.split())

AUXILIARIES = frozenset(
    'is are was were do does did can could will would should has have had may might must am'.split()
)

STOP_WORDS = (
    QUESTION_WORDS
    | AUXILIARIES
    | frozenset(
        'a an the of in on at to for from by with about into as and or but if than then that this these those it its '
        "i me my we us our you your he she they them his her their there here be been being not no so such it's what's "
        'some any'.split()
    )
)
