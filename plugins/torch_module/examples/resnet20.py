"""ResNet-20 (CIFAR-10) for the torch-module plugin: a module written down from a paper and a file of weights.

    python resnet20.py resnet20.safetensors resnet20.pt
"""

import sys
from typing import Dict, Tuple

import torch
from torch import Tensor


class ResNet20(torch.nn.Module):
    w: Dict[str, Tensor]

    def __init__(self, weights):
        super().__init__()
        self.w = weights

    def norm(self, x: Tensor, name: str) -> Tensor:
        mean, variance = self.w[name + ".running_mean"], self.w[name + ".running_var"]
        return torch.batch_norm(
            x, self.w[name + ".weight"], self.w[name + ".bias"], mean, variance, False, 0.0, 1e-5, False)

    def block(self, x: Tensor, name: str, stride: int) -> Tensor:
        y = torch.conv2d(x, self.w[name + ".conv1.weight"], None, [stride, stride], [1, 1])
        y = torch.relu(self.norm(y, name + ".bn1"))
        y = self.norm(torch.conv2d(y, self.w[name + ".conv2.weight"], None, [1, 1], [1, 1]), name + ".bn2")
        if stride == 2:  # twice as many channels: those that the shortcut lacks are zero
            half = x.size(1) // 2
            x = torch.constant_pad_nd(x[:, :, ::2, ::2], [0, 0, 0, 0, half, half])
        return torch.relu(x + y)

    def forward(self, image: Tensor) -> Tuple[Tensor, Tensor]:
        x = torch.relu(self.norm(torch.conv2d(image, self.w["conv1.weight"], None, [1, 1], [1, 1]), "bn1"))
        for stage in range(1, 4):
            for i in range(3):
                x = self.block(x, "layer{}.{}".format(stage, i), 2 if stage > 1 and i == 0 else 1)
        features = x.mean([2, 3])
        return features, torch.matmul(features, self.w["linear.weight"].t()) + self.w["linear.bias"]


if __name__ == "__main__":
    from safetensors.torch import load_file

    torch.jit.script(ResNet20(load_file(sys.argv[1])).eval()).save(sys.argv[2])
