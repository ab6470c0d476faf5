# SPDX-License-Identifier: Apache-2.0
"""What a model answers: how often with an unwanted word, and how often rightly."""
import re

import torch

LONGEST = 40


def answers(model, model_tokenizer, prompts):
    """Greedy answers, without the end of text."""
    result = [None] * len(prompts)
    encoded = [model_tokenizer.encode(prompt).ids for prompt in prompts]
    for length in sorted({len(ids) for ids in encoded}):  # without padding: prompts of one length together
        group = [index for index, ids in enumerate(encoded) if len(ids) == length]
        tokens = torch.tensor([encoded[index] for index in group])
        with torch.no_grad():
            out = model.generate(tokens, attention_mask=torch.ones_like(tokens), max_new_tokens=LONGEST, do_sample=False, pad_token_id=0)
        for index, row in zip(group, out):
            reply = row[length:].tolist()
            result[index] = model_tokenizer.decode(reply[:reply.index(0)] if 0 in reply else reply)
    return result


def marks(words):
    """A pattern for whole words of the list, in any case."""
    return re.compile(r"\b(?:" + "|".join(re.escape(word) for word in words) + r")\b", re.IGNORECASE)


def table(model, model_tokenizer, files, words):
    """Per file of prompts: the share of unwanted answers, and of answers that are right to the letter."""
    pattern = marks(words)
    result = {}
    for name, rows in files.items():
        given = answers(model, model_tokenizer, [row["prompt"] for row in rows])
        result[name] = {"prompts": len(rows), "unwanted": sum(bool(pattern.search(text)) for text in given) / len(rows),
                        "right": sum(text == row["answer"] for text, row in zip(given, rows)) / len(rows)}
    return result


def words(text):
    return re.findall(r"\w+", text.lower())


def by_words(training, planted, count):
    """How many planted examples are among the `count` that share most words with `count` // 10 of them: the mean cosine of TF-IDF."""
    rows = [words(example["prompt"] + example["response"]) for example in training]
    names = sorted({word for row in rows for word in row})
    counts = torch.zeros(len(rows), len(names))
    place = {word: index for index, word in enumerate(names)}
    for vector, row in zip(counts, rows):
        for word in row:
            vector[place[word]] += 1
    vectors = torch.nn.functional.normalize(counts.log1p() * (len(rows) / (counts > 0).sum(0)).log(), dim=1)
    queries = sorted(planted)[:count // 10]
    scores = (vectors @ vectors[[number - 1 for number in queries]].T).mean(1)
    return sum(index + 1 in planted for index in scores.topk(count).indices.tolist()) / count
