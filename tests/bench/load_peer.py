"""load_peer.py make SHAPE DTYPE FOLDER   writes a directory of random weights as transformers does, in shards
load_peer.py load FOLDER DTYPE THREADS  what bench_load does, done with transformers
"""

import json
import sys
import time

import torch
import transformers

LLAMA = dict(vocab_size=32000, hidden_size=2048, intermediate_size=5632, num_hidden_layers=24, num_attention_heads=32,
             num_key_value_heads=8, tie_word_embeddings=False)
SHAPES = {
    "opt-1.3b": ("OPT", dict(vocab_size=50272, hidden_size=2048, ffn_dim=8192, num_hidden_layers=24,
                             num_attention_heads=32)),
    "llama-1.2b": ("Llama", LLAMA),
}


@torch.no_grad()
def make(shape, dtype, folder):
    kind, settings = SHAPES[shape]
    config = getattr(transformers, kind + "Config")(**settings, dtype=dtype)
    with torch.device("meta"):
        model = getattr(transformers, kind + "ForCausalLM")(config).to(getattr(torch, dtype))
    model = model.to_empty(device="cpu")
    model.tie_weights()
    for parameter in model.parameters():
        parameter.normal_(0.0, 0.02)
    model.save_pretrained(folder, max_shard_size="1GB")
    print(json.dumps(dict(parameters=sum(parameter.numel() for parameter in model.parameters()))))


def peak():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM:"))


@torch.no_grad()
def load(folder, dtype, threads):
    torch.set_num_threads(int(threads))
    program = transformers.AutoModelForCausalLM and peak()  # names are imported when first used
    begin = time.perf_counter()
    model = transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=getattr(torch, dtype)).eval()
    best = model(torch.tensor([[1, 2, 3, 4]])).logits[0, 3].argmax().item()
    print(json.dumps(dict(seconds=time.perf_counter() - begin, program=program, peak=peak(), best=best)))


if __name__ == "__main__":
    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    dict(make=make, load=load)[sys.argv[1]](*sys.argv[2:])
