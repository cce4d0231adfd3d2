"""Random small vision encoders and what transformers makes of pictures: the reference for vision_parity.py and for the
recorded cases of `./dev test`."""

import json

import torch
import transformers
from transformers.models.bit.image_processing_pil_bit import BitImageProcessorPil
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil
from transformers.models.deit.image_processing_pil_deit import DeiTImageProcessorPil
from transformers.models.siglip.image_processing_pil_siglip import SiglipImageProcessorPil
from transformers.models.vit.image_processing_pil_vit import ViTImageProcessorPil

SMALL = dict(hidden_size=24, intermediate_size=40, num_hidden_layers=5, num_attention_heads=4)
TEXT = dict(hidden_size=16, intermediate_size=24, num_hidden_layers=1, num_attention_heads=2, vocab_size=16, bos_token_id=0,
            eos_token_id=1, pad_token_id=2)


def without_inner(settings):
    return {key: value for key, value in settings.items() if key != "intermediate_size"}


def vit(processor=None, **changes):
    config = transformers.ViTConfig(**{**SMALL, "image_size": 30, "patch_size": 6, **changes})
    return transformers.ViTModel(config), ViTImageProcessorPil(**(processor or dict(size=dict(height=30, width=30))))


def deit(**changes):
    config = transformers.DeiTConfig(**{**SMALL, "image_size": 28, "patch_size": 4, **changes})
    return transformers.DeiTModel(config), DeiTImageProcessorPil(size=dict(height=32, width=33), crop_size=dict(height=28, width=28))


def dinov2(crop=28, **changes):
    height, width = crop if isinstance(crop, tuple) else (crop, crop)
    config = transformers.Dinov2Config(**{**without_inner(SMALL), "image_size": 35, "patch_size": 7, **changes})
    return transformers.Dinov2Model(config), BitImageProcessorPil(size=dict(shortest_edge=max(height, width) + 5),
                                                                  crop_size=dict(height=height, width=width))


def clip(whole=False, **changes):
    vision = {**SMALL, "image_size": 24, "patch_size": 8, **changes}
    processor = CLIPImageProcessorPil(size=dict(shortest_edge=24), crop_size=dict(height=24, width=24))
    if not whole:
        return transformers.CLIPVisionModel(transformers.CLIPVisionConfig(**vision)), processor
    return transformers.CLIPModel(transformers.CLIPConfig(text_config=TEXT, vision_config=vision)), processor


def siglip(whole=False, **changes):
    vision = {**SMALL, "image_size": 27, "patch_size": 9, **changes}
    processor = SiglipImageProcessorPil(size=dict(height=27, width=27))
    if not whole:
        return transformers.SiglipVisionModel(transformers.SiglipVisionConfig(**vision)), processor
    return transformers.SiglipModel(transformers.SiglipConfig(text_config=TEXT, vision_config=vision)), processor


@torch.no_grad()
def randomise(model, seed):
    """So that every weight matters: transformers' own initialisation leaves biases and scales where they change nothing."""
    generator = torch.Generator().manual_seed(seed)
    for name, parameter in model.named_parameters():
        noise = torch.randn(parameter.shape, generator=generator)
        if "norm" in name and name.endswith("weight"):
            parameter.copy_(1 + 0.2 * noise)
        elif "lambda1" in name:
            parameter.copy_(0.6 + 0.2 * noise)
        elif parameter.dim() > 1 and "embeddings.p" not in name:
            parameter.copy_(1.3 * noise / parameter[0].numel() ** 0.5)
        else:
            parameter.copy_(0.3 * noise)
    return model.eval()


def save(model, processor, folder, nested=False, **how):
    """`nested`: the processor as a part of processor_config.json, as a model of several modalities has it."""
    model.save_pretrained(folder, **how)
    if nested:
        write_json(folder / "processor_config.json", dict(image_processor=json.loads(processor.to_json_string())))
    else:
        processor.save_pretrained(folder)


def tower_of(model):
    return getattr(model, "vision_model", model)


def pictures(views, height, width, seed):
    """Smooth and noisy at once, uint8 [views, height, width, 3]."""
    generator = torch.Generator().manual_seed(seed)
    coarse = torch.rand((views, 3, 5, 6), generator=generator)
    smooth = torch.nn.functional.interpolate(coarse, size=(height, width), mode="bilinear")
    noise = torch.rand((views, 3, height, width), generator=generator)
    return ((0.7 * smooth + 0.3 * noise) * 255).round().to(torch.uint8).permute(0, 2, 3, 1).contiguous()


@torch.no_grad()
def encode(model, processor, images, options):
    """What the plugin is to give: (tokens, scores or None, keys or None)."""
    tower = tower_of(model)
    tower.set_attn_implementation("eager")
    pixels = torch.stack([torch.as_tensor(processor(image.numpy(), input_data_format="channels_last").pixel_values[0])
                          for image in images])
    projections = [module for name, module in tower.named_modules() if name.endswith(".k_proj") and "head" not in name]
    seen = {}
    hook = projections[-1].register_forward_hook(lambda module, inputs, output: seen.update(keys=output))
    out = tower(pixels, output_hidden_states=True, output_attentions=True)
    hook.remove()
    states, config = out.hidden_states, tower.config
    kind = config.model_type
    specials = 0 if "siglip" in kind else 2 if kind == "deit" else 1
    tokens = options.get("tokens", "class")
    if tokens == "class":
        return torch.stack([state[:, 0] for state in states[-options.get("layers", 4):]], 1).flatten(0, 1), None, None
    if tokens == "pooled":
        return out.last_hidden_state[:, 0] if kind in ("vit", "deit") else out.pooler_output, None, None
    attention = out.attentions[-1].mean(1)
    scores = attention[:, 0, specials:] if specials else attention.mean(1)
    grid = (pixels.shape[2] // tower.config.patch_size, pixels.shape[3] // tower.config.patch_size) \
        if isinstance(tower.config.patch_size, int) else [p // q for p, q in zip(pixels.shape[2:], tower.config.patch_size)]
    return tuple(average(value, grid, options.get("pool", 1)) for value in
                 (states[options.get("layer", -1)][:, specials:], scores.unsqueeze(-1), seen["keys"][:, specials:]))


def average(values, grid, pool):
    image = values.transpose(1, 2).unflatten(2, list(grid))
    mean = torch.nn.functional.avg_pool2d(image, pool, ceil_mode=True, count_include_pad=False)
    return mean.flatten(2).transpose(1, 2).flatten(0, 1)


def numbers(value):
    return None if value is None else [round(number, 6) for number in value.flatten().tolist()]


def write_json(path, value):
    path.write_text(json.dumps(value) + "\n")
