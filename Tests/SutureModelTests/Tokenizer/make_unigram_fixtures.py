# SPDX-License-Identifier: Apache-2.0
"""Writes the files in Fixtures/ whose names begin with `unigram`: small Unigram tokenizers, and what the `tokenizers` package
makes of two sets of texts.

    python make_unigram_fixtures.py            what the package makes of the texts with the tokenizers that are there
    python make_unigram_fixtures.py --train    trains the tokenizers again, too

Needs the packages `tokenizers` 0.23.3 and, for `--train`, `transformers` 5.24.0, `sentencepiece` 0.2.3 and `protobuf` 7.36.2.
One set of texts is the corpus of make_fixtures.py, of which the files hold hashes. The other is below; unigram_texts.json holds
the ids, tokens, offsets and decoded texts of each of its texts.

The tokenizers that come from SentencePiece have a part of its map `nmt_nfkc`, so that the files stay small: the rules whose
characters are in MAPPED. The package's own trainer breaks ties at random, so `--train` may change unigram_bytes.json and what
belongs to it.
"""

import importlib
import io
import json
import random
import string
import sys
import tempfile
import types

from make_fixtures import FOLDER, SEED, line, expected
from tokenizers import (
    AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers)

SPELLED_OUT = 30
# Characters whose rules the maps keep: controls, spaces, letters with marks, ligatures, and wide and narrow forms.
MAPPED = [
    (0x01, 0x20), (0x7F, 0xC8), (0xE0, 0xF0), (0x1D2, 0x1D6), (0x300, 0x30D), (0x323, 0x324), (0x41, 0x48), (0x61, 0x68),
    (0x385, 0x38C), (0x419, 0x41A), (0x438, 0x43A), (0x958, 0x95C), (0xE33, 0xE34), (0x1100, 0x1102), (0x1161, 0x1163),
    (0x11A8, 0x11AA), (0x1E9B, 0x1E9C), (0x1EA4, 0x1EA8), (0x2000, 0x2030), (0x2070, 0x2075), (0x2100, 0x2104),
    (0x2122, 0x2127), (0x2153, 0x2156), (0x2160, 0x2168), (0x2460, 0x2464), (0x2581, 0x2582), (0x3000, 0x3001),
    (0x304B, 0x3050), (0x3099, 0x309B), (0x3316, 0x3318), (0xFB00, 0xFB07), (0xFDFA, 0xFDFB), (0xFEFF, 0xFF10),
    (0xFF21, 0xFF25), (0xFF41, 0xFF45), (0xFF76, 0xFF79), (0xFF9E, 0xFFA0), (0xFFFD, 0xFFFE), (0x1D400, 0x1D404),
]

