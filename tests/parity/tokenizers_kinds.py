"""Small tokenizers of the same shape as those of real families: same normalizer, patterns, model options, decoder, and
added tokens of the same flags; vocabularies trained on the documentation beside this file. Also a few that chain parts
no family chains, so that every part is compared."""

import itertools
import json
from pathlib import Path

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

LLAMA3 = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+"
          r"|\s+(?!\S)|\s+")
QWEN2 = LLAMA3.replace(r"\p{N}{1,3}", r"\p{N}")
TEKKEN = (r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}"
          r"\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+")
BLOOM = " ?[^(\\s|[.,!?…。，、।۔،])]+"


def corpus():
    docs = Path(__file__).parents[2] / "docs"
    text = "\n".join(page.read_text() for page in sorted(docs.glob("*.md")))
    return text.split("\n") + ["Was hörst du? Ein Motorrad fährt vorbei.", "你好，世界。前面有一辆车。", "Где машина?", "café naïve"]


def special(content, **flags):
    return AddedToken(content, special=True, normalized=False, **flags)


def byte_level(words, normalizer=None, extra=(), template=None, ignore_merges=False):
    tokenizer = Tokenizer(models.BPE())
    if normalizer:
        tokenizer.normalizer = normalizer
    tokenizer.pre_tokenizer = words
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.train_from_iterator(corpus(), trainers.BpeTrainer(
        vocab_size=1200, special_tokens=["<s>", "</s>"], show_progress=False,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet()))
    tokenizer.add_tokens(list(extra))
    if template:
        tokenizer.post_processor = template
    spec = json.loads(tokenizer.to_str())
    spec["model"]["ignore_merges"] = ignore_merges
    return spec


def split(pattern, behavior="isolated", invert=False):
    return pre_tokenizers.Split(Regex(pattern), behavior, invert)


def pattern_words(pattern):
    return pre_tokenizers.Sequence([split(pattern), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])


def sentencepiece(normalizer, pre_tokenizer, decoder, extra=()):
    """Merges trained on words that begin with the space's stand-in, plus the byte tokens, as converters write them."""
    trained = Tokenizer(models.BPE(unk_token="<unk>"))
    trained.pre_tokenizer = pre_tokenizers.Metaspace()
    trained.train_from_iterator(corpus(), trainers.BpeTrainer(vocab_size=900, show_progress=False))
    model = json.loads(trained.to_str())["model"]
    tokens = ["<unk>", "<s>", "</s>"] + [f"<0x{b:02X}>" for b in range(256)] + [t for t in model["vocab"] if t != "<unk>"]
    vocab = {token: number for number, token in enumerate(dict.fromkeys(tokens))}
    merges = [tuple(pair) for pair in model["merges"]]
    tokenizer = Tokenizer(models.BPE(vocab, merges, unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    if normalizer:
        tokenizer.normalizer = normalizer
    if pre_tokenizer:
        tokenizer.pre_tokenizer = pre_tokenizer
    tokenizer.decoder = decoder
    tokenizer.add_special_tokens([special("<unk>"), special("<s>"), special("</s>")])
    tokenizer.add_tokens(list(extra))
    tokenizer.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 1)])
    return json.loads(tokenizer.to_str())


def spaces_fused(strip):
    steps = [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()]
    return decoders.Sequence(steps + ([decoders.Strip(" ", 1, 0)] if strip else []))


def bert():
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    tokenizer.train_from_iterator(corpus(), trainers.WordPieceTrainer(
        vocab_size=900, special_tokens=["[PAD]", "[UNK]", "[CLS]", "[SEP]"], show_progress=False))
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    return json.loads(tokenizer.to_str())


