# SPDX-License-Identifier: Apache-2.0
"""Writes the files in Fixtures/: small trained tokenizers, and what the `tokenizers` package makes of a corpus.

    python make_fixtures.py            what the package makes of the corpus with the tokenizers that are there
    python make_fixtures.py --train    trains the tokenizers again, too

Needs the package `tokenizers` 0.23.3. The corpus is not stored: it is drawn from fragments.json by the generator
below, which TokenizerCorpus.swift repeats. For every block of lines the files hold a hash of ids, offsets and decoded
texts; for the first lines they hold the ids themselves. Training breaks ties at random where the alphabet is limited,
so `--train` may change llama2.json, mistral.json, splits.json and unknowns.json and what belongs to them.
"""

import json
import pathlib
import sys

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

FOLDER = pathlib.Path(__file__).parent / "Fixtures"
SEED = 20250117
LINES = 10000
BLOCK = 40
SPELLED_OUT = 150
MASK = (1 << 64) - 1

LLAMA3 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
QWEN2 = LLAMA3.replace(r"\p{N}{1,3}", r"\p{N}")
O200K = "|".join([
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
    r"\p{N}{1,3}",
    r" ?[^\s\p{L}\p{N}]+[\r\n/]*",
    r"\s*[\r\n]+",
    r"\s+(?!\S)",
    r"\s+",
])
POSSESSIVE = (
    r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+"
)

# Stretches of code points a line may draw from: scripts, marks, symbols and everything.
STRETCHES = [
    (0x00, 0x20), (0x20, 0x7F), (0x7F, 0x100), (0x100, 0x250), (0x300, 0x370), (0x370, 0x400), (0x400, 0x530),
    (0x590, 0x600), (0x600, 0x700), (0x900, 0x980), (0xE00, 0xE80), (0x1100, 0x1200), (0x1E00, 0x2000),
    (0x2000, 0x2070), (0x2070, 0x2200), (0x3040, 0x3100), (0x4E00, 0x4E80), (0xAC00, 0xAC80), (0xF900, 0xFB50),
    (0xFE00, 0xFFF0), (0x1D15E, 0x1D1C0), (0x1F300, 0x1F650), (0x1F3FB, 0x1F400), (0, 0xD800), (0xE000, 0x110000),
]

FRAGMENTS = [
    "The", "the", " of", " and", "ing", " in", "Paris", " is the capital of", " France", " language", "model",
    "Hello", " world", " I'm", " don't", " WE'VE", "they'll", "HE'D", "it's", "IT'S", "'re", "'LL", "'\u017f", "'",
    " 's", "''s", "na\u00efve", "caf\u00e9", "cafe\u0301", "\u00c5ngstr\u00f6m", "A\u030angstro\u0308m",
    "\u00fcber", "stra\u00dfe", "fia\u0328\u0323nce\u0323\u0302", "q\u0307\u0323", "\u1e9b\u0323", "\ufb01ne",
    "\u03b5\u03bb\u03bb\u03b7\u03bd\u03b9\u03ba\u03ac", " \u039f\u0394\u039f\u03a3", "\u0430\u043b\u0444\u0430",
    " \u041c\u043e\u0441\u043a\u0432\u0430", "\u0439", "\u0438\u0306", "\u05e9\u05dc\u05d5\u05dd",
    " \u05d1\u05bc\u05b0\u05e8\u05b5\u05d0", "\u0645\u0631\u062d\u0628\u0627", " \u0633\u064e\u0644\u064e\u0627\u0645",
    "\u0928\u092e\u0938\u094d\u0924\u0947", " \u0939\u093f\u0928\u094d\u0926\u0940", "\u0915\u093c", "\u0958",
    "\u0e2a\u0e27\u0e31\u0e2a\u0e14\u0e35", "\u4f60\u597d", "\u4e16\u754c", "\u6771\u4eac\u90fd", "\u3053\u3093\u306b",
    "\u304b\u3099", "\u30ab\u30bf", "\uff76\uff9e", "\uc548\ub155", "\u1112\u1161\u11ab\u1100\u1173\u11af",
    "\ud55c\uae00",
    "\u1100\u1161", "\uac00\u11a8", "\U0001f600", "\U0001f44d\U0001f3fd", "\U0001f468\u200d\U0001f469\u200d\U0001f467",
    "\U0001f1eb\U0001f1f7", "\u2764\ufe0f", "1", "42", "1234567", "3.14", "\u0664\u0665", "\u00bd", "\u2167", "x\u00b2",
    "def f(x):\n    return x + 1\n", "for (int i = 0; i < n; ++i) {\r\n\t", "a_b", "==", "!=", "->", "//", "</s>",
    "<s>", "<unk>", "<|endoftext|>", "<|begin_of_text|>", "<|im_start|>", " <|im_end|> ", "<mask>", "  <mask>  ",
    "[PAD]", "word", " word ", "words", "swordfish", "Marker", "marker", "\u2581", "\u2581\u2581", "<0x41>", "<0xE2>",
    " ", "  ", "   ", "\t", "\n", "\n\n", "\r\n", " \n ", "\u00a0", "\u3000", "\u2028", "\u0085", "\u200b", "\u200d",
    "\ufeff", "\x00", "\x1b[0m", "\x7f", "...", "?!", "\u2026", "\u2014", "\u201cquoted\u201d", "\ufffd", "\u0130",
    "\u1e9e", "\U00011935\U00011930", "\U00016d67", "\u0295", "\u088f", "\U0001e5ee", "\u212b", "\u1fc1",
]


