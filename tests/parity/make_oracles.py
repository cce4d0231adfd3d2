"""Writes tests/fixtures/model: a tiny model of each family and what transformers 5.23.0 makes of it, for `./dev test`."""

import json
from pathlib import Path

import torch
import transformers

import reference as ref

TINY = dict(vocab_size=48, num_hidden_layers=2, max_position_embeddings=48)
NARROW = dict(hidden_size=16, intermediate_size=24, num_attention_heads=4, num_key_value_heads=1)

SHAPES = {
    "llama": ref.llama(num_hidden_layers=2, head_dim=6, attention_bias=True),
    "opt": ref.opt(num_hidden_layers=2, tie_word_embeddings=False),
    "opt_350m": ref.opt(**TINY, hidden_size=16, ffn_dim=24, num_attention_heads=2, do_layer_norm_before=False,
                        word_embed_proj_dim=8),
    "bloom": ref.bloom(vocab_size=48, hidden_size=15, n_layer=2, n_head=3),
    "gpt2": ref.gpt2(vocab_size=48, n_embd=16, n_layer=2, n_head=2, n_positions=48),
    "gpt_neox": ref.gpt_neox(**TINY, hidden_size=16, intermediate_size=24, num_attention_heads=2,
                             rope_parameters={"rope_theta": 1e4, "partial_rotary_factor": 0.25}),
    "mistral": ref.mistral(**TINY, **NARROW, sliding_window=4),
    "qwen2": ref.qwen2(**TINY, **NARROW, rope_parameters={
        "rope_type": "yarn", "rope_theta": 1e6, "factor": 4.0, "original_max_position_embeddings": 12}),
    "qwen3": ref.qwen3(**TINY, **NARROW, head_dim=6, tie_word_embeddings=False),
}

ANSWERS = [
    dict(max_new_tokens=20, ignore_eos=True),
    dict(max_new_tokens=20),
    dict(max_new_tokens=20, repetition_penalty=1.5, min_new_tokens=6),
    dict(max_new_tokens=10, num_beams=4),
    dict(max_new_tokens=10, num_beams=3, early_stopping="yes", length_penalty=0.5, repetition_penalty=1.5),
    dict(max_new_tokens=10, num_beams=2, early_stopping="never", length_penalty=1.5),
]


def rounded(rows):
    return [[round(value, 6) for value in row] for row in rows]


def main():
    torch.set_num_threads(1)
    root = Path(__file__).parent.parent / "fixtures" / "model"
    for seed, (name, recipe) in enumerate(SHAPES.items()):
        model = ref.make_model(recipe, 77 + seed)
        ref.save(model, root / name)
        prompts = ref.make_prompts(model, seed, (7, 3))
        logits = rounded(ref.logits_of(model, prompts))
        late = ref.make_late(model, seed, columns=3, connected=1)
        late_logits = rounded([ref.late_logits(model, prompt, late) for prompt in prompts])
        answers = [dict(options=options, ids=[ref.answer(model, prompt, options)[0] for prompt in prompts])
                   for options in ANSWERS]
        expected = dict(transformers=transformers.__version__, prompts=prompts, logits=logits, late=late,
                        late_logits=late_logits, answers=answers)
        (root / name / "expected.json").write_text(json.dumps(expected) + "\n")


if __name__ == "__main__":
    main()
