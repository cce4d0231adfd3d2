"""Compares what torch-module makes of one PyTorch module, as TorchScript and as an AOTInductor package, with PyTorch itself."""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import torch

NUMBER_OF_POINTS = 500
PLACES = ("thread", "process", "sandbox")


class Points(torch.nn.Module):
    """[points, 4] -> one token a point and the mean of all, as PointNet's first stages."""

    def __init__(self):
        super().__init__()
        self.each = torch.nn.Sequential(torch.nn.Linear(4, 32), torch.nn.GELU(), torch.nn.Linear(32, 16))
        self.norm = torch.nn.LayerNorm(16)

    def forward(self, points):
        tokens = self.norm(self.each(points))
        return tokens.t().unsqueeze(0), torch.amax(tokens, 0)


def declaration(file, **more):
    return {"file": str(file), "inputs": "points", "input.points.kind": "points",
            "input.points.columns": "x y z intensity", "input.points.example": [NUMBER_OF_POINTS, 4],
            "output.tokens.layout": "1 e m -> m e", "output.tokens.shape": [-1, 16], "max_tokens": 1000, **more}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runner", default="build/release/bin/encoder_runner")
    options = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(1)
    module = Points().eval()
    points = torch.randn(NUMBER_OF_POINTS, 4)
    with tempfile.TemporaryDirectory() as temporary, torch.no_grad():
        folder = Path(temporary)
        torch.jit.script(module).save(str(folder / "scripted.pt"))
        torch.jit.trace(module, points).save(str(folder / "traced.pt"))
        program = torch.export.export(module, (points,), dynamic_shapes={"points": {0: torch.export.Dim("n", min=2)}})
        torch._inductor.aoti_compile_and_package(program, package_path=str(folder / "compiled.pt2"))
        (folder / "points.f32").write_bytes(bytes(points.untyped_storage()))
        tokens, most = module(points)
        cases = [("scripted", declaration(folder / "scripted.pt"), tokens[0].t()),
                 ("traced", declaration(folder / "traced.pt"), tokens[0].t()),
                 ("AOTInductor", declaration(folder / "compiled.pt2"), tokens[0].t()),
                 ("AOTInductor, another output",
                  declaration(folder / "compiled.pt2", **{"output.tokens.index": 1, "output.tokens.layout": "e -> 1 e",
                                                          "output.tokens.shape": [1, 16]}), most)]
        request = folder / "request.json"
        request.write_text(json.dumps(dict(plugin="torch-module", cases=[
            dict(options=declared, points=str(folder / "points.f32"), place=place)
            for _, declared, _ in cases for place in PLACES])))
        done = subprocess.run([options.runner, str(request)], capture_output=True, text=True)
        if done.returncode != 0:
            sys.exit(f"encoder_runner: {done.stderr}")
        failed = 0
        results = iter(json.loads(done.stdout))
        for name, _, want in cases:
            found = [next(results)["tokens"] for _ in PLACES]
            apart = (want.flatten() - torch.tensor(found[0])).abs().max().item()
            same = all(numbers == found[0] for numbers in found)
            failed += not (apart < 1e-5 and same)
            print(f"{'ok  ' if apart < 1e-5 and same else 'FAIL'} torch-module, {name}: largest difference {apart:.1e}, "
                  f"{'the same' if same else 'NOT the same'} in a {', a '.join(PLACES)}")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