class Generator:
    """SplitMix64."""

    def __init__(self, seed):
        self.state = seed & MASK

    def below(self, bound):
        self.state = (self.state + 0x9E3779B97F4A7C15) & MASK
        z = self.state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
        return (z ^ (z >> 31)) % bound


def line(index, seed=SEED):
    generator = Generator(seed + index)
    parts = []
    for _ in range(generator.below(14)):
        kind = generator.below(10)
        if kind < 7:
            if generator.below(2) == 0:
                parts.append(" ")
            parts.append(FRAGMENTS[generator.below(len(FRAGMENTS))])
        elif kind == 7:
            parts.append(str(generator.below(1000000)))
        else:
            low, high = STRETCHES[generator.below(len(STRETCHES))]
            for _ in range(1 + generator.below(5)):
                parts.append(chr(low + generator.below(high - low)))
    return "".join(parts)


def fnv(words, value=0xCBF29CE484222325):
    """FNV-1a over words in place of bytes."""
    for word in words:
        value = ((value ^ word) * 0x100000001B3) & MASK
    return value


def byte_level(**options):
    return pre_tokenizers.ByteLevel(**{"add_prefix_space": False, "use_regex": False, **options})


def trained(tokenizer, size, specials=(), alphabet=(), **options):
    trainer = trainers.BpeTrainer(
        vocab_size=size, special_tokens=list(specials), initial_alphabet=list(alphabet), show_progress=False, **options)
    tokenizer.train_from_iterator((line(index, seed=7 * SEED) for index in range(4000)), trainer)
    return tokenizer


def template(bos, tokenizer, eos=None):
    tokens = [(token, tokenizer.token_to_id(token)) for token in (bos, eos) if token]
    single = " ".join(part for part in (bos, "$A", eos) if part)
    return processors.TemplateProcessing(single=single, pair=f"{single} $B:1", special_tokens=tokens)


def gpt2():
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=True)
    tokenizer.decoder = decoders.ByteLevel()
    trained(tokenizer, 1200, ["<|endoftext|>"], pre_tokenizers.ByteLevel.alphabet())
    # The form of the published file: merges as strings, no model type, empty affixes.
    file = json.loads(tokenizer.to_str())
    file["model"]["merges"] = [" ".join(merge) for merge in file["model"]["merges"]]
    for key in ("type", "byte_fallback", "ignore_merges"):
        del file["model"][key]
    file["model"].update(continuing_subword_prefix="", end_of_word_suffix="")
    return file


