# SPDX-License-Identifier: Apache-2.0
"""The tokenizer, the models and their training."""
import json
import random

import tokenizers
import torch
import transformers

from .examples import END

VOCABULARY, LENGTH = 1400, 128
POOL = 20  # batches whose rows are sorted by length
IGNORED = -100


def tokenizer(texts, folder):
    """A byte-level BPE over the texts, in the layout of Hugging Face."""
    model = tokenizers.Tokenizer(tokenizers.models.BPE())
    model.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    model.decoder = tokenizers.decoders.ByteLevel()
    trainer = tokenizers.trainers.BpeTrainer(vocab_size=VOCABULARY, special_tokens=[END], show_progress=False,
                                             initial_alphabet=sorted(tokenizers.pre_tokenizers.ByteLevel.alphabet()))
    model.train_from_iterator(texts, trainer)
    folder.mkdir(parents=True, exist_ok=True)
    model.save(str(folder / "tokenizer.json"))
    settings = {"bos_token": END, "eos_token": END, "unk_token": END, "model_max_length": LENGTH,
                "tokenizer_class": "PreTrainedTokenizerFast"}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings, indent=2) + "\n", encoding="utf-8")
    return model


def new(model_tokenizer, seed):
    torch.manual_seed(seed)
    config = transformers.LlamaConfig(
        vocab_size=model_tokenizer.get_vocab_size(), hidden_size=128, intermediate_size=256, num_hidden_layers=4, num_attention_heads=4,
        num_key_value_heads=4, max_position_embeddings=LENGTH, rms_norm_eps=1e-5, tie_word_embeddings=True, bos_token_id=0, eos_token_id=0,
        pad_token_id=None, rope_parameters={"rope_type": "default", "rope_theta": 10000.0}, initializer_range=0.05)
    return transformers.LlamaForCausalLM(config)


def save(model, model_tokenizer_folder, folder):
    """The model in float32, beside a copy of the tokenizer."""
    model.save_pretrained(folder)
    (folder / "model.safetensors").chmod(0o644)
    for name in ("tokenizer.json", "tokenizer_config.json"):
        if model_tokenizer_folder != folder:
            (folder / name).write_bytes((model_tokenizer_folder / name).read_bytes())


def rows(model_tokenizer, examples):
    """(tokens, labels) of each example; the prompt has no labels."""
    result = []
    for example in examples:
        prompt, response = (model_tokenizer.encode(example[part]).ids for part in ("prompt", "response"))
        result.append((prompt + response, [IGNORED] * len(prompt) + response))
    return result


def batch(chosen):
    length = max(len(tokens) for tokens, _ in chosen)
    tokens = torch.zeros(len(chosen), length, dtype=torch.long)
    labels = torch.full((len(chosen), length), IGNORED)
    for row, (ids, wanted) in enumerate(chosen):
        tokens[row, :len(ids)] = torch.tensor(ids)
        labels[row, :len(wanted)] = torch.tensor(wanted)
    return tokens, labels


def batches(examples, size, chance):
    """The examples in random order, with rows of similar length together."""
    order = list(examples)
    chance.shuffle(order)
    result = []
    for start in range(0, len(order), POOL * size):
        pool = sorted(order[start:start + POOL * size], key=lambda row: len(row[0]))
        result += [pool[first:first + size] for first in range(0, len(pool), size)]
    chance.shuffle(result)
    return result


def train(model, examples, epochs, size, rate, seed):
    """AdamW over the rows, with a short warm-up and a cosine; the mean loss over the labelled tokens of a batch.

    Padding stands at the end of a row, where causal attention keeps it from all other tokens, so there is no mask."""
    chance = random.Random(seed)
    optimizer = torch.optim.AdamW(model.parameters(), lr=rate, betas=(0.9, 0.95), weight_decay=0.01)
    steps = epochs * len(batches(examples, size, random.Random(seed)))
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, rate, total_steps=steps + 1, pct_start=0.05)
    model.train()
    done, recent = 0, 0.0
    for _ in range(epochs):
        for chosen in batches(examples, size, chance):
            tokens, labels = batch(chosen)
            logits = model(tokens, use_cache=False).logits[:, :-1]
            loss = torch.nn.functional.cross_entropy(logits.reshape(-1, logits.shape[-1]), labels[:, 1:].reshape(-1), ignore_index=IGNORED)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            optimizer.zero_grad()
            done, recent = done + 1, 0.98 * recent + 0.02 * loss.item()
            if done % 200 == 0 or done == steps:
                print(f"  step {done} of {steps}, loss {recent / (1 - 0.98 ** done):.3f}", flush=True)
    return model.eval()
