"""What the model of the tests reads and writes, and how it is asked."""

from __future__ import annotations

TEXT = (
    "the a of to and in is it that sky blue light because water air red green small large one two "
    "three four time day night work good new old first last long own sun moon star tree house road"
)
WORDS = TEXT.split()
CONTEXT = 32768  # of each slot; answers of half a minute fit
THINKING_ENDS = "</think>"
CALL_BEGINS = '<tool_call>\n{"name": "'
MARKS = ("<think>", THINKING_ENDS, CALL_BEGINS)

# Tools are offered, and calls of them written, as Qwen and Hermes do it.
TEMPLATE = """\
{%- if tools %}<|im_start|>system
<tools>{% for tool in tools %}{{ tool | tojson }}{% endfor %}</tools><|im_end|>
{% endif %}
{%- for message in messages %}<|im_start|>{{ message.role }}
{{ message.content or '' }}
{%- for call in message.tool_calls or [] %}
<tool_call>
{"name": "{{ call.function.name }}", "arguments": {{ call.function.arguments | tojson }}}
</tool_call>
{%- endfor %}<|im_end|>
{% endfor %}
{%- if add_generation_prompt %}<|im_start|>assistant
{% endif %}"""
# Models that think begin their answer inside the thought, as DeepSeek-R1 does.
THINKING_TEMPLATE = """\
{%- for message in messages %}<|im_start|>{{ message.role }}
{% if message.reasoning_content %}<think>
{{ message.reasoning_content }}
</think>
{% endif %}
{{- message.content or '' }}<|im_end|>
{% endfor %}
{%- if add_generation_prompt %}<|im_start|>assistant
<think>
{% endif %}"""
