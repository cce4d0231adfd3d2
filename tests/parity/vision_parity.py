"""Compares the plugin vision with transformers on random weights and pictures: every number within 1e-5 of the largest."""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import torch
import transformers

import vision_reference as ref

PATCH, POOLED = dict(tokens="patch"), dict(tokens="pooled")

CASES = [
    ("ViT", ref.vit(), {}, [{}, dict(layers=1), PATCH, POOLED]),
    ("ViT, no qkv bias, 3 heads, gelu_new, sharded", ref.vit(num_attention_heads=3, qkv_bias=False, hidden_act="gelu_new"),
     dict(max_shard_size="20KB"), [{}, dict(PATCH, layer=2)]),
    ("ViT, 4 by 7 patches", ref.vit(dict(size=dict(height=24, width=42), resample=3), image_size=(24, 42)), {},
     [{}, dict(PATCH, pool=2), dict(PATCH, layer=0)]),
    ("ViT, Lanczos, own mean", ref.vit(dict(size=dict(height=30, width=30), resample=1, image_mean=[0.2, 0.4, 0.6],
                                            image_std=[0.3, 0.2, 0.5])), {}, [{}]),
    ("DeiT", ref.deit(), {}, [{}, PATCH, POOLED]),
    ("DeiT, 2 heads, relu", ref.deit(num_attention_heads=2, hidden_act="relu", num_hidden_layers=2), {}, [dict(layers=2), PATCH]),
    ("DINOv2", ref.dinov2(), {}, [{}, PATCH, POOLED]),
    ("DINOv2, SwiGLU, no qkv bias", ref.dinov2(use_swiglu_ffn=True, qkv_bias=False, mlp_ratio=3), {}, [{}, PATCH]),
    ("DINOv2, larger than trained", ref.dinov2(crop=63), {}, [{}, dict(PATCH, pool=4)]),
    ("DINOv2, 4 by 9 patches, positions of 6 by 6", ref.dinov2(crop=(28, 63), image_size=(28, 63)), {}, [{}, PATCH]),
    ("DINOv2, 6 by 6 patches, positions of 4 by 9", ref.dinov2(crop=42, image_size=(28, 63)), {}, [PATCH]),
    ("DINOv2, SwiGLU, named as modules", ref.dinov2(use_swiglu_ffn=True), dict(save_original_format=False), [PATCH, POOLED]),
    ("ViT, named as modules", ref.vit(), dict(save_original_format=False), [PATCH]),
    ("DeiT, named as modules, nested processor", ref.deit(), dict(save_original_format=False, nested=True), [PATCH]),
    ("CLIP, with its text half, nested processor", ref.clip(whole=True), dict(nested=True), [PATCH]),
    ("SigLIP, pictures smaller than trained", ref.siglip(image_size=30), {}, [PATCH, POOLED]),
    ("CLIP", ref.clip(), {}, [{}, dict(PATCH, layer=-2), POOLED]),
    ("CLIP, with its text half, gelu", ref.clip(whole=True, hidden_act="gelu", patch_size=6), {}, [{}, PATCH, POOLED]),
    ("SigLIP", ref.siglip(), {}, [PATCH, POOLED]),
    ("SigLIP, with its text half, 2 heads", ref.siglip(whole=True, num_attention_heads=2, patch_size=5), {},
     [dict(PATCH, layer=-2, pool=2), POOLED]),
]
PLACES = ["thread", "process", "sandbox"]
PICTURES = [(2, 45, 61), (1, 30, 30), (3, 19, 25)]


def compare(name, options, expected, found):
    worst = 0.0
    for part, want in zip(("tokens", "scores", "keys"), expected):
        if want is None:
            continue
        got = torch.tensor(found[part])
        if got.numel() != want.numel():
            return f"{part}: {got.numel()} numbers, {want.numel()} expected"
        worst = max(worst, (want.flatten() - got).abs().max().item() / want.abs().max().item())
    print(f"{'ok  ' if worst < 1e-5 else 'FAIL'} {name} {options}: largest difference {worst:.1e}")
    return None if worst < 1e-5 else f"differs by {worst:.1e}"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runner", default="build/release/bin/encoder_runner")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    transformers.logging.disable_progress_bar()
    cases, expected, failed = [], [], 0
    with tempfile.TemporaryDirectory() as temporary:
        for number, (name, (model, processor), how, settings) in enumerate(CASES):
            folder = Path(temporary) / str(number)
            ref.randomise(model, number)
            ref.save(model, processor, folder, **how)
            shape = PICTURES[number % len(PICTURES)]
            images = ref.pictures(*shape, seed=number)
            images.numpy().tofile(folder / "pictures.u8")
            for options in settings:
                want = ref.encode(model, processor, images, options)
                for place in PLACES:
                    cases.append(dict(options=dict(options, model=str(folder)), place=place, shape=[*shape, 3],
                                      pictures=str(folder / "pictures.u8")))
                    expected.append((f"{name} [{place}]", options, want))
        request = Path(temporary) / "request.json"
        request.write_text(json.dumps(dict(plugin="vision", cases=cases)))
        done = subprocess.run([arguments.runner, str(request)], capture_output=True, text=True)
        if done.returncode != 0:
            sys.exit(f"encoder_runner: {done.stderr}")
        for want, found in zip(expected, json.loads(done.stdout), strict=True):
            failed += compare(*want, found) is not None
    print(f"{len(expected)} cases, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
