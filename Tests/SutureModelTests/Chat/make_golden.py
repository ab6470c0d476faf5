# SPDX-License-Identifier: Apache-2.0
"""Writes golden.json: what transformers makes of messages with a chat template, for the tokenizers of ../Tokenizer/Fixtures.

    pip install transformers==5.24.0 jinja2==3.1.6
    python3 Tests/SutureModelTests/Chat/make_golden.py
"""
import json
import pathlib

from transformers import PreTrainedTokenizerFast

HERE = pathlib.Path(__file__).parent
FIXTURES = HERE.parent / "Tokenizer" / "Fixtures"

# Tokenizer, its special tokens, template.
CHATS = [
    (
        "llama2",
        {"bos_token": "<s>", "eos_token": "</s>"},
        "{{ bos_token }}{% for m in messages %}[ASK] {{ m.content | trim }} [/ASK]{% endfor %}",
    ),
    (
        "llama2",
        {"bos_token": "<s>", "eos_token": "</s>"},
        "{{ bos_token }}{% for m in messages %}{{ m.role }}:\n{{ m.content }}\n{% endfor %}"
        "{% if add_generation_prompt %}assistant:\n{% endif %}",
    ),
    (
        "qwen2",
        {"eos_token": "<|endoftext|>"},
        "{% for m in messages %}{{ eos_token }}{{ m.role }}\n{{ m.content }}\n{% endfor %}"
        "{% if add_generation_prompt %}assistant\n{% endif %}",
    ),
    (
        "gpt2",
        {"bos_token": "<|endoftext|>", "eos_token": "<|endoftext|>"},
        "{{ bos_token }}{% for m in messages %}{{ m.role | upper }} {{ m.content }}{% endfor %} ANSWER",
    ),
]
MESSAGES = [
    "The capital of France is",
    " Who wrote the Iliad? ",
    "西游记的作者是谁？",
    "f(x) = {} and </s> in words\n",
]


def main():
    cases = []
    for name, special, template in CHATS:
        tokenizer = PreTrainedTokenizerFast(tokenizer_file=str(FIXTURES / f"{name}.json"), **special)
        tokenizer.chat_template = template
        for message in MESSAGES:
            talk = [{"role": "user", "content": message}]
            text = tokenizer.apply_chat_template(talk, tokenize=False, add_generation_prompt=True)
            ids = tokenizer.apply_chat_template(talk, tokenize=True, add_generation_prompt=True, return_dict=False)
            case = {"tokenizer": name, "special": special, "template": template, "message": message}
            cases.append(case | {"text": text, "ids": ids})
    (HERE / "golden.json").write_text(json.dumps(cases, ensure_ascii=False, indent=1) + "\n")


if __name__ == "__main__":
    main()
