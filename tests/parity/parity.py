"""Compares lateral with Hugging Face transformers on random small models of every family: logits (at once, from the
cache, padded), late keys and values, greedy and beam answers, and half precision.

Logits must agree within 1e-4 in float32. Ids must be equal; where they are not, the two best choices of transformers
must be less than 1e-4 apart, and that in at most 1 % of the answers. In bfloat16 and float16 the two programs round in
different places, so each is compared with transformers in float32: lateral's largest error may be at most three times that of
transformers in the same type (or 1e-3 of the largest logit).
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

import torch
import transformers

import reference as ref

YARN = {"rope_type": "yarn", "rope_theta": 1e4, "factor": 4.0, "original_max_position_embeddings": 32}

LONG = {"rope_type": "longrope", "rope_theta": 1e4, "original_max_position_embeddings": 64,
        "short_factor": [1.0, 1.1, 1.3, 1.7], "long_factor": [2.0, 4.0, 6.0, 8.0]}

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
    "llama 3.2 scaling, far positions": ref.llama(head_dim=32, max_position_embeddings=131072, rope_parameters={
        "rope_type": "llama3", "rope_theta": 5e5, "factor": 32.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
        "original_max_position_embeddings": 64}),
    "llama, yarn": ref.llama(head_dim=16, rope_parameters=YARN),
    "llama, yarn, no factor, odd betas": ref.llama(head_dim=16, rope_parameters=dict(
        YARN, factor=None, beta_fast=8.0, beta_slow=0.5, mscale=0.7, mscale_all_dim=0.4)),
    "llama, longrope, long from the third column": ref.llama(
        head_dim=8, rope_parameters=dict(LONG, original_max_position_embeddings=2)),
    "llama, longrope, answers that become long": ref.llama(
        head_dim=8, rope_parameters=dict(LONG, original_max_position_embeddings=20, attention_factor=1.1)),
    "llama, longrope with a factor, far positions": ref.llama(head_dim=8, max_position_embeddings=4096, rope_parameters=dict(
        LONG, original_max_position_embeddings=400, factor=8.0)),
    "llama, dynamic scaling within its positions": ref.llama(
        rope_parameters={"rope_type": "dynamic", "rope_theta": 1e4, "factor": 3.0}),
    "llama, one head, biases, own head": ref.llama(
        num_attention_heads=1, num_key_value_heads=1, hidden_size=6, attention_bias=True, tie_word_embeddings=False),
    "llama, gelu, 1 block": ref.llama(hidden_act="gelu", num_hidden_layers=1),
    "llama, odd vocabulary, 5 blocks": ref.llama(vocab_size=101, num_hidden_layers=5),
    "mistral": ref.mistral(tie_word_embeddings=False),
    "mistral, window of 4": ref.mistral(sliding_window=4, num_key_value_heads=1),
    # (With a window of 1 transformers' cache keeps every column, so that its answers contradict its own logits.)
    "mistral, window of 2, wide heads": ref.mistral(sliding_window=2, head_dim=10),
    "qwen2": ref.qwen2(),
    "qwen2, own head, one key head": ref.qwen2(tie_word_embeddings=False, num_key_value_heads=1),
    "qwen2, alternate windows, longrope": ref.qwen2(
        use_sliding_window=True, sliding_window=4, num_attention_heads=3, num_key_value_heads=3,
        layer_types=["full_attention", "sliding_attention", "full_attention"],
        rope_parameters=dict(LONG, short_factor=[1.0, 1.2, 1.4, 1.6], long_factor=[3.0, 3.5, 4.0, 4.5])),
    "qwen2, windows wanted but null": ref.qwen2(use_sliding_window=True, sliding_window=None),
    "qwen2, yarn": ref.qwen2(rope_parameters=dict(YARN, rope_theta=1e6)),
    "qwen2, windows from block 1": ref.qwen2(use_sliding_window=True, sliding_window=5, max_window_layers=1),
    "qwen3": ref.qwen3(),
    "qwen3, own head, one key head": ref.qwen3(tie_word_embeddings=False, num_key_value_heads=1, head_dim=14),
    "qwen3, biases, odd windows": ref.qwen3(attention_bias=True, use_sliding_window=True, sliding_window=3, layer_types=[
        "sliding_attention", "full_attention", "sliding_attention"]),
    "qwen3, yarn": ref.qwen3(head_dim=16, rope_parameters=dict(YARN, truncate=False, beta_fast=16.0, beta_slow=2.0)),
    "opt": ref.opt(),
    "opt, own head": ref.opt(tie_word_embeddings=False),
    "opt, no biases": ref.opt(enable_bias=False),
    "opt, bare norms": ref.opt(layer_norm_elementwise_affine=False),
    "opt, odd heads": ref.opt(hidden_size=35, num_attention_heads=5),
    "opt, one head of 13": ref.opt(hidden_size=13, num_attention_heads=1),
    "opt-350m's norms and projections": ref.opt(do_layer_norm_before=False, word_embed_proj_dim=12),
    "opt-350m, own head": ref.opt(do_layer_norm_before=False, word_embed_proj_dim=40, tie_word_embeddings=False),
    "opt, gelu, 5 blocks": ref.opt(activation_function="gelu", num_hidden_layers=5),
    "opt, no final norm": ref.opt(_remove_final_layer_norm=True),
    "bloom": ref.bloom(),
    "bloom, residuals of norms, 3 heads": ref.bloom(
        apply_residual_connection_post_layernorm=True, n_head=3, hidden_size=21),
    "bloom, 6 heads, own head": ref.bloom(n_head=6, hidden_size=30, tie_word_embeddings=False),
    "bloom, 11 heads, 1 block": ref.bloom(n_head=11, hidden_size=33, n_layer=1),
    "bloom, far positions": ref.bloom(seq_length=2048),
    "bloom, one head": ref.bloom(n_head=1, hidden_size=7),
    "gpt2": ref.gpt2(),
    "gpt2, own head, narrow FFN": ref.gpt2(tie_word_embeddings=False, n_inner=20),
    "gpt2, scores by block": ref.gpt2(scale_attn_by_inverse_layer_idx=True, reorder_and_upcast_attn=True),
    "gpt2, unscaled scores": ref.gpt2(scale_attn_weights=False, n_embd=8, n_head=4),
    "gpt2, relu, odd heads": ref.gpt2(activation_function="relu", n_embd=35, n_head=5, n_layer=5),
    "gpt_neox": ref.gpt_neox(),
    "gpt_neox, whole heads turn, tied": ref.gpt_neox(
        tie_word_embeddings=True, rope_parameters={"rope_theta": 500.0, "partial_rotary_factor": 1.0}),
    "gpt_neox, yarn by half, 3 wide heads": ref.gpt_neox(hidden_size=48, rope_parameters=dict(
        YARN, partial_rotary_factor=0.5)),
    "gpt_neox, residuals in turn, no biases": ref.gpt_neox(
        use_parallel_residual=False, attention_bias=False, num_attention_heads=2,
        rope_parameters={"rope_theta": 1e4, "partial_rotary_factor": 0.5}),
    "gpt_neox, linear scaling, gelu_new": ref.gpt_neox(
        hidden_act="gelu_new", num_attention_heads=1, hidden_size=20,
        rope_parameters={"rope_type": "linear", "factor": 3.0, "rope_theta": 1e4, "partial_rotary_factor": 0.3}),
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

HALF = {"bfloat16": torch.bfloat16, "float16": torch.float16}
REPOSITORY = Path(__file__).parent.parent.parent


def store(model, folder, number):
    """In turn whole, in shards, without the head's part of the names, and as a converted pickle."""
    way = number % 4
    if way == 2 and model.config.tie_word_embeddings:
        ref.save(model.base_model, folder)
    elif way == 3:
        model.config.save_pretrained(folder)
        torch.save(model.state_dict(), folder / "pytorch_model.bin")
        subprocess.run([sys.executable, REPOSITORY / "models" / "convert.py", folder], check=True, capture_output=True)
    else:
        ref.save(model, folder, **(dict(max_shard_size="20KB") if way == 1 else {}))


