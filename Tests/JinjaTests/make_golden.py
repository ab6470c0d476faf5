# SPDX-License-Identifier: Apache-2.0
"""Writes Golden/templates.json: templates with what jinja2 makes of them, set up as transformers sets it up for chat templates.

    pip install jinja2==3.1.6 transformers==5.24.0
    python3 Tests/JinjaTests/make_golden.py
"""
import json
import pathlib

from transformers.utils.chat_template_utils import _compile_jinja_template

VARIABLES = {
    "x": "abc",
    "s": "  Hi there\n",
    "l": ["a", "b", "c"],
    "m": {"a": "2", "b": "1"},
    "t": True,
    "msgs": [
        {"content": "Hi", "role": "user"},
        {"content": "Yo ", "role": "assistant"},
        {"content": "Bye", "role": "user"},
    ],
}

# One on each line.
LINES = r"""{{ x }}
{{- x -}}  a
{% if t %}  yes{% else %}no{% endif %}
  {% if t %}
  a
  {% endif %}
  b
{%- for m in msgs -%} {{ loop.index }}{{ m.role }}{% if not loop.last %},{% endif %}{%- endfor %}
{% for m in msgs if m.role == 'user' %}{{ m['content'] }}{{ loop.length }}{% else %}none{% endfor %}
{% for k, v in m.items() %}{{k}}={{v}};{% endfor %}
{% for k, v in m|dictsort %}{{k}}={{v}};{% endfor %}
{% set ns = namespace(a=1, b='x') %}{% for i in range(3) %}{% set ns.a = ns.a + i %}{% endfor %}{{ ns.a }}{{ ns.b }}
{% set q = 1 %}{% for i in range(2) %}{{ q }}{% set q = q + 1 %}{{ q }}{% endfor %}{{ q }}
{% macro f(a, b='z') %}[{{ a }}{{ b }}]{% endmacro %}{{ f('x') }}{{ f(1, b=2) }}{{ f() }}
{{ s|trim }}{{ s.strip() }}{{ s.split() }}{{ 'a,b,,c'.split(',') }}{{ 'a,b,c'.split(',', 1) }}
{{ x[0] }}{{ x[-1] }}{{ x[1:] }}{{ x[::-1] }}{{ l[1:] }}{{ l[:-1] }}{{ l[::2] }}{{ msgs[0].content }}{{ msgs[1:]|length }}
{{ undefinedvar }}|{{ undefinedvar is defined }}|{{ undefinedvar is undefined }}|{{ undefinedvar|default('d') }}
{{ undefinedvar.x }}
{{ m.nope }}|{{ m.nope is defined }}|{{ m.nope is none }}
{{ m.nope.more }}
{{ 1 + 2 * 3 ** 2 }} {{ 7 // 2 }} {{ -7 // 2 }} {{ -7 % 3 }} {{ 7 / 2 }} {{ 6 / 2 }} {{ 2 ** 3 ** 2 }} {{ 1e3 }} {{ 0.1 + 0.2 }}
{{ 'a' ~ 1 ~ none ~ true }} {{ 'a' + 'b' }} {{ 'ab' * 3 }} {{ [1] + [2] }}
{{ 'a' + 1 }}
{{ 1 < 2 < 3 }} {{ 1 < 3 < 2 }} {{ 'a' in x }} {{ 'z' not in x }} {{ 'a' in l }} {{ 'b' in m }} {{ not t }}
{{ t and x }} {{ t or x }} {{ none or 'q' }} {{ '' and 1 }}
{{ 'yes' if t else 'no' }} {{ 'yes' if not t }}|
{{ x is string }} {{ 1 is number }} {{ 1.5 is float }} {{ m is mapping }} {{ l is iterable }} {{ l is sequence }} {{ x is iterable }} {{ t is boolean }} {{ t is true }} {{ 3 is odd }} {{ 4 is divisibleby 2 }} {{ 4 is divisibleby(3) }} {{ 1 is eq 1 }} {{ x is not string }} {{ 1 is sequence }}
{{ l|join(', ') }} {{ l|first }} {{ l|last }} {{ l|length }} {{ x|length }} {{ l|reverse|list }} {{ x|upper }} {{ 'hELLO wORLD'|title }} {{ 'hELLO'|capitalize }} {{ x|replace('a','b') }}
{{ msgs|map(attribute='role')|list }} {{ msgs|selectattr('role','equalto','user')|list|length }} {{ msgs|rejectattr('role','eq','user')|map(attribute='content')|join('|') }} {{ l|map('upper')|join }} {{ ['a','',none]|select|list }}
{{ m|tojson }} {{ msgs|tojson(indent=2) }} {{ x|tojson }} {{ 'é"\n<'|tojson }} {{ none|tojson }} {{ [1,2.5,true]|tojson }}
{{ [1, 'a', none, true, 1.0, {'k': 'v'}, ('t',)] }} {{ {} }} {{ () }} {{ "it's" }} {{ ["it's", 'q"', 'n\n'] }}
{{ raise_exception('no') }}
{# comment #}a{#- other -#} b
  {# c #}
z
{% raw %}{{ x }}{% endraw %} {%- raw -%}  a  {%- endraw -%} b
{% set a, b = 1, 2 %}{{ a }}{{ b }}
{% set blk %}a{{ x }}b{% endset %}{{ blk }}{% set up | upper %}abc{% endset %}{{ up }}
{% for i in range(5) %}{% if i == 1 %}{% continue %}{% endif %}{% if i == 3 %}{% break %}{% endif %}{{ i }}{% endfor %}
{% generation %}abc{% endgeneration %}
{{ l.append('x') }}
{{ m.get('a') }}{{ m.get('z', 'q') }}{{ m.keys()|list }}{{ m.values()|list }}
{{ x.startswith('a') }}{{ x.endswith(('b','c')) }}{{ x.find('c') }}{{ x.replace('a', 'zz') }}{{ 'x'.join(l) }}{{ s.rstrip('\n') }}{{ s.lstrip() }}
{{ range(3)|list }}{{ range(1, 6, 2)|list }}{{ range(3, 0, -1)|list }}
{{ "a\tb\u00e9\x41\\" }}{{ 'a' 'b' }}
{% if x == 'abc' and (l|length) > 2 and m['a'] is defined %}ok{% endif %}
{% for m2 in msgs %}{{ loop.previtem.role if loop.previtem is defined }}{{ loop.nextitem.role }}{{ loop.cycle('o','e') }}{{ loop.revindex }}{% endfor %}
{{ [3,1,2]|sort }}{{ ['b','A','c']|sort }}{{ ['b','A']|sort(case_sensitive=true) }}{{ [3,1,2]|sort(reverse=true) }}{{ msgs|sort(attribute='content')|map(attribute='content')|join }}{{ [1,1,2]|unique|list }}{{ ['a','A']|unique|list }}{{ [1,2]|sum }}{{ [1,2]|max }}{{ [1,2]|min }}
{{ '3'|int + 1 }}{{ 'x'|int }}{{ '2.7'|int }}{{ '2.5'|float }}{{ 3|float }}{{ -3|abs }}{{ 'x'|int(5) }}
{{ 'a\nb\n\nc'|indent }}|{{ 'a\nb'|indent(2, true) }}|{{ 'a\n\nb'|indent(2, blank=true) }}
{{ '<a>&"'|e }}{{ '<'|safe }}
{{ 'a' if false }}{{ ('a' if false) is undefined }}
{%+ if t %}x{%+ endif +%}
  {%+ if t %}y{% endif %}
{{ {'a': {'b': {'c': 1}}}['a'].b.c }}{{ {'a': 1}.a }}{{ {'items': 1}['items'] }}
{{ x|nofilter }}
{% include 'x' %}
{{ x is nothing }}
{{ x
{% if t %}
{% endif %}
{{ }}
{{ 1 / 0 }}
{% for x in 5 %}{% endfor %}
{% for x in none %}{% endfor %}
{% for q in undefinedvar %}a{% else %}b{% endfor %}
{{ none|length }}
{{ not x is defined }}{{ x is defined and not t }}{{ x is defined or q }}
{{ -1 }}{{ - 1|abs }}{{ +1 }}{{ 1 - -1 }}{{ not not t }}
{{ true == 1 }}{{ 1 == 1.0 }}{{ 'a' == 1 }}{{ none == none }}{{ [1] == [1] }}{{ (1,) == [1] }}{{ true + true }}
{{ dict(a=1, b=2) }}{{ dict({'a': 1}, c=3) }}
{{ 'Ab1'.upper() }}{{ 'Ab1'.lower() }}{{ ' \n'.isspace() }}{{ '12'.isdigit() }}{{ 'a-b'.partition('-') }}{{ 'a\nb\r\nc'.splitlines() }}{{ 'a.b.c'.rsplit('.', 1) }}{{ 'abcabc'.count('bc') }}{{ 'aXb'.removeprefix('a').removesuffix('b') }}
{{ l.index('b') }}{{ l.count('a') }}
{{ x | trim | upper ~ 'z' }}{{ ('a' ~ 'b') | upper }}{{ 'a' ~ 'b' | upper }}
{{ 1 if t else 2 if x else 3 }}{{ (1, 2)[0] }}{{ l.0 }}{{ [1,2,][1] }}
{% if t %}a{% elif x %}b{% else %}c{% endif %}{% if not t %}a{% elif x %}b{% else %}c{% endif %}
{%- set c = msgs[0]['content'] if msgs[0]['role'] == 'system' else 'none' -%}{{ c }}
{% set loop_messages = msgs %}{% for message in loop_messages %}{% set content = '<|h|>' + message['role'] + '\n\n'+ message['content'] | trim + '<|e|>' %}{% if loop.index0 == 0 %}{% set content = 'B' + content %}{% endif %}{{ content }}{% endfor %}
{% macro a() %}{{ b() }}{% endmacro %}{% macro b() %}B{% endmacro %}{{ a() }}
{% macro r(n) %}{{ n }}{% if n > 0 %}{{ r(n-1) }}{% endif %}{% endmacro %}{{ r(4) }}
{% set ns = namespace() %}{{ ns.q is defined }}{% set ns.q = [1] %}{{ ns.q + [2] }}
{% set x.y = 1 %}
{{ x.y }}{{ x.nope is defined }}{{ x['nope'] is defined }}
{{ msgs[9] is defined }}{{ msgs[9] }}{{ msgs[-1].role }}{{ msgs[9].role }}
{{ "%s" }}{{ 5 % 3 }}
{{ ("a", "b") | join("-") }}{{ x | first }}{{ x | list }}{{ {'a':1}|list }}{{ {'a':1}|length }}
{{ 10 is gt 5 }}{{ 'a' is in l }}{{ 'A' is upper }}{{ 'a' is lower }}{{ none is none }}{{ 1 is integer }}{{ true is integer }}{{ true is number }}{{ raise_exception is callable }}
{{ 'ǆ'|title }}{{ 'ß'|upper }}{{ 'İ'|lower }}{{ "don't stop"|title }}{{ 'é'.upper() }}
{{ range(*[1, 4])|list }}{{ range(1, *[4])|list }}
{{ 'é́x'[0] }}{{ 'é́x'|length }}{{ 'e\u0301' == 'é' }}
{% for i in [1,2] %}
{{ i }}
{% endfor %}
end

{% macro v(a, b) %}{{ a }}{{ b }}{% endmacro %}{{ v(*l[:2]) }}
{{ x(1) }}
{{ (1, 2, 3)|list }}{{ [] or 'e' }}{{ l[5:] }}{{ x[0:2:1] }}{{ x[:100] }}{{ x[-2:] }}{{ l[::-1] }}
{{ 1234567890123456789 }}
{{ 1_000 }}{{ .5 }}
{{ '{{' }}{{ "}}" }}{% if '%}' == '%}' %}ok{% endif %}
{{ x if x is string and x is not none else 'z' }}
{%- if tools is defined and tools %}T{%- endif %}{%- if tools %}T{% endif %}{% if not tools %}N{% endif %}"""

