"""Silero VAD for the torch-module plugin: how a streaming, recurrent module becomes an encoder.

    python silero.py silero_vad_16k.ts.pt silero.pt

The first file is TorchScript with forward(x[B, 576], state[2, B, 128]) and encode(x[B, 576]).
"""

import sys
from typing import List, Tuple

import torch
from torch import Tensor


class Silero(torch.nn.Module):
    def __init__(self, vad):
        super().__init__()
        self.vad = vad

    # Chunks of 512 samples, each with the 64 before it. The recurrent state begins and ends with the sample: the same
    # sound gives the same tokens, whatever was heard before.
    def forward(self, sound: Tensor) -> Tuple[Tensor, Tensor]:
        n = max(1, sound.size(0) // 512)
        padded = torch.cat([torch.zeros([64]), sound, torch.zeros([512])])
        chunks = padded[: n * 512 + 64].unfold(0, 576, 512)
        state = torch.zeros([2, 1, 128])
        voice: List[Tensor] = []
        for i in range(n):
            probability, state = self.vad.forward(chunks[i : i + 1], state)
            voice.append(probability)
        return self.vad.encode(chunks), torch.cat(voice)


if __name__ == "__main__":
    torch.jit.script(Silero(torch.jit.load(sys.argv[1])).eval()).save(sys.argv[2])
