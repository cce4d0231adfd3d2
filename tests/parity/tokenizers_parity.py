"""Compares lateral's tokenizers with the `tokenizers` package, both ways: `./dev parity` runs it after the models.

For every kind of tokenizers_kinds.py, and for the real vocabularies in --data where they are, random strings of all of
Unicode are encoded and decoded, random ids decoded, and bytes that are no UTF-8 encoded. Ids and text must be equal.
The package carries several tables of Unicode, some of them older than ours. Where strings differ, each of their
characters is compared alone: a string with a character that differs alone is left out, and the character named.
"""

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import tokenizers

import tokenizers_kinds

WORDS = ["a", "car", " the", " the", "  ", "   ", "\n", "\t ", "\r\n", "'s", "'LL", "don't", "I'VE", "15", "2048", "½", "²", "ö", "É",
         "e\u0301", "a\u0323\u0307", "\u0307\u0323", "가", "\u1112\u1161\u11ab", "你", "，", "。", "😀", "👩‍🚀", "İ", "ſ", "ß", "ﬁ", "ﷺ", "Ⅷ",
         "\u00a0", "\u3000", "\u0085", "\u180e", "\u200d", "\ufeff", "▁", "▁▁", "<0x41>", "Ġ", "\x00", "!?", "...", "_", "word",
         "words", "car", " b", "[INST]", "[MASK]", "##s"]


# Around a character that is compared alone: what shows whether it is a letter, a digit, a mark of which class.
PROBES = [("", ""), ("a", "b"), ("e\u0301", ""), ("1", " "), ("", "'s"), ("'", ""), ("a", "\u0323"), ("a", "\u0f80"), ("a\u0345", ""), ("car", ""), ("", "word")]


def random_text(rng, marks):
    parts = []
    for _ in range(rng.randint(0, 12)):
        kind = rng.random()
        if kind < 0.45:
            parts.append(rng.choice(WORDS))
        elif kind < 0.55:
            parts.append(rng.choice(marks))
        elif kind < 0.7:
            parts.append("".join(chr(rng.randint(0x20, 0x7E)) for _ in range(rng.randint(1, 6))))
        elif kind < 0.85:
            parts.append("".join(chr(rng.randint(0xA0, 0x2FFF)) for _ in range(rng.randint(1, 3))))
        else:
            point = rng.randint(0, 0x10FFFF)
            parts.append(chr(point) if not 0xD800 <= point < 0xE000 else " ")
    return "".join(parts)


def random_bytes(rng):
    text = bytearray(random_text(rng, ["é"]).encode())
    for _ in range(rng.randint(1, 4)):
        text.insert(rng.randint(0, len(text)), rng.randint(0x80, 0xFF))
    return bytes(text)


def run_lateral(runner, spec, lines):
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "tokenizer.json").write_text(json.dumps(spec))
        done = subprocess.run([runner, folder], input="\n".join(lines) + "\n", capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"tokenizers_runner: {done.stderr}")
    return done.stdout.split("\n")[:-1]


def ids_of(line):
    return [int(part) for part in line.split()]


def text_of(line):
    return bytes.fromhex(line).decode()


def decoded(reference, ids):
    """None where the package itself breaks down (Strip on a text that is too short)."""
    try:
        return reference.decode(ids)
    except BaseException as error:  # pyo3's PanicException is no Exception
        if type(error).__name__ != "PanicException":
            raise
        return None


def encode_both(runner, spec, reference, texts):
    found = run_lateral(runner, spec, ["e " + text.hex() for text in texts])
    return [(text, reference.encode(text.decode(errors="replace")).ids, ids_of(line)) for text, line in zip(texts, found)]


def other_tables(runner, spec, reference, wrong):
    """Characters of the texts that differ which already differ alone."""
    characters = sorted({c for text, _, _ in wrong for c in text.decode(errors="replace") if ord(c) > 0x7F})
    around = [(c, (before + c + after).encode()) for c in characters for before, after in PROBES]
    results = encode_both(runner, spec, reference, [text for _, text in around])
    return {c for (c, _), (_, want, got) in zip(around, results) if want != got}