SEVERAL = [
    "a\n  {% if t %}\n  b\n  {% endif %}\nc\n",
    "{% for m in msgs %}\n{{ m.role }}\n{% endfor %}\n",
    "  {%- if t %}\n x\n  {%- endif %}\n",
    "{% if t -%}\n\n x {%- endif %}  \n\n",
    "\n\n{{ x }}\n\n",
    "a {#- c -#}\n b",
    "a\r\nb\rc\r\n",
    "{% set a = [\n 1,\n 2 ] %}{{ a }}",
    "\t{% if t %}\t\nq{% endif %}",
    "{# a\n b #}\nx",
    "x{% if t %} \n{% endif %}\ny",
    "{{ x }}\n  {% if t %}y{% endif %}\n  {{ x }}\n",
    " {% raw %}\n a\n {% endraw %}\n b",
    "{%- macro q(a) -%}\n  {{ a }}\n{%- endmacro -%}\n{{ q(1) }}\n{{- q(2) }}",
]

# Chat templates of the usual kinds, in our own words.
CHATS = [
    # Turns between marks, with a system turn of its own.
    """{% for message in messages %}{% if loop.first and message['role'] != 'system' %}<|start|>system
Be brief.<|end|>
{% endif %}<|start|>{{ message['role'] }}
{{ message['content'] }}<|end|>
{% endfor %}{% if add_generation_prompt %}<|start|>assistant
{% endif %}""",
    # Turns that must alternate, the system's words within the first.
    """{%- if messages[0].role == 'system' -%}
    {%- set system = messages[0].content ~ '\n\n' -%}
    {%- set turns = messages[1:] -%}
{%- else -%}
    {%- set system, turns = '', messages -%}
{%- endif -%}
{{ bos_token }}
{%- for turn in turns -%}
    {%- if (turn.role == 'user') != (loop.index0 % 2 == 0) -%}
        {{ raise_exception('turns of user and assistant must alternate') }}
    {%- endif -%}
    {%- if turn.role == 'user' -%}
        {{ '[ASK] ' ~ (system if loop.first) ~ turn.content | trim ~ ' [/ASK]' }}
    {%- else -%}
        {{ ' ' ~ turn.content | trim ~ eos_token }}
    {%- endif -%}
{%- endfor -%}""",
    # Tools, thoughts that are taken out of earlier turns, a macro and a namespace.
    """{%- macro turn(role, text) -%}
<{{ role }}>{{ text | trim }}</{{ role }}>
{% endmacro -%}
{%- set state = namespace(last=-1) -%}
{%- for message in messages -%}
    {%- if message.role == 'user' -%}{%- set state.last = loop.index0 -%}{%- endif -%}
{%- endfor -%}
{%- if tools is defined and tools -%}
    {{- turn('tools', tools | tojson(indent=2)) -}}
{%- endif -%}
{%- for message in messages -%}
    {%- set text = message.content -%}
    {%- if message.role == 'assistant' and loop.index0 < state.last and '</think>' in text -%}
        {%- set text = text.split('</think>')[-1].lstrip('\n') -%}
    {%- endif -%}
    {{- turn(message.role, text) -}}
{%- endfor -%}
{%- if add_generation_prompt %}<assistant>{% endif -%}""",
]

