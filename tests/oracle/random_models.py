"""Make models and pictures nobody chose by hand: random shapes, formats, schedulers, plans. For judge.ts, never committed.

    python tests/oracle/random_models.py FOLDER [count] [seed]
    deno run -A tests/oracle/judge.ts FOLDER FOLDER/models

The folders are what `save_pretrained` writes and the weights are as torch initialises them, scaled up in the text encoders.
"""
import random
import sys
from pathlib import Path

import torch
import diffusers
from diffusers import AutoencoderKL, StableDiffusionPipeline, StableDiffusionXLPipeline, UNet2DConditionModel
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection, CLIPTokenizer

import pipelines
import regions
from common import save_json
from models import autoencoder, levels
from tiny_tokenizer import write_tokenizer

SPLITS = {2: ["1,1", "1;2", "0.3,0.7"], 5: ["1,1,1;2,1,1,1", "2,1,2,1;1,1,1"], 6: ["1,1,1;1,2,1;2,1,1", "1,1,1,1;1,3,2,1"]}


def text_encoder(r, vocab, width, projected):
    heads = r.choice([h for h in (1, 2, 4) if width % h == 0])
    config = CLIPTextConfig(
        vocab_size=vocab, bos_token_id=vocab - 2, eos_token_id=r.choice([2, vocab - 1]), hidden_size=width,
        intermediate_size=r.choice([37, 64, 90]), num_hidden_layers=r.randint(2, 5), num_attention_heads=heads,
        hidden_act=r.choice(["gelu", "quick_gelu"]), projection_dim=r.choice([16, 20, 32]),
    )
    encoder = (CLIPTextModelWithProjection if projected else CLIPTextModel)(config)
    for name, p in encoder.named_parameters():
        p.mul_(20 if "embedding" in name else 3 if p.ndim == 2 else 1)  # as they come, prompts would hardly differ
    return encoder


def unet(r, context, pooled):
    n = r.randint(2, 4)
    groups = r.choice([2, 4, 8, 16, 32])
    step = max(groups, 4)  # the program computes in whole quads of channels
    channels = [r.randint(1, 64 // step) * step for _ in range(n)]
    attends = [r.random() < 0.6 for _ in range(n)]
    heads = [r.choice([h for h in (1, 2, 4, 8) if c % h == 0 and c // h <= 160]) for c in channels]
    added = {}
    if pooled:
        dim = r.choice([8, 10])
        added = {"addition_embed_type": "text_time", "addition_time_embed_dim": dim}
        added["projection_class_embeddings_input_dim"] = pooled + 6 * dim
    return UNet2DConditionModel(
        sample_size=16, block_out_channels=channels, norm_num_groups=groups, layers_per_block=r.randint(1, 2),
        attention_head_dim=heads, cross_attention_dim=context, use_linear_projection=r.random() < 0.5,
        transformer_layers_per_block=[r.randint(1, 2) for _ in channels], upcast_attention=r.random() < 0.3,
        down_block_types=levels("Down", *attends), up_block_types=levels("Up", *attends),
        time_cond_proj_dim=r.choice([None, None, None, 24]), **added,
    )


def vae(r):
    groups = r.choice([2, 4, 8])
    channels = [max(groups, 4) * r.randint(1, 4) for _ in range(r.randint(1, 4))]
    scale = r.choice([0.18215, 0.13025])
    return AutoencoderKL(
        **autoencoder(*channels, norm_num_groups=groups, layers_per_block=r.randint(1, 2), scaling_factor=scale),
    )


def scheduler(r):
    name, extra = pipelines.SAMPLERS[r.choice([*pipelines.SAMPLERS])]
    config = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear"}
    if r.random() < 0.5:
        config["clip_sample"] = r.random() < 0.3
    more = {"timestep_spacing": r.choice(["leading", "trailing", "linspace"])} if r.random() < 0.5 else {}
    prediction = {"prediction_type": r.choice(["epsilon", "v_prediction"])}
    return getattr(diffusers, name).from_config({**config, **extra, **more, **prediction, "skip_prk_steps": True, "steps_offset": 1})


def build(r, folder):
    torch.manual_seed(r.randint(0, 2**31))
    xl = r.random() < 0.5
    tokenizers = []
    for i in range(2 if xl else 1):
        vocab = write_tokenizer(folder / f"bpe{i}", r.choice(["!", "<|endoftext|>"]))
        tokenizers.append(CLIPTokenizer.from_pretrained(folder / f"bpe{i}"))
    width, width2 = r.choice([16, 20, 32]), r.choice([16, 24, 40])
    first = text_encoder(r, vocab, width, False)
    parts = {"tokenizer": tokenizers[0], "text_encoder": first, "vae": vae(r), "scheduler": scheduler(r)}
    if xl:
        second = text_encoder(r, vocab, width2, True)
        parts |= {"tokenizer_2": tokenizers[1], "text_encoder_2": second}
        net = unet(r, width + width2, second.config.projection_dim)
        pipe = StableDiffusionXLPipeline(**parts, unet=net, force_zeros_for_empty_prompt=r.random() < 0.7)
    else:
        pipe = StableDiffusionPipeline(
            **parts, unet=unet(r, width, 0), safety_checker=None, feature_extractor=None, requires_safety_checker=False,
        )
    pipe.to(r.choice([torch.float32, torch.float16, torch.bfloat16]))
    variant = "fp16" if pipe.unet.dtype == torch.float16 and r.random() < 0.5 else None
    pipe.save_pretrained(folder, variant=variant, safe_serialization=r.random() < 0.8)


def options(r):
    size = lambda: 8 * r.randint(4, 12)
    return {
        "width": size(), "height": size(), "steps": r.randint(2, 6), "cfgScale": r.choice([0, 1, 2.5, 5, 7.5]),
        "seed": r.randint(0, 2**32), **({"samplingMethod": r.choice([*pipelines.SAMPLERS])} if r.random() < 0.6 else {}),
    }


def plan(r):
    count = r.choice([*SPLITS])
    base = {"basePrompt": pipelines.FOREST, "baseRatio": r.choice([0, 0.3, 0.5, 1])} if r.random() < 0.6 else {}
    negative = {"negativePrompt": "blue sea"} if r.random() < 0.4 else {}
    mode = r.choice(["attention", "attention", "latent"])
    return regions.plan(r.choice(SPLITS[count]), count, mode=mode, **base, **negative)


if __name__ == "__main__":
    out, count, seed = Path(sys.argv[1]), int((sys.argv[2:] or ["10"])[0]), int((sys.argv[3:] or ["0"])[0])
    cases = {}
    for i in range(count):
        r = random.Random(1000 * seed + i)
        name = f"model{i}"
        build(r, out / "models" / name)
        for regional in [False, True]:
            chosen = options(r)
            if regional:
                chosen["plan"] = plan(r)
            else:
                chosen |= {"prompt": pipelines.APPLE, **({"negativePrompt": "dark forest"} if r.random() < 0.5 else {})}
            pipe = pipelines.open_model(out / "models" / name)
            try:
                image = (regions if regional else pipelines).draw(pipe, chosen)
            except (ValueError, AssertionError, IndexError) as error:
                print(f"{name}: no reference for {chosen}: {error}")
                continue
            key = f"{name}_{'regions' if regional else 'plain'}"
            cases[key] = {"model": name, "options": chosen}
            image.save(out / f"{key}.png")
            save_json(out / "cases.json", cases)
