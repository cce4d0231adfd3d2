"""peer.py FOLDER THREADS: what bench_steps does, done with transformers on the same weights and numbers.

Answers the same requests in the same form (steps.cpp). An adaptation step is offered twice: "adapt" runs the whole
model, as one does who has only the library; "adapt-kept" runs the last blocks from kept states, as lateral does.
The layers are transformers' own: what a sense adds to keys and values comes in through the cache argument.
"""

import json
import sys
import time
from pathlib import Path

import torch
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM, DynamicCache
from transformers.utils import logging

PROMPT = 64
BATCH, QUESTION, CONNECTED = 64, 24, 4
TOKENS, WIDTH = 24, 96


def prompt(row, length, vocab):
    return [3 + (row * 31 + i * 17 + row * i) % (vocab - 3) for i in range(length)]


def sensor_tokens(batch):
    values = torch.sin(torch.arange(batch * TOKENS * WIDTH, dtype=torch.float64) * 0.37)
    return values.to(torch.float32).view(batch, TOKENS, WIDTH)


class Sense:
    """Stands in for the cache: puts the sense's keys and values before those of a connected layer's text."""

    def __init__(self, adapter, spec, first):
        self.adapter, self.first = adapter, first
        self.heads = (spec.num_key_value_heads, spec.head_dim)

    def look(self, tokens):
        self.k, self.v = (self.aligned(tokens, part) for part in "kv")
        self.alphas = torch.sigmoid(self.adapter["links.w"])

    def aligned(self, tokens, part):
        weights = [self.adapter[f"aligner.{part}.{name}"] for name in
                   ("in.weight", "in.bias", "out.weight", "out.bias")]
        inner = torch.nn.functional.gelu(torch.nn.functional.linear(tokens, *weights[:2]))
        return torch.nn.functional.linear(inner, *weights[2:]).unflatten(-1, self.heads).transpose(1, 2)

    def update(self, keys, values, layer, *unused):
        if layer < self.first:
            return keys, values
        alpha = self.alphas[layer - self.first]
        return torch.cat([alpha * self.k, keys], 2), torch.cat([alpha * self.v, values], 2)


class Steps:
    def __init__(self, folder):
        self.folder = folder
        self.model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval().requires_grad_(False)
        self.spec = self.model.config
        self.first = self.spec.num_hidden_layers - CONNECTED
        vocab = self.spec.vocab_size
        answers = [3 + row % (vocab - 3) for row in range(BATCH)]
        self.ids = torch.tensor([prompt(row, QUESTION, vocab) + [answers[row]] for row in range(BATCH)])
        self.targets = torch.tensor([id for answer in answers for id in (answer, 2)])
        self.tokens = sensor_tokens(BATCH)

    def check(self):
        with torch.no_grad():
            ids = torch.tensor([prompt(0, PROMPT, self.spec.vocab_size)])
            logits = self.model(ids).logits[0, -1]
        return dict(logits=logits.tolist(), loss=self.adaptation(1, 0)[1])

    @torch.no_grad()
    def decode(self, steps):
        cache = DynamicCache(config=self.spec)
        ids = torch.tensor([prompt(0, PROMPT, self.spec.vocab_size)])
        logits = self.model(ids, past_key_values=cache, use_cache=True, logits_to_keep=1).logits
        seconds = []
        for _ in range(steps):
            start = time.perf_counter()
            best = logits[:, -1].argmax(-1, keepdim=True)
            logits = self.model(best, past_key_values=cache, use_cache=True).logits
            seconds.append(time.perf_counter() - start)
        return seconds

    def run(self, hidden, first, sense):
        """Layers from `first` on, then the logits where the answers stand."""
        inner = self.model.model
        length = hidden.shape[1]
        angles = inner.rotary_emb(hidden, position_ids=torch.arange(length).unsqueeze(0))
        text = torch.ones(length, length, dtype=torch.bool).tril()
        both = torch.cat([torch.ones(length, TOKENS, dtype=torch.bool), text], 1)
        for index, layer in enumerate(inner.layers[first:], first):
            mask = (both if index >= self.first else text).view(1, 1, length, -1)
            hidden = layer(hidden, attention_mask=mask, position_embeddings=angles, past_key_values=sense)
        return self.model.lm_head(inner.norm(hidden[:, QUESTION - 1:])).flatten(0, 1)

    def adaptation(self, steps, first):
        """Mean seconds of a step, and the first loss."""
        adapter = {name: tensor.requires_grad_() for name, tensor in
                   load_file(self.folder / "adapter.safetensors").items()}
        links = [adapter["links.w"]]
        aligners = [tensor for name, tensor in adapter.items() if name.startswith("aligner.")]
        optimizer = torch.optim.AdamW([dict(params=aligners, lr=2e-3, weight_decay=0.05),
                                       dict(params=links, lr=1e-1, weight_decay=0.0)], betas=(0.9, 0.99))
        sense = Sense(adapter, self.spec, self.first)
        embedded = self.model.model.embed_tokens(self.ids)
        kept = embedded
        if first > 0:
            with torch.no_grad():
                kept = self.early(embedded)
        losses = []
        start = time.perf_counter()
        for _ in range(steps):
            optimizer.zero_grad()
            sense.look(self.tokens)
            hidden = kept if first > 0 else self.model.model.embed_tokens(self.ids)
            loss = torch.nn.functional.cross_entropy(self.run(hidden, first, sense), self.targets)
            loss.backward()
            losses.append(loss.item())
            torch.nn.utils.clip_grad_norm_(aligners + links, 1.0)
            optimizer.step()
        return (time.perf_counter() - start) / steps, losses[0]

    def early(self, hidden):
        inner = self.model.model
        angles = inner.rotary_emb(hidden, position_ids=torch.arange(hidden.shape[1]).unsqueeze(0))
        mask = torch.ones(hidden.shape[1], hidden.shape[1], dtype=torch.bool).tril()[None, None]
        for layer in inner.layers[: self.first]:
            hidden = layer(hidden, attention_mask=mask, position_embeddings=angles)
        return hidden


def main():
    logging.disable_progress_bar()
    torch.set_num_threads(int(sys.argv[2]))
    steps = Steps(Path(sys.argv[1]))
    requests = {"check": lambda count: steps.check(), "decode": steps.decode,
                "adapt": lambda count: [steps.adaptation(count, 0)[0]],
                "adapt-kept": lambda count: [steps.adaptation(count, steps.first)[0]]}
    for line in sys.stdin:
        what, *count = line.split()
        print(json.dumps(requests[what](int(count[0]) if count else 1)), flush=True)


if __name__ == "__main__":
    main()