TEXTS = [
    # Nothing, spaces and controls.
    "", " ", "  ", "          ", "\t", "\n", "\r\n", "\n\n\n", " \t \n ", "\u00a0", "\u3000\u3000", "\u2028", "\x00", "\x01\x02",
    "a\x00b", "a\x1fb", "\x7fword\x7f", "\u200b", "\u200d", "\ufeffThe", "\u00adsoft\u00adhyphen", "\x0b\x0c\x85",
    " leading", "trailing ", "  two  spaces  ", "tab\tin the middle", "line\nfeed", "line\r\nfeed\r\n", " . ", "a b c d e f",
    # Words and signs.
    "The capital of France is Paris.", "the the the", "Hello world", "HELLO WORLD", "don't we'll I'm it's", "``quoted'' text",
    "''", "``", "1234567890", "1,234.56", "a1b2c3", "...", "!?!?!?", "a_b-c+d=e", "http://example.org/a?b=c&d#e",
    "x = a[i] += 1;  // comment", "def f(x):\n    return x + 1\n", "{\"key\": [1, 2]}", "<b>bold</b>", "$5.00 \u20ac7 \u00a39",
    # Scripts.
    "na\u00efve caf\u00e9", "cafe\u0301", "\u00c5ngstr\u00f6m \u212bngstr\u00f6m A\u030angstro\u0308m", "stra\u00dfe \u1e9e",
    "\u0130stanbul \u0131", "\u03b5\u03bb\u03bb\u03b7\u03bd\u03b9\u03ba\u03ac \u039f\u0394\u039f\u03a3",
    "\u041c\u043e\u0441\u043a\u0432\u0430 \u0438\u0306 \u0439", "\u05e9\u05dc\u05d5\u05dd \u05d1\u05bc\u05b0\u05e8\u05b5\u05d0",
    "\u0645\u0631\u062d\u0628\u0627 \u0633\u064e\u0644\u064e\u0627\u0645", "\ufdfa",
    "\u0928\u092e\u0938\u094d\u0924\u0947 \u0939\u093f\u0928\u094d\u0926\u0940 \u0915\u093c \u0958",
    "\u0baa\u0bc6\u0bbe", "\u0e2a\u0e27\u0e31\u0e2a\u0e14\u0e35 \u0e19\u0e49\u0e33 \u0e33",
    "\u4f60\u597d\u4e16\u754c", "\u6771\u4eac\u90fd\u306e\u304b\u3099\u3063\u3053\u3046", "\u30ab\u30bf \uff76\uff9e\uff77\uff9f",
    "\uc548\ub155 \u1112\u1161\u11ab\u1100\u1173\u11af \u1100\u1161\u11a8", "\u10d2\u10d0\u10db\u10d0\u10e0\u10ef\u10dd\u10d1\u10d0",
    "\u1200\u120e \u12d3\u1208\u121d", "\u1e24\u1e6d \u1ea5 a\u0302\u0301", "\U00010330\U00010331", "\U0001d400\U0001d401\U0001d402",
    # Marks, forms and emoji.
    "e\u0301\u0302\u0303\u0323", "\u0301", "\u0301\u0301 a", "e\u200d\u0301", "q\u0307\u0323", "\u1e9b\u0323", "\u00a9\u200d\u00ae",
    "\u0600a", "\u2122 \x1eg \u2122\x1eg", "\ufb01ne \ufb03 \ufb06", "\uff34\uff48\uff45 \uff21\uff22\uff43", "\u2460\u2461 \u2163 \u00bd \u2154 x\u00b2",
    "\u3316\u3317", "\u2026\u2014\u201cquoted\u201d", "\U0001f600", "\U0001f44d\U0001f3fd", "\U0001f468\u200d\U0001f469\u200d\U0001f467",
    "\U0001f1eb\U0001f1f7\U0001f1e9", "\u2764\ufe0f", "\u2581", "\u2581\u2581a\u2581", "a\u2581b", "\ufffd", "\U0010ffff\ue000",
    # Tokens, spelled out.
    "<unk>", "x<unk>y", "<unk><unk>", "\u0416<unk>\u0416", "</s>", "The</s> end", "<s>", "<pad>", "[CLS] a [SEP]", "<sep><cls>",
    "<extra_id_0> and <extra_id_1>", "<mask>", "a <mask> b", "en_XX", "<0x41>", "<0xE2><0x96><0x81>", "Marker marker Markers",
    # Long ones.
    "a" * 60, "ab" * 30, "\u4f60" * 120, " " * 100 + "x", "word " * 8, "\U0001f600" * 5, "e" + "\u0301" * 12,
    "incomprehensibilities" * 4, "\u0416" * 80,
]


def common_lines(seed, share=0.03):
    """Lines of the corpus without nearly all of its rarer characters, so that these have no token.

    Without "<" they spell no special token, which the package would learn a second time.
    """
    scarce = random.Random(seed)
    for index in range(3000):
        text = line(index, seed=seed * SEED).replace("\0", " ").replace("<", " ")
        yield "".join(scalar for scalar in text if 0x20 <= ord(scalar) < 0x80 or scarce.random() < share)


def trained_model(charsmap_rules, vocabulary, **options):
    """A SentencePiece model, trained on lines of the corpus."""
    import sentencepiece

    with tempfile.NamedTemporaryFile("w", suffix=".tsv", encoding="utf-8") as rules:
        if charsmap_rules is not None:
            for source, target in charsmap_rules:
                codes = (" ".join(f"{ord(scalar):X}" for scalar in text) for text in (source, target))
                rules.write("\t".join(codes) + "\n")
            rules.flush()
            options["normalization_rule_tsv"] = rules.name
        else:
            options["normalization_rule_name"] = "nmt_nfkc"
        writer = io.BytesIO()
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=common_lines(11), model_writer=writer, vocab_size=vocabulary, hard_vocab_limit=False,
            character_coverage=0.98, num_threads=1, minloglevel=2, max_sentencepiece_length=12,
            required_chars=string.ascii_letters + string.digits + ".,'", **options)
    return writer.getvalue()


