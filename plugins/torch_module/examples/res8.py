"""res8 keyword spotting for the torch-module plugin: preprocessing belongs into the module.

    python res8.py res8.ts.pt mfcc_tables.safetensors keywords.pt

The first file is TorchScript with forward(mfcc[B, 101, 40]) -> (features, logits).
"""

import sys
from typing import Tuple

import torch
from torch import Tensor


class Keywords(torch.nn.Module):
    def __init__(self, net, mel, dct):
        super().__init__()
        self.net = net
        self.mel = mel
        self.dct = dct

    # One second of sound to 101 frames of 40 cepstral coefficients.
    def cepstrum(self, sound: Tensor) -> Tensor:
        second = torch.cat([sound, torch.zeros([16000])])[:16000]
        window = torch.hann_window(480)
        spectrum = torch.stft(second, 480, 160, 480, window, True, "reflect", False, True, True)
        energy = torch.matmul(self.mel, torch.abs(spectrum) ** 2)
        return torch.matmul(self.dct, torch.where(energy > 0, torch.log(energy), energy)).t()

    # And these to one token.
    def forward(self, sound: Tensor) -> Tuple[Tensor, Tensor]:
        features, logits = self.net.forward(self.cepstrum(sound).unsqueeze(0))
        return features, logits


if __name__ == "__main__":
    from safetensors.torch import load_file

    tables = load_file(sys.argv[2])
    net = torch.jit.load(sys.argv[1])
    module = Keywords(net, tables["mel_filters_40x241"], tables["dct_40x40"])
    torch.jit.script(module.eval()).save(sys.argv[3])
