"""Compares the `whisper` plugin, from the sound file to its tokens, with transformers' feature extractor and encoder on
random small models. With one state a token, tokens are the hidden states of the layer asked for; they must agree within
1e-4 of the largest.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import wave
from pathlib import Path

import torch
import transformers
from transformers import WhisperConfig, WhisperFeatureExtractor, WhisperForConditionalGeneration, WhisperModel

TOLERANCE = 1e-4
SMALL = dict(vocab_size=20, decoder_layers=1, decoder_attention_heads=2, decoder_ffn_dim=8, max_target_positions=4,
             pad_token_id=0, bos_token_id=1, eos_token_id=2, decoder_start_token_id=1)

# name: configuration, seconds that the model hears, seconds of the clip, how it is stored
CASES = {
    "80 mels, 30 s": (dict(d_model=64, encoder_layers=3, encoder_attention_heads=4, encoder_ffn_dim=96), 30, 3.3, "whole"),
    "128 mels, tanh gelu, shards": (dict(d_model=54, encoder_layers=2, encoder_attention_heads=6, encoder_ffn_dim=200,
                                         num_mel_bins=128, activation_function="gelu_new"), 30, 29.999, "shards"),
    "2 s, wide heads, 5 blocks": (dict(d_model=48, encoder_layers=5, encoder_attention_heads=2, encoder_ffn_dim=30), 2, 0.01,
                                  "base"),
    "4 s, one head, relu, float16": (dict(d_model=34, encoder_layers=1, encoder_attention_heads=1, encoder_ffn_dim=40,
                                          activation_function="relu"), 4, 4.0, "half"),
}


def make_model(config, seconds, way):
    config = WhisperConfig(**SMALL, max_source_positions=50 * seconds, **config)
    model = (WhisperModel if way == "base" else WhisperForConditionalGeneration)(config).eval()
    encoder = (model if way == "base" else model.model).encoder
    with torch.no_grad():
        for name, parameter in encoder.named_parameters():
            if name != "embed_positions.weight":
                parameter.normal_(0, 0.25).add_(1.0 if "norm.weight" in name else 0.0)
        if way == "half":
            for parameter in model.parameters():
                parameter.copy_(parameter.half().float())
    return model, encoder


def store(model, extractor, folder, way):
    kept = model.half() if way == "half" else model
    kept.save_pretrained(folder, **(dict(max_shard_size="60KB") if way == "shards" else {}))
    model.float()
    extractor.save_pretrained(folder)


def write_sound(path, seconds):
    samples = int(16000 * seconds)
    t = torch.arange(samples) / 16000
    sound = 0.4 * torch.sin(2 * torch.pi * (200 + 300 * t) * t) + 0.05 * torch.randn(samples)
    pcm = (sound * 32767).clamp(-32768, 32767).to(torch.int16)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16000)
        file.writeframes(pcm.numpy().tobytes())
    return pcm.float() / 32768


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--runner", type=Path, required=True)
    runner = parser.parse_args().runner.resolve()
    torch.manual_seed(1)
    torch.set_num_threads(1)
    print(f"transformers {transformers.__version__}, torch {torch.__version__}: Whisper's encoder from a sound file")
    requests, expected = [], []
    with tempfile.TemporaryDirectory() as scratch:
        for number, (name, (config, seconds, clip, way)) in enumerate(CASES.items()):
            folder, sound = Path(scratch) / str(number), Path(scratch) / f"{number}.wav"
            model, encoder = make_model(config, seconds, way)
            extractor = WhisperFeatureExtractor(feature_size=config.get("num_mel_bins", 80), chunk_length=seconds)
            store(model, extractor, folder, way)
            samples = write_sound(sound, clip)
            features = extractor(samples.numpy(), sampling_rate=16000, return_tensors="pt").input_features
            with torch.no_grad():
                states = encoder(features, output_hidden_states=True).hidden_states
            heard = -(-len(samples) // 320)
            for layer, state in enumerate(states):
                requests.append(dict(sound=str(sound), options=dict(model=str(folder), layer=layer, pool=1)))
                expected.append((f"{name}, layer {layer}", state[0, :heard]))
        request = Path(scratch) / "request.json"
        request.write_text(json.dumps(dict(plugin="whisper", cases=requests)))
        done = subprocess.run([runner, request], check=True, capture_output=True, text=True)
        results = [result["tokens"] for result in json.loads(done.stdout)]
    failures = 0
    for (name, wanted), result in zip(expected, results, strict=True):
        tokens = torch.tensor(result).view(-1, wanted.shape[1])
        error = ((tokens - wanted).abs().max() / wanted.abs().max()).item() if len(tokens) == len(wanted) else float("inf")
        failures += error > TOLERANCE
        print(f"  {name:40} {len(tokens):5} states  largest difference {error:.1e} of the largest state"
              + ("" if error <= TOLERANCE else "  FAILED"))
    print("encoders agree" if failures == 0 else f"{failures} encoders differ")
    sys.exit(failures != 0)


if __name__ == "__main__":
    main()