def requests_of(model, folder, seed):
    far = getattr(model.config, "max_position_embeddings", getattr(model.config, "seq_length", 0)) > 1000
    prompts = ref.make_prompts(model, seed, (9, 4, 300 if far else 13))
    late = ref.make_late(model, seed)
    cases = [dict(kind=kind, prompts=prompts) for kind in ("logits", "cached", "padded")]
    cases.append(dict(kind="late", prompts=prompts, late=late))
    for options in ANSWERS:
        cases += [dict(kind="generate", prompts=[prompt], options=options) for prompt in prompts]
        cases.append(dict(kind="generate", prompts=prompts, options=options))  # padded on the left
    whole = dict(folder=str(folder), cases=cases)
    return [whole] + [dict(folder=str(folder), dtype=name, cases=cases[:1]) for name in HALF]


def run_lateral(runner, request, folder):
    path = folder / "request.json"
    path.write_text(json.dumps(request))
    done = subprocess.run([runner, str(path)], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"parity_runner: {done.stderr}")
    return json.loads(done.stdout)


def largest(expected, found):
    return max((torch.tensor(want) - torch.tensor(got)).abs().max().item()
               for want, got in zip(expected, found, strict=True))


class Tally:
    def __init__(self):
        self.worst = defaultdict(lambda: defaultdict(float))  # of each family and kind
        self.answers = self.near_ties = 0
        self.wrong = []

    def note(self, family, kind, difference):
        self.worst[family][kind] = max(self.worst[family][kind], difference)

    def logits(self, name, family, kind, expected, found):
        difference = largest(expected, found)
        self.note(family, kind, difference)
        if not difference < 1e-4:
            self.wrong.append(f"{name}: {kind} logits differ by {difference:.1e}")

    def half(self, name, family, kind, expected, theirs, found):
        own, other = largest(expected, found), largest(expected, theirs)
        scale = max(abs(value) for row in expected for value in row)
        self.note(family, kind, own / scale)
        if not own <= max(3.0 * other, 1e-3 * scale):
            self.wrong.append(f"{name}: {kind} is off by {own:.1e}, transformers by {other:.1e}")

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
    family = model.config.model_type
    cache = {}
    logits = None
    for case, result in zip(request["cases"], results, strict=True):
        if case["kind"] == "generate":
            for prompt, found in zip(case["prompts"], result["answers"], strict=True):
                key = json.dumps([prompt, case["options"]])
                if key not in cache:
                    cache[key] = ref.answer(model, prompt, case["options"])
                tally.answer(name, case["options"], *cache[key], found)
        elif case["kind"] == "late":
            expected = [ref.late_logits(model, prompt, case["late"]) for prompt in case["prompts"]]
            tally.logits(name, family, "late", expected, result[0::2])
            tally.logits(name, family, "late, in steps", expected, result[1::2])
        else:
            logits = logits or ref.logits_of(model, case["prompts"])
            tally.logits(name, family, case["kind"], logits, result)


