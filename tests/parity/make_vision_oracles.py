"""Writes tests/fixtures/vision: a tiny encoder of each family and what transformers 5.23.0 makes of pictures, for `./dev test`."""

from pathlib import Path

import torch
import transformers

import vision_reference as ref

TINY = dict(hidden_size=8, intermediate_size=12, num_hidden_layers=2, num_attention_heads=2)
PATCH, POOLED = dict(tokens="patch"), dict(tokens="pooled")

SHAPES = {
    "vit": (ref.vit(dict(size=dict(height=12, width=12)), **TINY, image_size=12, patch_size=4), [dict(layers=2), PATCH, POOLED]),
    "deit": (ref.deit(**TINY, image_size=28, patch_size=7, qkv_bias=False), [dict(layers=1), PATCH]),
    "dinov2": (ref.dinov2(crop=14, **ref.without_inner(TINY), image_size=9, patch_size=3, use_swiglu_ffn=True),
               [dict(layers=2), dict(PATCH, pool=3), POOLED]),
    "clip": (ref.clip(**TINY), [dict(layers=2), dict(PATCH, layer=-2), POOLED]),
    "siglip": (ref.siglip(**TINY), [PATCH, POOLED]),
}


def main():
    torch.set_num_threads(1)
    transformers.logging.disable_progress_bar()
    root = Path(__file__).parent.parent / "fixtures" / "vision"
    for seed, (name, ((model, processor), settings)) in enumerate(SHAPES.items()):
        folder = root / name
        ref.save(ref.randomise(model, seed), processor, folder)
        images = ref.pictures(2, 17, 23, seed)
        cases = [dict(options=options, **dict(zip(("tokens", "scores", "keys"), map(ref.numbers, ref.encode(
            model, processor, images, options))))) for options in settings]
        ref.write_json(folder / "expected.json", dict(transformers=transformers.__version__, shape=list(images.shape),
                                                      pictures=images.flatten().tolist(), cases=cases))


if __name__ == "__main__":
    main()
