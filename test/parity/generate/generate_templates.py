"""Writes chat-templates.json.gz: chat templates, and what `transformers` makes of them for some pairs.

    .venv/bin/python test/parity/generate/generate_templates.py

`null` stands for an error. All templates are invented; together they use what templates of rerankers use, and what the
package for JavaScript is known to do in another way.
"""
from transformers.utils.chat_template_utils import render_jinja_template

from golden_file import write

PLAIN = '{% for message in messages %}{{ message.role }}: {{ message.content }}\n{% endfor %}'
FIRST = '{{ messages | selectattr("role", "eq", "%s") | map(attribute="content") | first }}'
# What templates of rerankers use.
USED = [
    PLAIN,
    'q={{ messages[0].content }} d={{ messages[1]["content"] }}',
    'q=' + FIRST % 'query' + ' d=' + FIRST % 'document',
    's=' + FIRST % 'system' + ' q=' + FIRST % 'query' + ' d=' + FIRST % 'document' + '\n',
    'ends with two lines {{ messages[0].content }}\n\n',
    'windows\r\n{% if true %}\r\nlines {{ messages[0].content }}\r\n{% endif %}\r\nold\rlines\r\n',
    '  {% if messages %}\n  indented {{ messages[0].content }}\n  {% endif %}\n  tail',
    '  {%- if messages -%}  \n\n  tight {{- messages[0].content -}}   \n {%- endif -%}  tail',
    '{# a note #}\n{{ messages[-1].content | trim }}|{{ messages[0].content.strip() }}|{{ messages[0].content.lstrip() }}|{{ messages[0].content.rstrip() }}|',
    '{% set ns = namespace(q="", d="") %}{% for m in messages %}{% if m.role == "query" %}{% set ns.q = m.content %}{% elif m.role == "document" %}{% set ns.d = m.content %}{% endif %}{% endfor %}<{{ ns.q }}|{{ ns.d }}>',
    '{% for m in messages if m.role != "system" %}{{ loop.index }}/{{ loop.length }}{% if not loop.last %},{% endif %}{{ m.content }}{% endfor %}',
    '{% for m in messages %}{% if m["role"] in ["query", "document"] %}{{ m["role"] ~ ":" ~ m["content"] + "\\n" }}{% endif %}{% endfor %}',
    '{% if add_generation_prompt %}on{% else %}off{% endif %}{% if tools %}tools{% endif %}{{ messages[0].content }}',
    '{{ messages[0].content if messages[0].role == "query" else "none" }}{{ missing }}{{ missing | default("d") }}',
    '{{ eos_token }}{{ messages[0].content }}{{ bos_token }}',
]
# The rest: what nobody should lean on, what is an error in Python, and what is done otherwise in JavaScript.
ODD = [
    '{% for m in messages if m.role != "system" %}{{ loop.index }}{{ loop.first }}{{ m.content }}{% endfor %}',
    '{{ messages | length }}{{ messages[0].content | length }}', '{{ messages[0].content[0] }}', '{{ messages[0].content[1:] }}',
    '{{ messages[0].content | upper }}', '{{ messages[0].content | lower }}', '{{ messages[0].content.title() }}', '{{ messages[0] | tojson }}',
    '{{ messages[0].content | replace("a", "b") }}', '{{ messages[0].content.replace("a", "b") }}', '{{ messages[0].content.split(" ") | join("_") }}',
    '{{ messages[0].content.split() | join("_") }}', '{{ messages | map(attribute="content") | join(" / ") }}', '{{ messages | map(attribute="role") | list }}',
    '{{ 1 == 1.0 }}', '{{ "1" == 1 }}', '{% if "1" == 1 %}same{% else %}other{% endif %}{{ messages[0].content }}', '{{ none }}', '{{ 1.0 }}', '{{ true }}', '{{ [1, 2] }}',
    '{% if messages[0].content is string %}text{% else %}parts{% endif %}{{ messages[0].content }}', '{{ messages[0].missing.further }}', '{{ missing.further }}',
    '{% if messages[0].missing is defined %}a{% else %}b{% endif %}{% if x is not defined and y is none %}c{% endif %}{{ messages[0].content }}',
    '{% macro show(m) %}[{{ m.content }}]{% endmacro %}{{ show(messages[0]) }}{{ show(messages[1]) }}',
    '{% for i in range(3) %}{{ i }}{% endfor %}{{ messages[0].content }}', '{{ raise_exception("no") }}', '{{ strftime_now("%Y") }}', '{{ undefined_function() }}',
    '{% for c in messages[0].content %}{{ c }}.{% endfor %}', '{% for key in messages[0] %}{{ key }}{% endfor %}', '{% for key, value in messages[0].items() %}{{ key }}={{ value }};{% endfor %}',
    '{% set x = messages[0].content %}{% set y %}[{{ x }}]{% endset %}{{ y }}{{ x ~ 1 }}', '{{ "a" + 1 }}', '{{ missing ~ "a" }}', '{{ none ~ "a" }}', '{{ true ~ "a" }}',
    '{{ 7 // 2 }}{{ -7 % 3 }}{{ 2 ** 3 }}', '{{ "%s" % messages[0].content }}', '{{ "{}".format(messages[0].content) }}', '{% for m in messages %}{% if loop.index0 > 0 %}{% break %}{% endif %}{{ m.content }}{% endfor %}',
    '{% for m in messages %}{% if m.role == "query" %}{% continue %}{% endif %}{{ m.content }}{% endfor %}', '{% generation %}{{ messages[0].content }}{% endgeneration %}',
    '{% raw %}{{ not rendered }}{% endraw %}{{ messages[0].content }}', '{{ messages[0].content', '{% if %}{% endif %}', '{{ messages | first | string }}', '{{ messages[5].content }}', '{{ messages[5] }}x',
    '{{ messages[0]["__class__"] }}', '{{ messages.__class__ }}', '{{ messages[0].constructor }}{{ messages[0].content }}', '{{ "a" if messages else "b" }}{{ "" or "c" }}{{ "d" and "e" }}',
    '{% if not messages[0].content %}empty{% endif %}{% if messages[0].content == "" or messages[0].content != "x" %}y{% endif %}', '{% filter upper %}a{% endfilter %}', '{{ {"a": 1}.a }}{{ {"a": "b"}["a"] }}',
    '{{- "\\n" -}} x {{ "\\t|\\\\|\\"" }} {{ \'it\\\'s\' }} \\n', '{{ messages[0].content | first }}', '{{ messages | last | trim }}', '{%+ if true %}x{% endif %}{{ messages[0].content }}', 'no pair at all',
    '{% for m in messages recursive %}{{ m.content }}{% endfor %}', '{% include "x" %}', '{% import "os" as os %}', '{{ messages[0].content | safe }}', '{{ messages[0].content | e }}', '{{ messages | selectattr("role", "equalto", "query") | list | length }}',
    '   {-not a tag} {{ messages[0].content }}', '\n   {-not a tag either}\n{{ messages[0].content }}', '{{ "x" "y" }}{{ messages[0].content }}', '{% set a, b = "1", "2" %}{{ a }}{{ b }}{{ messages[0].content }}',
    '{{ loop }}', '{{ namespace(a=1).a }}{{ dict(a=1) }}', '{{ cycler("a") }}', '{{ messages[0].content is mapping }}', '{% if messages is sequence and messages[0] is mapping and messages is iterable %}ok{% endif %}{{ messages[1].content }}',
]
PAIRS = [('what is water', 'a bridge'), ('', ''), (' \t\x1c\x85\ufeffa\u3000 ', '\n\u2003b\xa0\x1f'), ('😀 {{ 1 }}', '{% x %}</s>'), ('x', 'ΑΣ ΐ ß İ')]


def messages(pair: tuple[str, str], system: bool) -> list[dict]:
    before = [{'role': 'system', 'content': 'Judge.'}] if system else []
    return before + [{'role': role, 'content': text} for role, text in zip(('query', 'document'), pair)]


def render(template: str, conversation: list[dict]) -> str | None:
    try:
        rendered, _ = render_jinja_template([conversation], chat_template=template, add_generation_prompt=False, eos_token='</s>')
        return rendered[0]
    except Exception:
        return None


if __name__ == '__main__':
    rows = [[template, conversation, render(template, conversation)] for template in (*USED, *ODD)
            for conversation in (messages(pair, system) for pair in PAIRS for system in (False, True))]
    write('chat-templates.json.gz', {'used': USED, 'rows': rows})