def compare(runner, spec, count, seed):
    """The number of comparisons, what differs as (asked, expected, found), and characters with other properties."""
    rng = random.Random(seed)
    reference = tokenizers.Tokenizer.from_str(json.dumps(spec))
    marks = [token["content"] for token in spec["added_tokens"]] or ["x"]
    texts = [random_text(rng, marks).encode() for _ in range(count)] + [random_bytes(rng) for _ in range(count // 5)]
    encoded = encode_both(runner, spec, reference, texts)
    wrong = [each for each in encoded if each[1] != each[2]]
    newer = other_tables(runner, spec, reference, wrong) if wrong else set()
    wrong = [each for each in wrong if not newer & set(each[0].decode(errors="replace"))]

    size = reference.get_vocab_size()
    lists = [each[1] for each in encoded] + [[rng.randrange(size + 3) for _ in range(rng.randint(0, 12))] for _ in range(count)]
    found = run_lateral(runner, spec, ["d " + " ".join(map(str, ids)) for ids in lists])
    for ids, line in zip(lists, found, strict=True):
        want = decoded(reference, ids)
        if want is not None and want != text_of(line):
            wrong.append((ids, want, text_of(line)))
    return len(texts) + len(lists), wrong, newer


def show(spec, wrong):
    reference = tokenizers.Tokenizer.from_str(json.dumps(spec))
    for asked, want, got in wrong[:3]:
        if isinstance(asked, bytes):
            names = [[reference.id_to_token(i) for i in ids] for ids in (want, got)]
            print(f"  encode {asked.decode(errors='replace')!r}\n    expected {names[0]}\n    found    {names[1]}")
        else:
            print(f"  decode {[reference.id_to_token(i) for i in asked]}\n    expected {want!r}\n    found    {got!r}")


def real_vocabularies(data):
    """Those of GPT-2 and OPT, in the form of a tokenizer.json."""
    merges = data / "gpt2/vocab.bpe"
    for name, vocab in {"gpt-2, real": data / "gpt2/encoder.json", "opt, real": data / "opt/gpt2-vocab.json"}.items():
        if vocab.exists():
            model = tokenizers.models.BPE.from_file(str(vocab), str(merges))
            tokenizer = tokenizers.Tokenizer(model)
            tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
            tokenizer.decoder = tokenizers.decoders.ByteLevel()
            tokenizer.add_special_tokens(["<|endoftext|>", "</s>"][name.startswith("opt"):][:1])
            yield name, json.loads(tokenizer.to_str())


def compare_templates(runner, folder):
    """Chat templates of real models, from a folder of *.jinja files: what Jinja makes of them, and what lateral makes."""
    sys.path.insert(0, str(Path(__file__).parents[1] / "fixtures/tokenizer"))
    import record_chat

    spec = {"model": {"type": "BPE", "vocab": {"a": 0}, "merges": []}}
    failures = 0
    for file in sorted(folder.glob("*.jinja")):
        source = file.read_text()
        talks = record_chat.talks()
        found = run_lateral(runner, spec, [f"c {source.encode().hex()} {json.dumps(talk).encode().hex()}" for talk in talks])
        wanted = [record_chat.case(source, talk, True) for talk in talks]
        wrong = [(w, f) for w, f in zip(wanted, found) if w.get("text") != (None if f == "refused" else text_of(f))]
        failures += len(wrong)
        print(f"{'FAIL' if wrong else 'ok  '} {file.stem}: {len(talks)} conversations, {len(wrong)} differ")
        for want, got in wrong[:1]:
            print(f"  expected {want.get('text', want.get('error'))!r}\n  found    {got if got == 'refused' else text_of(got)!r}")
    return failures


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runner", default="build/release/bin/tokenizers_runner")
    parser.add_argument("--texts", type=int, default=10_000, help="random strings for each kind")
    parser.add_argument("--data", type=Path, default=Path("../shared/data/tokenizers"))
    parser.add_argument("--only", help="kinds whose name contains this")
    parser.add_argument("--templates", type=Path, help="a folder with chat templates (*.jinja) to compare instead")
    options = parser.parse_args()
    if options.templates:
        sys.exit(1 if compare_templates(options.runner, options.templates) else 0)
    kinds = {**tokenizers_kinds.families(), **dict(real_vocabularies(options.data)), **tokenizers_kinds.others()}
    total = failures = 0
    for number, (name, spec) in enumerate(kinds.items()):
        if options.only and options.only not in name:
            continue
        begin = time.monotonic()
        count, wrong, newer = compare(options.runner, spec, options.texts, number)
        total += count
        failures += len(wrong)
        print(f"{'FAIL' if wrong else 'ok  '} {name}: {count} compared, {len(wrong)} differ ({time.monotonic() - begin:.1f} s)"
              + (f"; other tables: {' '.join(f'U+{ord(c):04X}' for c in sorted(newer))}" if newer else ""), flush=True)
        show(spec, wrong)
    print(f"tokenizers {tokenizers.__version__}: {total} compared, {failures} differ")
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