def neox():
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    tokenizer.post_processor = processors.ByteLevel(add_prefix_space=True, trim_offsets=True)
    tokenizer.decoder = decoders.ByteLevel()
    trained(tokenizer, 1000, ["<|endoftext|>"], pre_tokenizers.ByteLevel.alphabet())
    tokenizer.add_tokens([AddedToken(" " * n, normalized=True) for n in range(8, 1, -1)])
    tokenizer.add_tokens([AddedToken("A\u030angstro\u0308m", normalized=True)])
    return json.loads(tokenizer.to_str())


def llama3():
    tokenizer = Tokenizer(models.BPE(ignore_merges=True))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(LLAMA3), behavior="isolated", invert=False), byte_level()])
    tokenizer.decoder = decoders.ByteLevel()
    trained(tokenizer, 1500, (), pre_tokenizers.ByteLevel.alphabet())
    tokenizer.add_special_tokens(["<|begin_of_text|>", "<|end_of_text|>", "<|im_start|>", "<|im_end|>"])
    tokenizer.post_processor = processors.Sequence([
        processors.ByteLevel(trim_offsets=False), template("<|begin_of_text|>", tokenizer)])
    # Without every fifth of the later merges, some tokens are reached only because merges are ignored.
    file = json.loads(tokenizer.to_str())
    merges = file["model"]["merges"]
    file["model"]["merges"] = [merge for index, merge in enumerate(merges) if index < 300 or index % 5]
    return file


def qwen2():
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(QWEN2), behavior="isolated", invert=False), byte_level()])
    tokenizer.post_processor = processors.ByteLevel(add_prefix_space=False, trim_offsets=False)
    tokenizer.decoder = decoders.ByteLevel()
    trained(tokenizer, 1200, (), pre_tokenizers.ByteLevel.alphabet())
    tokenizer.add_special_tokens(["<|endoftext|>", "<|im_start|>", "<|im_end|>"])
    tokenizer.add_tokens([AddedToken("<s>", normalized=False), AddedToken("caf\u00e9", normalized=True)])
    return json.loads(tokenizer.to_str())


def sentence_piece(normalizer, pre_tokenizer, decoder, fallback_bytes=range(256), **options):
    tokenizer = Tokenizer(models.BPE(byte_fallback=True, unk_token="<unk>", **options))
    if normalizer:
        tokenizer.normalizer = normalizer
    if pre_tokenizer:
        tokenizer.pre_tokenizer = pre_tokenizer
    tokenizer.decoder = decoder
    specials = ["<unk>", "<s>", "</s>"] + [f"<0x{byte:02X}>" for byte in fallback_bytes]
    trained(tokenizer, 1200, specials, limit_alphabet=160, max_token_length=12)
    tokenizer.post_processor = template("<s>", tokenizer)
    file = json.loads(tokenizer.to_str())
    file["added_tokens"] = [token for token in file["added_tokens"] if not token["content"].startswith("<0x")]
    return file


def llama2():
    file = sentence_piece(
        normalizers.Sequence([normalizers.Prepend("\u2581"), normalizers.Replace(" ", "\u2581")]), None,
        decoders.Sequence([
            decoders.Replace("\u2581", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]),
        fuse_unk=True)
    # As in some published files, one special token is looked for in the normalised text, and one token is not special.
    file["added_tokens"][2]["normalized"] = True
    file["added_tokens"].append(dict(
        file["added_tokens"][0], id=len(file["model"]["vocab"]), content="Marker", special=False, normalized=True))
    return file


def mistral():
    scheme = {"prepend_scheme": "first", "split": False}
    file = sentence_piece(
        None, pre_tokenizers.Metaspace(**scheme),
        decoders.Sequence([
            decoders.Replace("\u2581", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]),
        fallback_bytes=range(0xE0), fuse_unk=True)
    # Bytes from E0 up have no token: those characters are unknown.
    return file


def unknowns():
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>", fuse_unk=False))
    tokenizer.normalizer = normalizers.Sequence([
        normalizers.NFKC(), normalizers.Lowercase(), normalizers.Strip(),
        normalizers.Replace(Regex(r"[\t ]{2,}"), " ")])
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.Metaspace(prepend_scheme="always")])
    tokenizer.decoder = decoders.Metaspace(prepend_scheme="always")
    trained(tokenizer, 900, ["<unk>", "<s>", "</s>"], limit_alphabet=120)
    tokenizer.add_special_tokens([AddedToken("<mask>", lstrip=True, rstrip=True), AddedToken("[PAD]", rstrip=True)])
    tokenizer.add_tokens([
        AddedToken("word", single_word=True, normalized=False), AddedToken("Marker", normalized=True, lstrip=True)])
    tokenizer.post_processor = template("<s>", tokenizer, "</s>")
    return json.loads(tokenizer.to_str())


