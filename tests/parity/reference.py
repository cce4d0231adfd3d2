"""Random small models and what transformers makes of them: the reference for parity.py and make_oracles.py."""

import math
from pathlib import Path

import torch
import transformers
from transformers import DynamicCache, GenerationConfig

EOS = [2, 17, 40]  # several, so that answers end early and beams need spare candidates
COMMON = dict(vocab_size=96, bos_token_id=1, eos_token_id=EOS, pad_token_id=0)
LLAMA = dict(hidden_size=24, intermediate_size=40, num_hidden_layers=3, num_attention_heads=4, num_key_value_heads=2,
             max_position_embeddings=128, rms_norm_eps=1e-5, tie_word_embeddings=True)


def recipe(kind, settings, changes):
    config = getattr(transformers, kind + "Config")
    model = {"GPT2": "GPT2LMHeadModel"}.get(kind, kind + "ForCausalLM")
    return getattr(transformers, model), config(**{**COMMON, **settings, **changes})


def llama(**changes):
    return recipe("Llama", LLAMA, changes)


def mistral(**changes):
    return recipe("Mistral", dict(LLAMA, sliding_window=None), changes)


def qwen2(**changes):
    return recipe("Qwen2", LLAMA, changes)


def qwen3(**changes):
    return recipe("Qwen3", dict(LLAMA, head_dim=8), changes)


def opt(**changes):
    return recipe("OPT", dict(hidden_size=24, ffn_dim=40, num_hidden_layers=3, num_attention_heads=4,
                              max_position_embeddings=128, dropout=0.0), changes)


def bloom(**changes):
    return recipe("Bloom", dict(hidden_size=24, n_layer=3, n_head=4, seq_length=128), changes)


def gpt2(**changes):
    return recipe("GPT2", dict(n_embd=24, n_layer=3, n_head=4, n_positions=128), changes)


def gpt_neox(**changes):
    return recipe("GPTNeoX", dict(hidden_size=24, intermediate_size=40, num_hidden_layers=3, num_attention_heads=3,
                                  max_position_embeddings=128), changes)


def input_width(model, name, parameter):
    """Of a linear layer: GPT-2's are stored [in, out]."""
    return parameter.shape[0 if model.config.model_type == "gpt2" and ".c_" in name else 1]


def make_model(recipe, seed):
    """A model with weights that spread its scores: transformers' own initialisation gives near ties everywhere."""
    kind, config = recipe
    config._attn_implementation = "eager"
    generator = torch.Generator().manual_seed(seed)
    model = kind(config).eval()
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            noise = torch.randn(parameter.shape, generator=generator)
            if parameter.dim() == 2:
                table = any(part in name for part in ("embed", "lm_head", "wte", "wpe"))
                parameter.copy_(noise * (1.0 if table else 1.0 / math.sqrt(input_width(model, name, parameter))))
            elif name.endswith(".weight"):
                parameter.copy_(1.0 + 0.2 * noise)
            else:
                parameter.copy_(0.2 * noise)
    return model


def make_prompts(model, seed, lengths=(9, 4, 13)):
    generator = torch.Generator().manual_seed(seed + 1)
    vocab = model.config.vocab_size
    return [torch.randint(3, vocab, (length,), generator=generator).tolist() for length in lengths]


def save(model, folder: Path, **options):
    model.save_pretrained(folder, **options)
    (folder / "generation_config.json").unlink(missing_ok=True)


@torch.no_grad()
def logits_of(model, prompts):
    return [model(torch.tensor([prompt])).logits[0].float().flatten().tolist() for prompt in prompts]


# Late keys and values, by transformers' own attention: the cache hands the attention the modality's columns in front
# of the text's, and a hook widens the mask (and ALiBi) for them. Nothing else of the model is touched.

def make_late(model, seed, columns=5, connected=2):
    """Segments for the last blocks: keys and values [1, kv_heads, columns, head_dim], one alpha a block."""
    config = model.config
    generator = torch.Generator().manual_seed(seed + 2)
    layers, heads = config.num_hidden_layers, config.num_attention_heads
    shape = (1, getattr(config, "num_key_value_heads", None) or heads, columns,
             getattr(config, "head_dim", None) or config.hidden_size // heads)
    k, v = (torch.randn(shape, generator=generator) for _ in range(2))
    alphas = (0.3 + 0.5 * torch.rand(connected, generator=generator)).tolist()
    return dict(first=max(0, layers - connected), shape=list(shape), k=k.flatten().tolist(), v=v.flatten().tolist(),
                alphas=alphas[-layers:])


class LateCache(DynamicCache):
    def __init__(self, late):
        super().__init__()
        self.first, self.alphas = late["first"], late["alphas"]
        self.k, self.v = (torch.tensor(late[name]).view(late["shape"]) for name in "kv")

    def update(self, key, value, layer, *args, **kwargs):
        key, value = super().update(key, value, layer, *args, **kwargs)
        if layer < self.first:
            return key, value
        alpha = self.alphas[layer - self.first]
        return torch.cat([alpha * self.k, key], 2), torch.cat([alpha * self.v, value], 2)


def widen(columns):
    def hook(module, args, kwargs):
        mask = kwargs["attention_mask"]
        kwargs["attention_mask"] = torch.cat([mask.new_zeros(*mask.shape[:-1], columns), mask], -1)
        if "alibi" in kwargs:  # slope * column's position; a modality stands at the row's own, wherever that is
            alibi, rows = kwargs["alibi"], mask.shape[-2]
            own = alibi[..., alibi.shape[-1] - rows:].transpose(1, 2)
            kwargs["alibi"] = torch.cat([own.expand(-1, rows, columns), alibi.expand(-1, rows, -1)], -1)
        return args, kwargs
    return hook


def attention_of(block):
    return next(module for name, module in block.named_children() if "attn" in name or "attention" in name
                if not isinstance(module, torch.nn.LayerNorm) and "norm" not in name and "dropout" not in name)


def blocks_of(model):
    return next(module for module in model.modules() if isinstance(module, torch.nn.ModuleList))


@torch.no_grad()
def late_logits(model, prompt, late):
    hooks = [attention_of(block).register_forward_pre_hook(widen(late["shape"][2]), with_kwargs=True)
             for block in list(blocks_of(model))[late["first"]:]]
    try:
        return model(torch.tensor([prompt]), past_key_values=LateCache(late), use_cache=True).logits[0].flatten().tolist()
    finally:
        for hook in hooks:
            hook.remove()


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
