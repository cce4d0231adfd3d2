"""Writes tests/fixtures/rangeview: a tiny ViT, a cloud, and the tokens of transformers 5.23.0, for `./dev test`."""

import json
from pathlib import Path

import torch

import rangeview_reference as ref


def main():
    torch.set_num_threads(1)
    folder = Path(__file__).parent.parent / "fixtures" / "rangeview"
    model = ref.make_vit(5, image_size=[8, 64], patch_size=[2, 8], hidden_size=12, num_hidden_layers=2,
                         num_attention_heads=3, intermediate_size=20)
    model.save_pretrained(folder)
    cloud = ref.make_cloud(400, 6)
    cases = []
    for options in (dict(), dict(bands=2, sectors=4), dict(as_published=True), dict(projection="kitti", bands=1)):
        image, _ = ref.project(cloud, 8, 64, options.get("projection", "nuscenes"), options.get("as_published", False))
        tokens = ref.tokens(model, image, options.get("bands", 4), options.get("sectors", 1))
        cases.append(dict(options=options, tokens=[[round(x, 6) for x in row] for row in tokens.tolist()]))
    points = [[x if abs(x) < 1e9 else None for x in row] for row in cloud.tolist()]  # None: not finite
    (folder / "expected.json").write_text(json.dumps(dict(points=points, cases=cases)) + "\n")


if __name__ == "__main__":
    main()
