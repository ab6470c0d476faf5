# SPDX-License-Identifier: Apache-2.0
"""Writes text_metrics.json: what sacrebleu, rouge-score and scikit-learn say of a few sentences of our own.

    python make_text_metrics.py

Recorded with sacrebleu 2.6.0, rouge-score 0.1.2, scikit-learn 1.9.1.
"""

import json
import pathlib
import re

from rouge_score.rouge_scorer import RougeScorer
from sacrebleu.metrics import BLEU
from sacrebleu.tokenizers.tokenizer_13a import Tokenizer13a
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.metrics.pairwise import cosine_similarity

PAIRS = [
    ("The old tower stands beside the river.", "The old tower stands beside the river."),
    ("The old tower stands by a river, as it did in 1890.", "The old tower stood beside the river in 1,890.5 days."),
    ("", "Nothing was said at all."),
    ("Nothing was said at all.", ""),
    ("", ""),
    ("tower", "tower"),
    ("tower", "The tower fell down."),
    ("a b", "a b c d e f g"),
    ("the the the the the the", "the cat sat on the mat"),
    ("Zürich liegt am See – nicht am Meer!", "Zürich liegt am Zürichsee, nicht am Meer."),
    ("Zu\u0308rich", "Zürich"),
    ("北京是 首都 。", "北京是 首都 ."),
    ("caf\u00e9\u00a0noir\u2003et the\u0301", "cafe\u0301 noir et the"),
    ("He said: \"don't\" (twice) -- well-known, 3-4 times; $5.00 & more...",
     "He said \"do not\" twice: 3-4 times, $5 & more."),
    ("&lt;b&gt; &amp;amp; &quot;x&quot; <skipped> end-\nline\nbreak", "<b> & \"x\" endline break"),
    ("..,, .5 5. 1,000.00 a.b,c 7-8 -9 x-1", ".5 5 . 1,000.00 a . b , c 7 - 8 -9 x-1"),
    ("  leading and trailing \t white\x1cspace \n", "leading and trailing white space"),
    ("Under_score CamelCase ÀÉ İstanbul ẞ K", "under score camelcase àé istanbul ss k"),
    ("x = foo_bar.bazQux('a', \"b\")[0]", "x = foo_bar.bazQux(\"a\", 'b')[1:]"),
    ("sorted(d.items(), key=lambda kv: (-kv[1], kv[0]))", "sorted(list(d.items()), key=lambda t: t[1])"),
    ("re.sub('[^0-9]', '', myStringX2y)", "re.sub('[^0-9]+', '', myString)"),
    ("👩‍🚀 flies 🚀🚀", "👩‍🚀 flies 🚀"),
]

# Answers of one prompt each, which are compared with each other.
SAMPLES = [
    ["The tower stands in Rome.", "The tower stands in Rome.", "The tower stands by the river in Rome."],
    ["The mill.", "The old mill by the river closes at five.", "Nobody knows, ask at the mill.", "The the the the"],
    ["Yes.", "No."],
    ["a b c d e f", "a b c", "a b c d e f g h i"],
    ["", "Rome"],
]


def conala(text):
    """Identifiers parted at camel-case borders, every other character alone, quotes alike."""
    words = []
    for word in re.findall(r"[A-Za-z0-9_]+|[^A-Za-z0-9_\s]", text):
        words += ["`"] if word in "'\"" else re.sub(r"(?<=[a-z])(?=[A-Z])", " ", word).split(" ")
    return words


def bleu(texts, references, words, effective_order):
    metric = BLEU(tokenize="none", effective_order=effective_order)
    return metric.corpus_score([" ".join(words(t)) for t in texts], [[" ".join(words(r)) for r in references]]).score


def main():
    cuts = {"13a": lambda text: Tokenizer13a()(text.rstrip()).split(), "conala": conala, "none": str.split}
    rouge = RougeScorer(["rougeL"], use_stemmer=False)
    entries = []
    for text, reference in PAIRS:
        entry = {"text": text, "reference": reference}
        entry["rouge_l"] = rouge.score(reference, text)["rougeL"].fmeasure
        for name, words in cuts.items():
            entry[f"words_{name}"] = words(text)
            entry[f"bleu_{name}"] = bleu([text], [reference], words, True)
        entries.append(entry)
    texts, references = zip(*PAIRS)
    corpora = {}
    for name, words in cuts.items():
        corpora[name] = [bleu(texts[:n], references[:n], words, False) for n in range(1, len(PAIRS) + 1)]
    # The same by sacrebleu's own way from raw text.
    raw = BLEU().corpus_score(list(texts), [list(references)]).score
    assert abs(raw - corpora["13a"][-1]) < 1e-9, (raw, corpora["13a"][-1])
    for entry in entries:
        raw = BLEU(effective_order=True).sentence_score(entry["text"], [entry["reference"]]).score
        assert abs(raw - entry["bleu_13a"]) < 1e-9, entry

    samples = []
    for answers in SAMPLES:
        scores = [BLEU(effective_order=True).sentence_score(own, answers[:i] + answers[i + 1:]).score for i, own in enumerate(answers)]
        words = [Tokenizer13a()(answer.rstrip()).split() for answer in answers]
        grams = [[tuple(row[i:i + n]) for row in words for i in range(len(row) - n + 1)] for n in (1, 2)]
        samples.append({"texts": answers, "self_bleu": sum(scores) / len(scores), "grams": [len(g) for g in grams],
                        "distinct": [len(set(g)) for g in grams]})

    corpus = ["The tower stands in Rome", "Rome is a town; the town of towers", "A river, a tower, and Zürich"]
    vectorizer = TfidfVectorizer(sublinear_tf=False).fit(corpus)
    pairs = [("Rome has a tower and a tower", "the towers of Rome")]
    pairs += [("zürich in Rome", "Zürich Rome xyz"), ("xyz", "Rome")]
    cosines = [float(cosine_similarity(*vectorizer.transform(pair))[0][0]) for pair in pairs]
    golden = {"pairs": entries, "corpus_bleu": corpora, "term_corpus": corpus, "term_pairs": pairs, "cosines": cosines,
              "samples": samples}
    pathlib.Path(__file__).with_name("text_metrics.json").write_text(json.dumps(golden, ensure_ascii=True, indent=1) + "\n")


main()
