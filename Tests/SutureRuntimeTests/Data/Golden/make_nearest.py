# SPDX-License-Identifier: Apache-2.0
"""Writes nearest.json: which of some texts scikit-learn finds the nearest to others.

    python make_nearest.py

Recorded with scikit-learn 1.9.1.
"""

import json
import pathlib

from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.metrics.pairwise import cosine_similarity

TEXTS = [
    "sort a list of numbers in place",
    "sort the list `names` by length",
    "reverse a list",
    "open the file 'notes.txt' for reading",
    "read all lines of a file into a list",
    "count the words of a text, and the words of each line",
    "the largest of two numbers",
    "Sort the LIST names",
    "sum of the squares of a list of numbers",
    "décoder un texte en UTF-8",
    "write x_max to the file `out.bin`",
    "a a a list",
]
QUERIES = [
    "sort a list",
    "the lines of the file notes.txt",
    "count the words of a file",
    "the square of x_max",
    "un texte Décodé en utf-8, décoder",
    "list list list of names",
    "numbers: 1, 2, 3",
    "the the the",
]

if __name__ == "__main__":
    vectors = TfidfVectorizer(token_pattern=r"\w+")
    similarity = cosine_similarity(vectors.fit_transform(TEXTS), vectors.transform(QUERIES)).T
    found = [
        {"query": query, "nearest": sorted(range(len(TEXTS)), key=lambda i: (-round(float(row[i]), 12), i))}
        for query, row in zip(QUERIES, similarity)
    ]
    file = pathlib.Path(__file__).parent / "nearest.json"
    file.write_text(json.dumps({"texts": TEXTS, "found": found}, indent=1, ensure_ascii=False) + "\n")
