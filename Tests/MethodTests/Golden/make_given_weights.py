# SPDX-License-Identifier: Apache-2.0
"""Writes GivenWeights/: the weights and the vocabulary of a vectorizer, as ROME's authors publish theirs, and what scikit-learn makes
of texts with them.

    python make_given_weights.py

Recorded with scikit-learn 1.9.1 and numpy 2.4.6.
"""

import json
import pathlib
import random

import numpy
from sklearn.feature_extraction.text import TfidfVectorizer

FOLDER = pathlib.Path(__file__).parent / "GivenWeights"

TERMS = """the of and tower river town rome paris zürich école straße 北京 под\u0301 e\u0301cole under_score 1890 3d x2 it's σοφός σοφόσ
i\u0307stanbul 😀face ⅳ x½ ſoon a bb""".split()
PAIRS = [
    ("The tower of Rome and the river; the town.", "A tower and a river in PARIS, Paris and the Town."),
    ("Zürich, ZÜRICH zu\u0308rich École e\u0301cole ÉCOLE", "école Zürich STRASSE straße"),
    ("ΣΟΦΌΣ σοφός σοφόσ İstanbul", "ΣΟΦΌΣ. İSTANBUL i\u0307stanbul"),
    ("under_score 1890 3D x2 x½ Ⅳ a bb 北京 под\u0301", "3d-x2/under_score;1890:bb 北京。x½ ⅳ под\u0301 the"),
    ("nothing known here", "the tower"), ("", "the tower"), ("the the the the", "the"),
]


def similarity(text, other, vectorizer):
    """As ROME's code has it, but 0 where a text has no known term."""
    a, b = vectorizer.transform([text, other]).toarray()
    norms = numpy.linalg.norm(a) * numpy.linalg.norm(b)
    return float(numpy.dot(a, b) / norms) if norms > 0 else 0


def main():
    FOLDER.mkdir(exist_ok=True)
    rng = random.Random(3)
    vocabulary = {term: place for place, term in enumerate(rng.sample(TERMS, len(TERMS)))}
    idf = numpy.array([rng.uniform(1, 12) for _ in TERMS])
    (FOLDER / "vocabulary.json").write_text(json.dumps(vocabulary))
    cosines = {}
    for name, weights in {"float64": idf, "float32": idf.astype(numpy.float32)}.items():
        numpy.save(FOLDER / f"{name}.npy", weights)
        vectorizer = TfidfVectorizer(vocabulary=vocabulary)
        vectorizer.idf_ = weights
        cosines[name] = [similarity(*pair, vectorizer) for pair in PAIRS]
    (FOLDER / "cosines.json").write_text(json.dumps({"pairs": PAIRS, "cosines": cosines}, indent=1) + "\n")


main()