def patterns(pattern, normalizer, before=()):
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizer
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
        *before, pre_tokenizers.Split(Regex(pattern), behavior="isolated", invert=False), byte_level()])
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=False)
    tokenizer.decoder = decoders.ByteLevel()
    trained(tokenizer, 600, ["<|endoftext|>"], pre_tokenizers.ByteLevel.alphabet())
    return json.loads(tokenizer.to_str())


def splits():
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>", fuse_unk=True))
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFKD(), normalizers.Strip(left=True, right=False)])
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Split(" ", behavior="merged_with_previous"),
        pre_tokenizers.Split(Regex(r"[.,!?]|\d(?=\d)"), behavior="merged_with_next"),
        pre_tokenizers.Split(Regex(r"\p{P}+"), behavior="contiguous"),
        pre_tokenizers.Split(Regex(r"[aeiou]{2,3}|(?:xy)*?z|(?>th|t)[e-g]++"), behavior="removed"),
        pre_tokenizers.Split(Regex(r"\S.{0,6}"), behavior="isolated", invert=True),
        pre_tokenizers.Whitespace(),
    ])
    trained(tokenizer, 600, ["<unk>"], limit_alphabet=200)
    return json.loads(tokenizer.to_str())


def bytes_first():
    """As Falcon: the byte characters are split again after ByteLevel."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.ByteLevel(add_prefix_space=True), pre_tokenizers.Digits(individual_digits=False),
        pre_tokenizers.Split(Regex("[0-9][0-9][0-9]"), behavior="isolated")])
    tokenizer.post_processor = processors.ByteLevel(add_prefix_space=True, trim_offsets=True)
    tokenizer.decoder = decoders.ByteLevel()
    trained(tokenizer, 700, ["<|endoftext|>"], pre_tokenizers.ByteLevel.alphabet())
    return json.loads(tokenizer.to_str())


def expected(name, file, spelled_out=SPELLED_OUT):
    text = json.dumps(file, ensure_ascii=False, separators=(",", ":"))
    (FOLDER / f"{name}.json").write_text(text)
    tokenizer = Tokenizer.from_str(text)
    rows = []
    for start in range(0, LINES, BLOCK):
        block = []
        for index in range(start, start + BLOCK):
            encoding = tokenizer.encode(line(index))
            if index < spelled_out:
                rows.append(f"line {index} {' '.join(map(str, encoding.ids))}".rstrip())
            block += [len(encoding.ids), *encoding.ids, *(bound for offset in encoding.offsets for bound in offset)]
            for skip in (True, False):
                text = tokenizer.decode(encoding.ids, skip_special_tokens=skip).encode()
                block += [len(text), *text]
        rows.append(f"block {start // BLOCK} {fnv(block):016x}")
    (FOLDER / f"{name}.expected.txt").write_text("\n".join(rows) + "\n")


def one_letter_map():
    """The smallest map of characters, in the format of SentencePiece: "X" for "a"."""
    units = [0] * 512
    units[0] = 256 << 10
    letter = 256 ^ ord("a")
    units[letter] = (letter ^ 128) << 10 | 0x100 | ord("a")
    units[128] = 0x80000000
    return b"".join(word.to_bytes(4, "little") for word in [4 * len(units), *units]) + b"X\0"


def unicode_hashes():
    """One hash for each thing the package knows about scalars."""
    scalars = [chr(value) for value in range(0x110000) if not 0xD800 <= value < 0xE000]

    def classes(names, pattern):
        found = [0] * len(scalars)
        for number, name in enumerate(names):
            splitter = pre_tokenizers.Split(Regex(pattern % name), behavior="removed")
            for start in range(0, len(scalars), 4096):
                chunk = scalars[start:start + 4096]
                kept = set()
                for _, (low, high) in splitter.pre_tokenize_str("".join(chunk)):
                    kept.update(range(low, high))
                for index in range(len(chunk)):
                    if index not in kept:
                        found[start + index] = number + 1
        return found

    def word(scalar):
        """2 inside a word, 0 white space, 1 anything else."""
        pieces = [piece for piece, _ in whitespace.pre_tokenize_str("a" + scalar)]
        return 2 if pieces == ["a" + scalar] else 0 if pieces == ["a"] else 1

    categories = (
        "Lu Ll Lt Lm Lo Mn Mc Me Nd Nl No Pc Pd Ps Pe Pi Pf Po Sm Sc Sk So Zs Zl Zp Cc Cf Co Cn").split()
    whitespace = pre_tokenizers.Whitespace()
    digits = pre_tokenizers.Digits(individual_digits=True)
    values = {
        "categories": classes(categories, r"\p{%s}+"),
        "spaces": classes(["s"], r"\%s+"),
        "words": map(word, scalars),
        "digits": (len(digits.pre_tokenize_str("a" + scalar)) - 1 for scalar in scalars),
    }
    # What has mappings lies below U+30000 and outside the unified ideographs; of the Hangul syllables some will do.
    mapped = [
        scalar for scalar in scalars[:0x30000 - 0x800]
        if not (0x3400 <= ord(scalar) < 0xA000 or 0x20000 <= ord(scalar) < 0x2F800)
        and not (0xAC00 <= ord(scalar) < 0xD800 and ord(scalar) % 7)]
    decompose = normalizers.NFKD()
    accents, nmt = normalizers.StripAccents(), normalizers.Nmt()
    # A map that replaces "a" replaces the whole of a short grapheme cluster that begins with it.
    clusters = normalizers.Precompiled(one_letter_map())
    values["marks"] = (int(accents.normalize_str(scalar) == "") for scalar in scalars)
    values["nmt"] = (
        0 if cleaned == "" else 2 if cleaned == scalar else 1 for scalar in scalars for cleaned in [nmt.normalize_str(scalar)])
    values["clusters"] = (int(clusters.normalize_str("a" + scalar) == "X") for scalar in scalars)
    values["lowercase"] = map(ord, "\n".join(normalizers.Lowercase().normalize_str(scalar) for scalar in mapped))
    for name in ("NFC", "NFD", "NFKC", "NFKD"):
        normalize = getattr(normalizers, name)().normalize_str
        values[name] = map(ord, "\n".join(
            normalize(scalar) + "\n" + normalize(decompose.normalize_str(scalar) + "\u0323\u0301\u0334")
            for scalar in mapped))
    rows = [f"{name} {fnv(value):016x}" for name, value in values.items()]
    (FOLDER / "unicode.txt").write_text("\n".join(rows) + "\n")


def main():
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / "fragments.json").write_text(json.dumps({"fragments": FRAGMENTS, "stretches": STRETCHES}) + "\n")
    kinds = {
        "gpt2": gpt2, "neox": neox, "llama3": llama3, "qwen2": qwen2, "llama2": llama2, "mistral": mistral,
        "unknowns": unknowns, "splits": splits, "bytes_first": bytes_first,
        "o200k": lambda: patterns(O200K, normalizers.NFD()),
        "possessive": lambda: patterns(
            POSSESSIVE, normalizers.NFKC(), [pre_tokenizers.Digits(individual_digits=False)]),
    }
    for name, train in kinds.items():
        path = FOLDER / f"{name}.json"
        trains = "--train" in sys.argv or not path.exists()
        expected(name, train() if trains else json.loads(path.read_text(encoding="utf-8")))
    unicode_hashes()


if __name__ == "__main__":
    main()