def families():
    prepend = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    chat = [special("<|im_start|>"), special("<|im_end|>"), AddedToken("<think>", normalized=False)]
    runs = [AddedToken(" " * n, normalized=True) for n in range(24, 1, -1)]
    roberta = processors.RobertaProcessing(("</s>", 1), ("<s>", 0))
    begin = processors.Sequence([processors.ByteLevel(), processors.TemplateProcessing(
        single="<s> $A", special_tokens=[("<s>", 0)])])
    plain = pre_tokenizers.ByteLevel(add_prefix_space=False)
    digits = pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True), plain])
    return {
        "gpt-2": byte_level(plain, extra=[special("<|endoftext|>")]),
        "gpt-2, prefix space, roberta": byte_level(pre_tokenizers.ByteLevel(), extra=[special("<mask>", lstrip=True)], template=roberta),
        "llama 3": byte_level(pattern_words(LLAMA3), extra=chat, template=begin, ignore_merges=True),
        "qwen 2": byte_level(pattern_words(QWEN2), normalizers.NFC(), chat),
        "pythia": byte_level(plain, normalizers.NFC(), runs + [special("<|padding|>")]),
        "bloom": byte_level(pattern_words(BLOOM), extra=[special("<pad>")]),
        "smollm": byte_level(digits, extra=chat),
        "mistral nemo": byte_level(pattern_words(TEKKEN), extra=chat, template=begin, ignore_merges=True),
        "llama 2": sentencepiece(prepend, None, spaces_fused(True)),
        "mistral": sentencepiece(None, pre_tokenizers.Metaspace(prepend_scheme="first", split=False), spaces_fused(True),
                                 [special("[INST]"), special("[/INST]")]),
        "phi 3": sentencepiece(prepend, None, spaces_fused(True), [special("<|user|>", rstrip=True), special("<|end|>", rstrip=True)]),
        "gemma": sentencepiece(normalizers.Replace(" ", "▁"), None, spaces_fused(False)),
        "bert": bert(),
    }


def others():
    plain = spaces_fused(False)
    white = pre_tokenizers.WhitespaceSplit()
    table = {
        "nfkc, metaspace always": (normalizers.NFKC(), pre_tokenizers.Metaspace(), decoders.Metaspace()),
        "nfkd, strip accents, lower": (normalizers.Sequence([normalizers.NFKD(), normalizers.StripAccents(), normalizers.Lowercase()]),
                                       white, plain),
        "nfd, strip": (normalizers.Sequence([normalizers.NFD(), normalizers.Strip()]), pre_tokenizers.Whitespace(), plain),
        "lower, strip left": (normalizers.Sequence([normalizers.Lowercase(), normalizers.Strip(left=True, right=False)]),
                              pre_tokenizers.Punctuation(), plain),
        "replace pattern, metaspace never": (normalizers.Replace(Regex(r"\s+"), " "), pre_tokenizers.Metaspace(prepend_scheme="never"),
                                             decoders.Metaspace(prepend_scheme="never")),
        "digits together, strip each": (None, pre_tokenizers.Digits(), decoders.Sequence([decoders.Strip("e", 2, 1), plain])),
        "strip both ends of all": (None, white, decoders.Sequence([decoders.Replace(Regex("[ao]"), "_"), plain, decoders.Strip("_", 2, 3)])),
        "delimiter": (None, pre_tokenizers.CharDelimiterSplit("e"), decoders.Fuse()),
        "metaspace first behind a split": (None, pre_tokenizers.Sequence([split("[,;]"), pre_tokenizers.Metaspace(prepend_scheme="first")]),
                                           decoders.Metaspace(prepend_scheme="first")),
    }
    kinds = {name: sentencepiece(*parts) for name, parts in table.items()}
    for behavior, invert in itertools.product(
            ["removed", "isolated", "merged_with_previous", "merged_with_next", "contiguous"], [False, True]):
        words = pre_tokenizers.Sequence([split(r"\p{L}*|\d+", behavior, invert), pre_tokenizers.Split(" ", behavior, invert)])
        kinds[f"split {behavior}{', inverted' if invert else ''}"] = sentencepiece(None, words, plain)
    odd = [AddedToken("word", single_word=True, normalized=False), AddedToken("car", single_word=True, normalized=True, lstrip=True),
           AddedToken(" b", normalized=False), AddedToken("<r>", rstrip=True, normalized=False), AddedToken("\n ", normalized=False),
           AddedToken("É", normalized=True), AddedToken("<l>", lstrip=True, special=True, normalized=False)]
    kinds["odd added tokens"] = sentencepiece(normalizers.Sequence([normalizers.NFD(), normalizers.Lowercase()]), white, plain, odd)
    return kinds