def compare_half(tally, name, model, requests, results):
    expected = ref.logits_of(model, requests[0]["cases"][0]["prompts"])
    for request, result in zip(requests, results, strict=True):
        dtype = request["dtype"]
        narrow = type(model)(model.config).eval()
        narrow.load_state_dict(model.state_dict())
        theirs = ref.logits_of(narrow.to(HALF[dtype]), request["cases"][0]["prompts"])
        tally.half(name, model.config.model_type, dtype, expected, theirs, result[0])


def report(tally):
    kinds = ["logits", "cached", "padded", "late", "late, in steps", *HALF]
    print("\nlargest difference of a logit (half types: relative to the largest logit)")
    print(f"{'family':10}" + "".join(f"{kind:>16}" for kind in kinds))
    for family, worst in tally.worst.items():
        print(f"{family:10}" + "".join(f"{worst[kind]:16.1e}" for kind in kinds))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runner", default="build/release/bin/parity_runner")
    parser.add_argument("--seeds", type=int, default=2, help="models of each shape")
    parser.add_argument("--only", default="", help="shapes whose names begin so")
    options = parser.parse_args()
    torch.set_num_threads(1)
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    tally = Tally()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        jobs = []
        for number, (name, recipe) in enumerate(SHAPES.items()):
            if not name.startswith(options.only):
                continue
            for seed in range(options.seeds):
                model = ref.make_model(recipe, 1000 * number + seed)
                place = folder / f"{number}-{seed}"
                store(model, place, number + seed)
                jobs.append((name, model, requests_of(model, place, 1000 * number + seed)))
        requests = [request for job in jobs for request in job[2]]
        results = iter(run_lateral(options.runner, dict(threads=1, models=requests), folder))
        for name, model, (whole, *half) in jobs:
            before = len(tally.wrong)
            compare(tally, name, model, whole, next(results))
            compare_half(tally, name, model, half, [next(results) for _ in half])
            print(f"{'ok  ' if len(tally.wrong) == before else 'FAIL'} {name}", flush=True)
    report(tally)
    print(f"transformers {transformers.__version__}: {len(jobs)} models, {tally.answers} answers, "
          f"{tally.near_ties} near ties, {len(tally.wrong)} wrong")
    for wrong in tally.wrong[:20]:
        print(wrong)
    sys.exit(0 if tally.passed() else 1)


if __name__ == "__main__":
    main()
