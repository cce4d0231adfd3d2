"""Writes tests/fixtures/model: two tiny models and what transformers 5.23.0 makes of them, for `./dev test`."""

import json
from pathlib import Path

import torch
import transformers

import reference as ref

SHAPES = {
    "llama": ref.llama(num_hidden_layers=2, head_dim=6, attention_bias=True),
    "opt": ref.opt(num_hidden_layers=2, tie_word_embeddings=False),
}

ANSWERS = [
    dict(max_new_tokens=20, ignore_eos=True),
    dict(max_new_tokens=20),
    dict(max_new_tokens=20, repetition_penalty=1.5, min_new_tokens=6),
    dict(max_new_tokens=10, num_beams=4),
    dict(max_new_tokens=10, num_beams=3, early_stopping="yes", length_penalty=0.5, repetition_penalty=1.5),
    dict(max_new_tokens=10, num_beams=2, early_stopping="never", length_penalty=1.5),
]


def main():
    torch.set_num_threads(1)
    root = Path(__file__).parent.parent / "fixtures" / "model"
    for seed, (name, recipe) in enumerate(SHAPES.items()):
        model = ref.make_model(recipe, 77 + seed)
        ref.save(model, root / name)
        prompts = ref.make_prompts(model, seed, (7, 3))
        logits = [[round(value, 6) for value in row] for row in ref.logits_of(model, prompts)]
        answers = [dict(options=options, ids=[ref.answer(model, prompt, options)[0] for prompt in prompts])
                   for options in ANSWERS]
        expected = dict(transformers=transformers.__version__, prompts=prompts, logits=logits, answers=answers)
        (root / name / "expected.json").write_text(json.dumps(expected) + "\n")


if __name__ == "__main__":
    main()
