"""Compares lateral's decoder with transformers on random small models: `./dev parity`.

Logits must agree within 1e-4 (float32). Ids must be equal; where they differ, the reference's own margin between its
best two choices must be below 1e-4, and that in at most 1 % of the answers.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import torch
import transformers

import reference as ref

SHAPES = {
    "llama": ref.llama(),
    "llama, as many key heads": ref.llama(num_key_value_heads=4),
    "llama, one key head": ref.llama(num_key_value_heads=1, num_attention_heads=6, hidden_size=36),
    "llama, own head": ref.llama(tie_word_embeddings=False),
    "llama, biases": ref.llama(attention_bias=True, mlp_bias=True),
    "llama, wide heads": ref.llama(head_dim=10),
    "llama, narrow heads, 3 groups": ref.llama(head_dim=2, num_attention_heads=9, num_key_value_heads=3, hidden_size=27),
    "llama, theta 500": ref.llama(rope_parameters={"rope_type": "default", "rope_theta": 500.0}),
    "llama, linear scaling": ref.llama(rope_parameters={"rope_type": "linear", "rope_theta": 1e4, "factor": 4.0}),
    "llama 3.1 scaling": ref.llama(head_dim=16, rope_parameters={
        "rope_type": "llama3", "rope_theta": 1e4, "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
        "original_max_position_embeddings": 64}),
    "llama, gelu, 1 block": ref.llama(hidden_act="gelu", num_hidden_layers=1),
    "llama, odd vocabulary, 5 blocks": ref.llama(vocab_size=101, num_hidden_layers=5),
    "opt": ref.opt(),
    "opt, own head": ref.opt(tie_word_embeddings=False),
    "opt, no biases": ref.opt(enable_bias=False),
    "opt, bare norms": ref.opt(layer_norm_elementwise_affine=False),
    "opt, odd heads": ref.opt(hidden_size=35, num_attention_heads=5),
    "opt, one head of 13": ref.opt(hidden_size=13, num_attention_heads=1),
    "opt-350m's norms and projections": ref.opt(do_layer_norm_before=False, word_embed_proj_dim=12),
    "opt, gelu, 5 blocks": ref.opt(activation_function="gelu", num_hidden_layers=5),
    "opt, no final norm": ref.opt(_remove_final_layer_norm=True),
}

ANSWERS = [
    dict(max_new_tokens=24),
    dict(max_new_tokens=24, ignore_eos=True),
    dict(max_new_tokens=24, repetition_penalty=1.3),
    dict(max_new_tokens=20, min_new_tokens=20, repetition_penalty=2.5),
    dict(max_new_tokens=12, num_beams=4),
    dict(max_new_tokens=12, num_beams=3, early_stopping="yes", length_penalty=0.6),
    dict(max_new_tokens=12, num_beams=2, early_stopping="never", length_penalty=1.4),
    dict(max_new_tokens=8, num_beams=4, repetition_penalty=2.5),
    dict(max_new_tokens=10, num_beams=5, min_new_tokens=4, length_penalty=-0.5),
]


def requests_of(model, folder, seed):
    prompts = ref.make_prompts(model, seed)
    cases = [dict(kind="logits", prompts=prompts)]
    for options in ANSWERS:
        cases += [dict(kind="generate", prompts=[prompt], options=options) for prompt in prompts]
        cases.append(dict(kind="generate", prompts=prompts, options=options))  # padded on the left
    return dict(folder=str(folder), cases=cases)


def run_lateral(runner, request, folder):
    path = folder / "request.json"
    path.write_text(json.dumps(request))
    done = subprocess.run([runner, str(path)], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"parity_runner: {done.stderr}")
    return json.loads(done.stdout)


class Tally:
    def __init__(self):
        self.worst_logit = 0.0
        self.answers = self.near_ties = 0
        self.wrong = []

    def logits(self, name, expected, found):
        for want, got in zip(expected, found, strict=True):
            difference = (torch.tensor(want) - torch.tensor(got)).abs().max().item()
            self.worst_logit = max(self.worst_logit, difference)
            if not difference < 1e-4:
                self.wrong.append(f"{name}: logits differ by {difference:.1e}")

    def answer(self, name, options, expected, margins, found):
        self.answers += 1
        if expected == found:
            return
        step = next((i for i, (a, b) in enumerate(zip(expected, found)) if a != b), min(len(expected), len(found)))
        margin = margins[min(step, len(margins) - 1)]
        if margin < 1e-4:
            self.near_ties += 1
        else:
            self.wrong.append(f"{name} {options}: step {step}, margin {margin:.1e}:\n  {expected}\n  {found}")

    def passed(self):
        return not self.wrong and self.near_ties <= 0.01 * self.answers


def compare(tally, name, model, request, results):
    cache = {}
    for case, result in zip(request["cases"], results, strict=True):
        if case["kind"] == "logits":
            tally.logits(name, ref.logits_of(model, case["prompts"]), result)
            continue
        for prompt, found in zip(case["prompts"], result["answers"], strict=True):
            key = json.dumps([prompt, case["options"]])
            if key not in cache:
                cache[key] = ref.answer(model, prompt, case["options"])
            tally.answer(name, case["options"], *cache[key], found)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runner", default="build/release/bin/parity_runner")
    parser.add_argument("--seeds", type=int, default=2, help="models of each shape")
    options = parser.parse_args()
    torch.set_num_threads(1)
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    tally = Tally()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        jobs = []
        for number, (name, recipe) in enumerate(SHAPES.items()):
            for seed in range(options.seeds):
                model = ref.make_model(recipe, 1000 * number + seed)
                place = folder / f"{number}-{seed}"
                ref.save(model, place)
                jobs.append((name, model, requests_of(model, place, 1000 * number + seed)))
        results = run_lateral(options.runner, dict(threads=1, models=[job[2] for job in jobs]), folder)
        for (name, model, request), result in zip(jobs, results, strict=True):
            before = len(tally.wrong)
            compare(tally, name, model, request, result)
            print(f"{'ok  ' if len(tally.wrong) == before else 'FAIL'} {name}", flush=True)
    print(f"transformers {transformers.__version__}: {len(jobs)} models, largest logit difference "
          f"{tally.worst_logit:.1e}, {tally.answers} answers, {tally.near_ties} near ties, {len(tally.wrong)} wrong")
    for wrong in tally.wrong[:20]:
        print(wrong)
    sys.exit(0 if tally.passed() else 1)


if __name__ == "__main__":
    main()
