"""Compares the plugin rangeview with transformers' ViT on random weights and clouds: every token within 1e-4 of the largest."""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import torch
import transformers

import rangeview_reference as ref

SMALL = dict(num_hidden_layers=2, num_attention_heads=3, hidden_size=48, intermediate_size=96)

SHAPES = [
    ("RangeViT's patches", dict(SMALL, image_size=[32, 2048], patch_size=[2, 8]), dict()),
    ("KITTI, sectors", dict(SMALL, image_size=[64, 512], patch_size=[4, 16]), dict(projection="kitti", bands=2, sectors=8)),
    ("one token", dict(SMALL, image_size=[16, 256], patch_size=[8, 8], qkv_bias=False), dict(bands=1)),
    ("every patch a token", dict(SMALL, image_size=[16, 128], patch_size=[4, 8], hidden_act="gelu_new"),
     dict(bands=4, sectors=16)),
    ("as published", dict(SMALL, image_size=[32, 512], patch_size=[2, 8], layer_norm_eps=1e-6), dict(as_published=True)),
]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runner", default="build/release/bin/encoder_runner")
    options = parser.parse_args()
    torch.set_num_threads(1)
    transformers.logging.disable_progress_bar()
    failed = 0
    with tempfile.TemporaryDirectory() as temporary:
        cases, expected = [], []
        for number, (_, shape, settings) in enumerate(SHAPES):
            folder = Path(temporary) / str(number)
            model = ref.make_vit(number, **shape)
            model.save_pretrained(folder)
            projection, published = settings.get("projection", "nuscenes"), settings.get("as_published", False)
            cloud = ref.make_cloud(20000, number, 1.0 if projection == "kitti" else 255.0)
            cloud.tofile(folder / "points.f32")
            image, _ = ref.project(cloud, *shape["image_size"], projection, published)
            expected.append(ref.tokens(model, image, settings.get("bands", 4), settings.get("sectors", 1)))
            cases.append(dict(options=dict(settings, weights=str(folder)), points=str(folder / "points.f32")))
        request = Path(temporary) / "request.json"
        request.write_text(json.dumps(dict(plugin="rangeview", cases=cases)))
        done = subprocess.run([options.runner, str(request)], capture_output=True, text=True)
        if done.returncode != 0:
            sys.exit(f"encoder_runner: {done.stderr}")
        for (name, *_), want, found in zip(SHAPES, expected, json.loads(done.stdout), strict=True):
            apart = (want.flatten() - torch.tensor(found["tokens"])).abs().max().item() / want.abs().max().item()
            failed += not apart < 1e-4
            print(f"{'ok  ' if apart < 1e-4 else 'FAIL'} rangeview, {name}: {len(want)} tokens, largest difference {apart:.1e}")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
