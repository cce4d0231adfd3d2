"""What the plugin rangeview should give: the published projection in numpy, transformers' ViT, and averages."""

import numpy as np
import torch
from transformers import ViTConfig, ViTModel

FIELDS = {"nuscenes": (10.0, -30.0, 1 / 255), "kitti": (3.0, -25.0, 1.0)}
MEAN = np.array([12.12, 10.88, 0.23, -1.04, 0.21], np.float32)
DEVIATION = np.array([12.32, 11.47, 6.91, 0.86, 0.16], np.float32)
FARTHEST = 1000.0


def make_cloud(count, seed, intensities=255.0):
    """x, y, z, intensity; the last rows are what an encoder must leave out, and one point twice."""
    random = np.random.default_rng(seed)
    bearing, elevation = random.uniform(-np.pi, np.pi, count), np.radians(random.uniform(-35, 15, count))
    distance = random.uniform(1.5, 70, count)
    flat = distance * np.cos(elevation)
    points = np.stack([flat * np.cos(bearing), flat * np.sin(bearing), distance * np.sin(elevation),
                       random.uniform(0, intensities, count)], 1)
    odd = [[np.nan, 1, 1, 1], [0, 0, 0, 5], [5000, 0, 0, 1], [1, np.inf, 0, 1], points[0]]
    return np.concatenate([points, odd]).astype(np.float32)


def project(points, rows, columns, projection, as_published=False):
    up, down, scale = FIELDS[projection]
    place = points[:, :3].astype(np.float64)
    with np.errstate(all="ignore"):
        distance = np.sqrt((place ** 2).sum(1))
        usable = np.isfinite(points).all(1) & (distance > 0) & (distance <= FARTHEST)
    usable = np.flatnonzero(usable)
    x, y, z = place[usable].T
    right = 0.5 * (-np.arctan2(y, x) / np.pi + 1)
    below = (up - np.degrees(np.arcsin(z / distance[usable]))) / (up - down)
    column = np.clip(np.floor(right * columns), 0, columns - 1).astype(int)
    row = np.clip(np.floor(below * rows), 0, rows - 1).astype(int)
    index = np.full((rows, columns), -1, int)
    order = np.lexsort((usable, distance[usable]))[::-1]  # the nearest, and of those the first, is written last
    index[row[order], column[order]] = usable[order]
    intensity = points[:, 3] if as_published else np.clip(points[:, 3] * np.float32(scale), 0, 1)
    channels = np.concatenate([distance.astype(np.float32)[:, None], points[:, :3], intensity[:, None]], 1)
    values = ((channels - MEAN) / DEVIATION)[np.maximum(index, 0)]
    seen = index > 0 if as_published else index >= 0
    return np.where(seen[..., None], values, 0).astype(np.float32).transpose(2, 0, 1), index


def make_vit(seed, **settings):
    torch.manual_seed(seed)
    config = ViTConfig(**{**dict(num_channels=5, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0), **settings})
    model = ViTModel(config, add_pooling_layer=False).eval()
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            spread = parameter.shape[-1] ** -0.5 if parameter.dim() == 2 else 0.2
            parameter.copy_(torch.randn(parameter.shape) * spread + (parameter.dim() == 1 and "norm.w" in name))
    return model


@torch.no_grad()
def tokens(model, image, bands, sectors):
    rows, columns = (side // patch for side, patch in zip(model.config.image_size, model.config.patch_size))
    states = model(torch.from_numpy(image)[None]).last_hidden_state[0, 1:]
    return states.view(bands, rows // bands, sectors, columns // sectors, -1).mean((1, 3)).flatten(0, 1)