TALKS = [
    [{"role": "user", "content": "The capital of {} is"}],
    [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "  Hi\n there "}],
    [
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": "<think>a</think>\n\nYo "},
        {"role": "user", "content": "Bye"},
    ],
    [{"role": "assistant", "content": "Hi"}],
]


def case(template, variables):
    compiled = _compile_jinja_template(template)
    compiled.environment.globals.pop("strftime_now", None)
    return compiled.render(**variables)


def main():
    given = [(template, VARIABLES) for template in LINES.split("\n") + SEVERAL]
    for template in CHATS:
        for talk in TALKS:
            for prompts in (True, False):
                variables = {"messages": talk, "add_generation_prompt": prompts, "bos_token": "<s>", "eos_token": "</s>"}
                given.append((template, variables))
    talk = {"messages": TALKS[0], "tools": [{"name": "add", "needs": ["a", "b"]}], "add_generation_prompt": True}
    given.append((CHATS[2], talk))

    cases = []
    for template, variables in given:
        try:
            cases.append({"template": template, "variables": variables, "text": case(template, variables)})
        except Exception:  # Whatever jinja2 refuses, in the template or in what it does.
            cases.append({"template": template, "variables": variables, "text": None})
    path = pathlib.Path(__file__).parent / "Golden" / "templates.json"
    path.write_text(json.dumps(cases, ensure_ascii=False, indent=1) + "\n")


if __name__ == "__main__":
    main()
