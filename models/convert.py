"""Converts the pickled weights of a Hugging Face directory (pytorch_model.bin, or the shards that its index names) to
safetensors in the same directory. Only tensors are unpickled (torch.load with weights_only). Names, types and values stay
as they are; of tensors that share memory, which tied heads do, the first is kept, and masks of true and false are left
out. Files that were there are not touched.
"""

import argparse
import json
import sys
import zipfile
from pathlib import Path

import torch
from safetensors.torch import save_file


def shards_of(folder: Path) -> list[Path]:
    index = folder / "pytorch_model.bin.index.json"
    if index.exists():
        names = sorted(set(json.loads(index.read_text())["weight_map"].values()))
        outside = [name for name in names if Path(name).name != name]
        if outside:
            sys.exit(f"convert: {index} leads out of the directory: {outside[0]}")
        return [folder / name for name in names]
    single = folder / "pytorch_model.bin"
    if not single.exists():
        sys.exit(f"convert: {folder} holds neither pytorch_model.bin nor pytorch_model.bin.index.json")
    return [single]


def weights_of(shard: Path, seen: set) -> dict[str, torch.Tensor]:
    # Files of before torch 1.6 are no archives and cannot be mapped.
    state = torch.load(shard, map_location="cpu", weights_only=True, mmap=zipfile.is_zipfile(shard))
    state = state.get("state_dict", state)
    weights = {}
    for name, tensor in state.items():
        if not isinstance(tensor, torch.Tensor):
            sys.exit(f"convert: {shard}: {name} is no tensor")
        place = (tensor.data_ptr(), tensor.shape, tensor.stride())
        if tensor.dtype == torch.bool or (tensor.numel() > 0 and place in seen):
            continue
        seen.add(place)
        tensor = tensor.contiguous()
        # A part of a larger storage would take all of it along.
        weights[name] = tensor if tensor.untyped_storage().nbytes() == tensor.nbytes else tensor.clone()
    return weights


def convert(folder: Path):
    shards = shards_of(folder)
    if (folder / "model.safetensors").exists() or (folder / "model.safetensors.index.json").exists():
        sys.exit(f"convert: {folder} holds safetensors already")
    weight_map = {}
    for number, shard in enumerate(shards, 1):
        name = "model.safetensors" if len(shards) == 1 else f"model-{number:05}-of-{len(shards):05}.safetensors"
        weights = weights_of(shard, set())
        save_file(weights, folder / (name + ".part"), metadata={"format": "pt"})
        (folder / (name + ".part")).rename(folder / name)
        weight_map |= dict.fromkeys(weights, name)
        print(f"{shard.name} -> {name}: {len(weights)} tensors")
    if len(shards) > 1:
        index = dict(metadata={}, weight_map=weight_map)
        (folder / "model.safetensors.index.json").write_text(json.dumps(index, indent=2) + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, metavar="DIR")
    convert(parser.parse_args().folder)


if __name__ == "__main__":
    main()