def proto(model):
    from sentencepiece import sentencepiece_model_pb2 as pb2

    result = pb2.ModelProto()
    result.ParseFromString(model)
    return result


def rules_of(charsmap):
    """The rules of a map, by walking through its double array."""
    count = int.from_bytes(charsmap[:4], "little") // 4
    units = [int.from_bytes(charsmap[4 + 4 * index:8 + 4 * index], "little") for index in range(count)]
    texts = charsmap[4 + 4 * count:]

    def offset(unit):
        return (unit >> 10) << ((unit & 0x200) >> 6)

    rules = []
    stack = [(offset(units[0]), b"")]
    while stack:
        place, key = stack.pop()
        for byte in range(1, 0xF5):
            unit = units[place ^ byte]
            if unit & 0x800000FF != byte:
                continue
            following = place ^ byte ^ offset(unit)
            longer = key + bytes([byte])
            if unit >> 8 & 1:
                start = units[following] & 0x7FFFFFFF
                rules.append((longer.decode(), texts[start:texts.index(0, start)].decode()))
            stack.append((following, longer))
    return sorted(rules)


def some_rules():
    """The rules of `nmt_nfkc` for the characters in MAPPED."""
    def is_mapped(text):
        return all(any(low <= ord(scalar) < high for low, high in MAPPED) for scalar in text)

    whole = rules_of(proto(trained_model(None, 300)).normalizer_spec.precompiled_charsmap)
    return [rule for rule in whole if is_mapped(rule[0]) and len(rule[0]) < 4]


def place(vocabulary, token):
    return [pair[0] for pair in vocabulary].index(token)


def converted(name, model, **attributes):
    """What a converter of transformers makes of a SentencePiece model."""
    converters = importlib.import_module("transformers.convert_slow_tokenizer")
    with tempfile.NamedTemporaryFile(suffix=".model") as file:
        file.write(model)
        file.flush()
        original = types.SimpleNamespace(
            vocab_file=file.name, add_prefix_space=True, legacy=True, keep_accents=False, do_lower_case=False, _extra_ids=4,
            convert_tokens_to_ids=lambda token: place(converter.vocab(converter.proto), token))
        for key, value in attributes.items():
            setattr(original, key, value)
        converter = getattr(converters, name)(original)
        return converter.converted()


def t5(rules):
    tokenizer = converted("T5Converter", trained_model(
        rules, 420, pad_id=0, eos_id=1, unk_id=2, bos_id=-1))
    tokenizer.add_special_tokens([AddedToken(f"<extra_id_{index}>", rstrip=True) for index in range(4)])
    tokenizer.add_special_tokens(["</s>", "<pad>", "<unk>"])
    return json.loads(tokenizer.to_str())


def albert(rules):
    tokenizer = converted("AlbertConverter", trained_model(
        rules, 400, pad_id=0, unk_id=1, bos_id=-1, eos_id=-1, control_symbols=["[CLS]", "[SEP]"],
        user_defined_symbols=["(", ")"]), do_lower_case=True)
    tokenizer.add_special_tokens([AddedToken("<mask>", lstrip=True)])
    tokenizer.add_tokens([AddedToken("Marker", normalized=True, special=False)])
    return json.loads(tokenizer.to_str())


def xlnet(rules):
    tokenizer = converted("XLNetConverter", trained_model(
        rules, 380, unk_id=0, bos_id=1, eos_id=2, control_symbols=["<cls>", "<sep>", "<pad>", "<mask>"]), keep_accents=True,
        legacy=False)
    return json.loads(tokenizer.to_str())


def mbart(rules):
    tokenizer = converted("MBartConverter", trained_model(rules, 360))
    tokenizer.add_special_tokens(["<s>", "<pad>", "</s>", "<unk>", "en_XX", AddedToken("<mask>", lstrip=True)])
    return json.loads(tokenizer.to_str())


def unigram(size, specials, **options):
    """A model of the package's own trainer."""
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.normalizer = normalizers.NFKC()
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    trainer = trainers.UnigramTrainer(
        vocab_size=size, special_tokens=specials, unk_token="<unk>", show_progress=False, max_piece_length=10, **options)
    tokenizer.train_from_iterator(common_lines(13, share=0.01), trainer)
    return json.loads(tokenizer.to_str())


