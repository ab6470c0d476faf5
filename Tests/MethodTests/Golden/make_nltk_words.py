# SPDX-License-Identifier: Apache-2.0
"""Writes nltk_words.json: how NLTK cuts texts of our own into words; and Punkt/, what Punkt learns from sentences of our own.

    python make_nltk_words.py
    python make_nltk_words.py TEXTS.txt FILE     the same of every line of a text, for SUTURE_NLTK_WORDS=FILE

Recorded with nltk 3.10.4, regex 2026.11.19, numpy 2.4.6 and Python 3.11.
"""

import json
import pathlib
import random
import sys

import numpy
from nltk import FreqDist, ngrams
from nltk.tokenize import NLTKWordTokenizer
from nltk.tokenize.punkt import PunktSentenceTokenizer, PunktTrainer

FOLDER = pathlib.Path(__file__).parent

NAMES = "Imaro Belden Costa Okoye Lindqvist Tamm Varga Osei Halloran Petrov".split()
TOWNS = "Arden Brill Corva Dunmore Elsin Fenwick".split()
SENTENCES = [
    "Dr. {name} met Mr. {name} at {n} p.m. in {town}.",
    "Mrs. {name} lives in St. {town}, near the river.",
    "The shop of {name} Co. sold {n} chairs, e.g. red ones.",
    "He said that the river is {n}.5 miles long.",
    "They asked whether it was so.",
    "This is what {letter}. {name} wrote in No. {n} of the paper.",
    "However, it rained in {town} for {n} days.",
    "It was late. However, the boat of Prof. {name} left.",
    "Nobody knew why. This surprised the people of {town}.",
    "The bus leaves at {n} a.m. and comes back at {n} p.m. every day.",
    "Was it {name}? It was not!",
    "On page {n}. henry is named twice.",
    "The doctor came, this time with Mrs. {name}, but they had gone.",
    "It is what the paper of {town} said.",
]

# What is hard to cut, joined by chance.
PIECES = """the river Dr. Mr. Mrs. St. Co. No. Prof. e.g. p.m. a.m. U.S. K. J. x. x-ray. mid-a.m. However This He it They Imaro
can't don't I'm you're he'll they've she'd it's CAN'T cannot Cannot gimme gonna gotta lemme wanna d'ye more'n 'tis 'Twas rock'n'roll
dogs' y'all'd've 's 'll n't x' 'a ''b'' can'not 3.14 1,000.50 -5 .5 5. $3.88 100% 12:30 3,4 a,b a:b ,5 5- ٣,٤ http://x.y/z?b=c&d #1
me@home.net foo_bar a--b --- well-known ( ) [a] {b} <c> :) ;-) " ' `` '' `x` "z" 'w' « » “q” ‘r’ „t“ ’s ... .... . . . … ? ?! !! ; : ,
@ & % * ** — – / \\ _ é É ß ı İ ſ Σ ΣΑΣ. 北京 。 हिन्दी. Ⅳ ½ ① e\u0301 a\u200db 😀 👩‍🚀 🚀 ##number##""".split()
JOINTS = [" "] * 30 + ["", "", "  ", "\n", "\n\n", "\t", "\x1c", "\x85", "\xa0", "\u2003"] + [
    ". ", ". ", "? ", "! ", ", ", ".", ",", ' "', '" ', "' ", " '", '."', ".'", ".)", "--", " -- ", ". . . ", "...", ".\n", ".” ",
]

TEXTS = [
    "", " ", "\n", ".", "..", ". .", '"', "'", "''", "word", "Mr. ", " . ", "a. b", "A. B. C", "?!", "?! ?!", ".\n", "a:\n", "a,\n",
    'He said: "I can\'t go." "Why?" asked Dr. Imaro. (It was late.) Nobody knew.',
    "They'll leave at 5 p.m. However, it isn't sure; 'tis late -- very late...",
    "The bus [no. 5] costs $3.50, i.e. 1,000.5% more; see http://x.y/z?a=b&c=d or me@home.net!",
    "“Well,” said J. Okoye, “we’re here.” ‘So what?’ «Nothing.» „Gut.“",
    "I wanna go. I wanna", "gonna", "More'n that, d'ye see? Lemme go, gimme that. 'Twas gotta be.",
    "He left.He came back.\nIt rained?Yes!\n\nNo. 7 is mine. No. I said no.",
    "a ' ' b '' c ``` d ```` e", "x's y'S z'm 'm n't N'T isN'T WE'RE we'Re", "a' b' c'd", "(a.) [b.] {c.} \"d.\" 'e.' f.",
    "stop. ) next", "end. ' \" ) ", "5. Henry 5. henry x. Henry X. henry é. Tamm", "... And then . . . nothing. .. So",
]


def train():
    """What Punkt learns, in the files of punkt_tab."""
    rng = random.Random(1)
    fill = lambda sentence: sentence.format(
        name=rng.choice(NAMES), town=rng.choice(TOWNS), letter=rng.choice("ABCJK"), n=rng.randint(1, 40))
    text = "\n".join(" ".join(fill(rng.choice(SENTENCES)) for _ in range(6)) for _ in range(300))
    parameters = PunktTrainer(text).get_params()
    folder = FOLDER / "Punkt"
    folder.mkdir(exist_ok=True)
    write = lambda name, lines: (folder / name).write_text("\n".join(sorted(lines)), encoding="utf-8")
    write("abbrev_types.txt", parameters.abbrev_types)
    write("sent_starters.txt", parameters.sent_starters)
    write("collocations.tab", ["\t".join(pair) for pair in parameters.collocations])
    write("ortho_context.tab", [f"{word}\t{flags}" for word, flags in parameters.ortho_context.items()])
    return parameters


def entropy(words, n):
    """In bits, as ROME's code has it."""
    counts = numpy.array(list(FreqDist(ngrams(words, n)).values()))
    shares = counts / counts.sum()
    return float(numpy.sum(-shares * numpy.log(shares) / numpy.log(2))) if counts.size else 0.0


def main():
    sentences = PunktSentenceTokenizer(train())
    words = NLTKWordTokenizer()
    rng = random.Random(2)
    texts = list(TEXTS)
    for _ in range(250):
        texts.append("".join(rng.choice(PIECES) + rng.choice(JOINTS) for _ in range(rng.randint(1, 14))))
    target = FOLDER / "nltk_words.json"
    if len(sys.argv) > 1:
        texts, target = pathlib.Path(sys.argv[1]).read_text(encoding="utf-8").split("\n"), pathlib.Path(sys.argv[2])
    golden = []
    for text in texts:
        # What nltk.word_tokenize does, with and without preserve_line.
        cut = sentences.tokenize(text)
        whole = [word for part in cut for word in words.tokenize(part)]
        golden.append({
            "text": text, "sentences": cut, "nltk": whole, "preserve_line": words.tokenize(text),
            "fluency": (2 / 3 * entropy(whole, 2) + 4 / 3 * entropy(whole, 3)) / 2,
        })
    target.write_text("[" + ",\n".join(json.dumps(entry) for entry in golden) + "]\n")


main()
