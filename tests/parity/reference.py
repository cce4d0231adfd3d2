"""Random small models and what transformers makes of them: the reference for parity.py and make_oracles.py."""

import math
from pathlib import Path

import torch
from transformers import GenerationConfig, LlamaConfig, LlamaForCausalLM, OPTConfig, OPTForCausalLM

EOS = [2, 17, 40]  # several, so that answers end early and beams need spare candidates


def llama(**changes):
    settings = dict(vocab_size=96, hidden_size=24, intermediate_size=40, num_hidden_layers=3, num_attention_heads=4,
                    num_key_value_heads=2, max_position_embeddings=128, rms_norm_eps=1e-5, bos_token_id=1,
                    eos_token_id=EOS, pad_token_id=0, tie_word_embeddings=True)
    settings.update(changes)
    return LlamaForCausalLM, LlamaConfig(**settings)


def opt(**changes):
    settings = dict(vocab_size=96, hidden_size=24, ffn_dim=40, num_hidden_layers=3, num_attention_heads=4,
                    max_position_embeddings=128, bos_token_id=1, eos_token_id=EOS, pad_token_id=0, dropout=0.0)
    settings.update(changes)
    return OPTForCausalLM, OPTConfig(**settings)


def make_model(recipe, seed):
    """A model with weights that spread its scores: transformers' own initialisation gives near ties everywhere."""
    kind, config = recipe
    generator = torch.Generator().manual_seed(seed)
    model = kind(config).eval()
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            noise = torch.randn(parameter.shape, generator=generator)
            if parameter.dim() == 2:
                scale = 1.0 if "embed" in name or "lm_head" in name else 1.0 / math.sqrt(parameter.shape[1])
                parameter.copy_(noise * scale)
            elif name.endswith("norm.weight"):
                parameter.copy_(1.0 + 0.2 * noise)
            else:
                parameter.copy_(0.2 * noise)
    return model


def make_prompts(model, seed, lengths=(9, 4, 13)):
    generator = torch.Generator().manual_seed(seed + 1)
    vocab = model.config.vocab_size
    return [torch.randint(3, vocab, (length,), generator=generator).tolist() for length in lengths]


def save(model, folder: Path):
    model.save_pretrained(folder, safe_serialization=True)
    (folder / "generation_config.json").unlink(missing_ok=True)


@torch.no_grad()
def logits_of(model, prompts):
    return [model(torch.tensor([prompt])).logits[0].flatten().tolist() for prompt in prompts]


EARLY = {"no": False, "yes": True, "never": "never"}


@torch.no_grad()
def answer(model, prompt, options):
    """New ids, and for each step the margin between the best two choices."""
    settings = dict(options)
    settings["early_stopping"] = EARLY[settings.pop("early_stopping", "no")]
    eos = [] if settings.pop("ignore_eos", False) else EOS
    settings["eos_token_id"] = model.generation_config.eos_token_id = eos or None
    beams = settings.get("num_beams", 1)
    config = GenerationConfig(do_sample=False, pad_token_id=0, return_dict_in_generate=True, output_scores=True,
                              num_return_sequences=beams, **settings)
    ids = torch.tensor([prompt])
    out = model.generate(ids, attention_mask=torch.ones_like(ids), generation_config=config)
    new = out.sequences[0, len(prompt):].tolist()
    end = next((i for i, token in enumerate(new) if token in eos), len(new) - 1)
    new = new[: end + 1]
    if beams > 1:
        # Two beams may swap at any step; the smallest margin between candidates of any step bounds them all.
        best = out.sequences_scores.sort(descending=True).values
        return new, [float((best[:-1] - best[1:]).min())] * len(new)
    top = [score[0].topk(2).values for score in out.scores]
    return new, [float(pair[0] - pair[1]) for pair in top]