def bytes_of_unknown():
    """As transformers writes a SentencePiece model with bytes for unknown characters."""
    file = unigram(1000, ["<unk>", "<s>", "</s>"] + [f"<0x{byte:02X}>" for byte in range(256)])
    tokenizer = Tokenizer.from_str(json.dumps(file))
    tokenizer.normalizer = normalizers.Sequence([
        normalizers.Replace(Regex(r"\A +| +\z"), ""), normalizers.Replace(Regex(" {2,}"), " "),
        normalizers.Replace(" ", "\u2581"), normalizers.Replace(Regex("\\A\u2581"), "\u2581\u2581")])
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Metaspace(prepend_scheme="first", split=False),
        pre_tokenizers.Split(Regex("Marker|def"), behavior="isolated")])
    tokenizer.decoder = decoders.Sequence([
        decoders.Replace("\u2581", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)])
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A", pair="<s> $A $B", special_tokens=[("<s>", place(file["model"]["vocab"], "<s>"))])
    file = json.loads(tokenizer.to_str())
    file["model"]["byte_fallback"] = True
    file["added_tokens"] = [token for token in file["added_tokens"] if not token["content"].startswith("<0x")]
    return file


def ties():
    """Scores that are equal, positive and of many digits; bytes as characters; a token of unknown characters."""
    scores = random.Random(5)
    tokens = ["<unk>", "\u0120", "\u0120the", "\u00c3\u00a9", "\u00d0\u00a1\u00d0\u00a2"]
    letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.,!?()[]{}<>/=+-*'\"\u00c3\u00c2\u00d0"
    tokens += list(letters)
    for _ in range(700):
        tokens.append("".join(scores.choice("aeinorst") for _ in range(2 + scores.randrange(4))))
    tokens = list(dict.fromkeys(tokens))
    values = [-1.5, -3.0, -4.5, -6.0, 0.25, 12, -1.0000000000000002, -11.780045159651033]
    vocab = [[token, scores.choice(values[:4]) if scores.random() < 0.6 else scores.choice(values)] for token in tokens]
    # Where unknown characters score more than this token, they are not taken for it, and are it all the same.
    vocab += [["\u00d0\u00a1\u00d0", -1000.5], ["\u00e2\u0122", -900]]
    for pair in vocab:
        if pair[0] not in ("\u00d0\u00a1\u00d0", "\u00e2\u0122"):
            pair[1] += 2000
    return {
        "version": "1.0", "truncation": None, "padding": None, "added_tokens": [],
        "normalizer": {"type": "Sequence", "normalizers": [
            {"type": "Nmt"}, {"type": "NFKC"}, {"type": "StripAccents"}, {"type": "Prepend", "prepend": "\u2581"},
            {"type": "Replace", "pattern": {"String": "\u2581"}, "content": " "}]},
        "pre_tokenizer": {
            "type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True},
        "post_processor": {
            "type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True},
        "decoder": {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True},
        "model": {"type": "Unigram", "unk_id": 0, "vocab": vocab, "byte_fallback": False},
    }


def spelled_out(names):
    rows = []
    tokenizers = {name: Tokenizer.from_file(str(FOLDER / f"{name}.json")) for name in names}
    contents = {
        name: {id: token.content for id, token in tokenizer.get_added_tokens_decoder().items()}
        for name, tokenizer in tokenizers.items()}
    for text in TEXTS:
        row = {"text": text}
        for name, tokenizer in tokenizers.items():
            encoding = tokenizer.encode(text)
            row[name] = [
                encoding.ids, " ".join(contents[name].get(id) or tokenizer.id_to_token(id) for id in encoding.ids),
                [bound for offset in encoding.offsets for bound in offset], tokenizer.decode(encoding.ids)]
        rows.append(json.dumps(row, ensure_ascii=False, separators=(",", ":")))
    (FOLDER / "unigram_texts.json").write_text("[\n" + ",\n".join(rows) + "\n]\n", encoding="utf-8")


def main():
    rules = None
    kinds = {
        "unigram_t5": t5, "unigram_albert": albert, "unigram_xlnet": xlnet, "unigram_mbart": mbart,
        "unigram_bytes": lambda _: bytes_of_unknown(), "unigram_ties": lambda _: ties(),
    }
    for name, make in kinds.items():
        path = FOLDER / f"{name}.json"
        if "--train" in sys.argv or not path.exists():
            rules = rules or some_rules()
            file = make(rules)
        else:
            file = json.loads(path.read_text(encoding="utf-8"))
        expected(name, file, SPELLED_OUT)
    spelled_out(kinds)


if __name__ == "__main__":
    main()
