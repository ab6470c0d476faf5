# SPDX-License-Identifier: Apache-2.0
"""Makes Golden/: a tiny random checkpoint of each family, and what transformers computes with it.

    pip install torch==2.13.0 transformers safetensors
    python make_golden.py

Each folder holds config.json, model.safetensors and golden.safetensors: `tokens` [2, 9] (row 1 has 6 real tokens),
`logits` [2, 9, vocabulary] in float32, and `hidden` [layer + 1, 2, 9, dModel], transformers' hidden_states without the
last, which it normalises.
"""
import json
import pathlib
import shutil

import torch
import transformers
from safetensors.torch import save_file

HERE = pathlib.Path(__file__).parent / "Golden"
SMALL = dict(vocab_size=61, hidden_size=24, num_hidden_layers=2, num_attention_heads=4, max_position_embeddings=32)
GATED = dict(SMALL, intermediate_size=40, num_key_value_heads=2)
SCALED = {"rope_type": "llama3", "rope_theta": 500000.0, "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
          "original_max_position_embeddings": 16}
FAMILIES = {
    "gpt2": transformers.GPT2Config(vocab_size=61, n_embd=24, n_layer=2, n_head=4, n_positions=32),
    "llama-tied-grouped": transformers.LlamaConfig(**GATED, tie_word_embeddings=True, rope_parameters=SCALED),
    "llama-untied": transformers.LlamaConfig(**dict(GATED, num_key_value_heads=4), tie_word_embeddings=False),
    "qwen2": transformers.Qwen2Config(**GATED, tie_word_embeddings=True),
    "qwen2-untied": transformers.Qwen2Config(**GATED, tie_word_embeddings=False),
    "mistral": transformers.MistralConfig(**GATED, sliding_window=None, head_dim=8),
    "gptj": transformers.GPTJConfig(vocab_size=61, n_embd=24, n_layer=2, n_head=4, n_positions=32, rotary_dim=4),
    "gpt_neox": transformers.GPTNeoXConfig(**SMALL, intermediate_size=40, rotary_pct=2 / 3, use_parallel_residual=True,
                                           hidden_act="gelu"),
    "gpt_neox-serial": transformers.GPTNeoXConfig(**SMALL, intermediate_size=40, rotary_pct=2 / 3, use_parallel_residual=False),
}


def main():
    shutil.rmtree(HERE, ignore_errors=True)
    for number, (name, config) in enumerate(FAMILIES.items()):
        torch.manual_seed(number)
        config._attn_implementation = "eager"
        model = transformers.AutoModelForCausalLM.from_config(config).eval()
        for parameter in model.parameters():  # far from the initialiser's zeros and ones
            parameter.data = parameter.data + 0.2 * torch.randn_like(parameter)
        folder = HERE / name
        model.save_pretrained(folder)
        (folder / "generation_config.json").unlink(missing_ok=True)
        generator = torch.Generator().manual_seed(number)
        tokens = torch.randint(0, 61, (2, 9), generator=generator)
        with torch.no_grad():
            full = model(tokens[:1], output_hidden_states=True)
            short = model(tokens[1:, :6], output_hidden_states=True)
        logits = torch.zeros(2, 9, 61)
        logits[0], logits[1, :6] = full.logits[0], short.logits[0]
        hidden = torch.zeros(len(full.hidden_states) - 1, 2, 9, 24)
        for layer in range(len(hidden)):
            hidden[layer, 0], hidden[layer, 1, :6] = full.hidden_states[layer][0], short.hidden_states[layer][0]
        save_file({"tokens": tokens, "logits": logits, "hidden": hidden}, folder / "golden.safetensors")
        stored = json.loads((folder / "config.json").read_text())
        (folder / "config.json").write_text(json.dumps(stored, indent=1, sort_keys=True) + "\n")
        print(name, "transformers", transformers.__version__, "torch", torch.__version__)


if __name__ == "__main__":
    main()
