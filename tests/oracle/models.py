"""Write the tiny random models of tests/golden/models: ordinary diffusers folders with odd shapes.

    python tests/oracle/models.py [name …]

The weights are random but lively: every bias and norm is off its default, attention is far from uniform, prompts matter,
and the last layer of each UNet is fitted to denoise, so that a sampler keeps latents near unit size and an error anywhere
shows in the picture.
"""
import json
import shutil
import sys
import zlib

import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from safetensors.torch import load_file, save_file
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

from common import MODELS, generator
from tiny_tokenizer import EOS, write_tokenizer

UNET = {"sample_size": 16, "layers_per_block": 1, "norm_num_groups": 8}
VAE = {"latent_channels": 4, "norm_num_groups": 8, "sample_size": 64}
BETAS = {
    "beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear", "num_train_timesteps": 1000,
    "clip_sample": False,
}


def text(width, layers, heads, act, **more):
    return {"hidden_size": width, "num_hidden_layers": layers, "num_attention_heads": heads, "hidden_act": act, **more}


def levels(kind, *attention):
    """Block types of a UNet whose level i attends where attention[i] is true; kind is "Down" or "Up"."""
    names = [f"{'CrossAttn' if a else ''}{kind}Block2D" for a in attention]
    return names if kind == "Down" else names[::-1]


def autoencoder(*channels, **more):
    n = len(channels)
    types = {"down_block_types": ["DownEncoderBlock2D"] * n, "up_block_types": ["UpDecoderBlock2D"] * n}
    return {**VAE, "block_out_channels": channels, **types, **more}


MODEL_TABLE = {
    # Convolutional projections, heads of 8, 12 and 16, a level without attention, an MLP of 37, VAE factor 8; the text
    # encoder under the names of published checkpoints (transformers 5 writes the others without "text_model.").
    "sd1": {
        "pipeline": "StableDiffusionPipeline",
        "unet": {
            **UNET, "block_out_channels": (16, 24, 32), "attention_head_dim": 2, "cross_attention_dim": 32,
            "down_block_types": levels("Down", 1, 1, 0), "up_block_types": levels("Up", 1, 1, 0),
        },
        "vae": autoencoder(8, 8, 16, 16, scaling_factor=0.18215, force_upcast=False),
        "text_encoder": text(32, 3, 4, "quick_gelu", intermediate_size=37, eos_token_id=2),
        "pad": EOS, "text_names": "published",
        "scheduler": {
            "_class_name": "PNDMScheduler", "skip_prk_steps": True, "steps_offset": 1, "set_alpha_to_one": False,
        },
    },
    # v-prediction, linear projections, heads as a list (20 and 16 wide), two layers a block, fp16 file names.
    "sd2": {
        "pipeline": "StableDiffusionPipeline", "variant": "fp16",
        "unet": {
            **UNET, "block_out_channels": (20, 32), "attention_head_dim": [1, 2], "cross_attention_dim": 48,
            "layers_per_block": 2, "norm_num_groups": 4, "use_linear_projection": True, "upcast_attention": True,
            "down_block_types": levels("Down", 1, 0), "up_block_types": levels("Up", 1, 0),
        },
        "vae": autoencoder(8, 12, 16, norm_num_groups=4, layers_per_block=2, scaling_factor=0.18215),
        "text_encoder": text(48, 2, 3, "gelu", intermediate_size=96, projection_dim=32),
        "pad": "!",
        "scheduler": {
            "_class_name": "DDIMScheduler", "prediction_type": "v_prediction", "steps_offset": 1,
            "set_alpha_to_one": False,
        },
    },
    # Two encoders, size conditioning, transformer depths 0/2/1, heads of 20 and 8, a sharded UNet, a bf16 VAE,
    # tokenizer.json alone.
    "sdxl": {
        "pipeline": "StableDiffusionXLPipeline", "shard": "250KB", "vae_type": torch.bfloat16,
        "tokenizer_layout": "json",
        "unet": {
            **UNET, "block_out_channels": (16, 20, 24), "attention_head_dim": [1, 1, 3], "cross_attention_dim": 72,
            "norm_num_groups": 4, "transformer_layers_per_block": [1, 2, 1], "use_linear_projection": True,
            "addition_embed_type": "text_time", "addition_time_embed_dim": 8,
            "projection_class_embeddings_input_dim": 24 + 6 * 8,
            "down_block_types": levels("Down", 0, 1, 1), "up_block_types": levels("Up", 0, 1, 1),
        },
        "vae": autoencoder(8, 8, 16, 16, scaling_factor=0.13025, force_upcast=True),
        "text_encoder": text(32, 3, 2, "quick_gelu", intermediate_size=64),
        "text_encoder_2": text(40, 4, 5, "gelu", intermediate_size=80, projection_dim=24),
        "pad": EOS, "pad_2": "!",
        "scheduler": {"_class_name": "EulerDiscreteScheduler", "timestep_spacing": "leading", "steps_offset": 1},
    },
}


def enliven(module, seed):
    """Replace every parameter: matrices at unit gain (less into residual sums, more into attention scores)."""
    g = generator(seed)
    for name, p in module.named_parameters():
        noise = torch.randn(p.shape, generator=g)
        if "norm" in name and name.endswith("weight"):
            p.copy_(1 + 0.2 * noise)
        elif p.ndim == 1:
            p.copy_(0.1 * noise)
        elif "embedding.weight" in name:
            p.copy_(noise if "token" in name else 0.3 * noise)
        else:
            into_scores = any(part in name for part in ("to_q", "to_k", "q_proj", "k_proj"))
            into_sum = any(part in name for part in ("conv2", "to_out", "net.2", "proj_out", "out_proj", "fc2"))
            gain = 1.6 if into_scores else 1.4 if "attn2.to_out" in name else 0.6 if into_sum else 1
            p.copy_(noise * gain / p[0].numel() ** 0.5)
    return module


def fit_to_denoise(unet, prediction, seed):
    """Set the UNet's last layer by least squares to what it should predict for smooth latents, plus some noise."""
    g = generator(seed)
    seen = {}
    hook = unet.conv_out.register_forward_pre_hook(lambda _, inputs: seen.update(x=inputs[0]))
    alphas = (1 - torch.linspace(0.00085**0.5, 0.012**0.5, 1000) ** 2).cumprod(0)
    features, targets = [], []
    for t in range(19, 1000, 40):
        x0 = torch.nn.functional.interpolate(torch.randn(2, 4, 6, 6, generator=g), (16, 16), mode="bicubic")
        noise = torch.randn(x0.shape, generator=g)
        a, s = alphas[t].sqrt(), (1 - alphas[t]).sqrt()
        tokens = torch.randn(2, 77, unet.config.cross_attention_dim, generator=g)
        added = None
        if unet.config.addition_embed_type:
            pooled = unet.config.projection_class_embeddings_input_dim - 6 * unet.config.addition_time_embed_dim
            sizes = torch.tensor([[128, 128, 0, 0, 128, 128]] * 2)
            added = {"text_embeds": torch.randn(2, pooled, generator=g), "time_ids": sizes}
        unet(a * x0 + s * noise, t, tokens, added_cond_kwargs=added)
        features.append(torch.nn.functional.unfold(seen["x"], 3, padding=1).transpose(1, 2).flatten(0, 1))
        target = a * noise - s * x0 if prediction == "v_prediction" else noise
        targets.append(target.permute(0, 2, 3, 1).reshape(-1, 4))
    hook.remove()
    x, y = torch.cat(features).double(), torch.cat(targets).double()
    x = torch.cat([x, torch.ones(len(x), 1)], 1)
    w = torch.linalg.solve(x.T @ x + 10 * torch.eye(x.shape[1]), x.T @ y).float()
    unet.conv_out.weight.copy_(w[:-1].T.reshape(unet.conv_out.weight.shape))
    unet.conv_out.bias.copy_(w[-1])
    unet.conv_out.weight.add_(0.015 * torch.randn(unet.conv_out.weight.shape, generator=g))


def build(name):
    spec = MODEL_TABLE[name]
    folder = MODELS / name
    shutil.rmtree(folder, ignore_errors=True)
    seed = zlib.crc32(name.encode())
    index = {"_class_name": spec["pipeline"], "_diffusers_version": "0.42.0"}
    layout = spec.get("tokenizer_layout", "files")
    variant = spec.get("variant")
    for part in [key for key in spec if key.startswith("text_encoder")]:
        tail = part.removeprefix("text_encoder")
        vocab = write_tokenizer(folder / f"tokenizer{tail}", spec.get(f"pad{tail}", spec["pad"]), layout=layout)
        projected = part == "text_encoder_2"
        config = CLIPTextConfig(vocab_size=vocab, **{"bos_token_id": vocab - 2, "eos_token_id": vocab - 1, **spec[part]})
        encoder = (CLIPTextModelWithProjection if projected else CLIPTextModel)(config)
        save(enliven(encoder, seed + len(part)).half(), folder / part, variant)
        if spec.get("text_names") == "published":
            rename(folder / part / "model.safetensors", lambda key: f"text_model.{key}")
        index[f"tokenizer{tail}"] = ["transformers", "CLIPTokenizer"]
        index[part] = ["transformers", type(encoder).__name__]
    unet = enliven(UNet2DConditionModel(**spec["unet"]), seed).eval()
    fit_to_denoise(unet, spec["scheduler"].get("prediction_type", "epsilon"), seed)
    save(unet.half(), folder / "unet", variant, max_shard_size=spec.get("shard", "10GB"))
    vae = enliven(AutoencoderKL(**spec["vae"]), seed + 1)
    vae.post_quant_conv.weight.mul_(vae.config.scaling_factor)
    vae.decoder.conv_out.weight.mul_(0.6)
    save(vae.to(spec.get("vae_type", torch.float16)), folder / "vae", variant)
    write_json(folder / "scheduler" / "scheduler_config.json", {**BETAS, **spec["scheduler"]})
    index |= {
        "unet": ["diffusers", "UNet2DConditionModel"], "vae": ["diffusers", "AutoencoderKL"],
        "scheduler": ["diffusers", spec["scheduler"]["_class_name"]],
    }
    if spec["pipeline"] == "StableDiffusionXLPipeline":
        index["force_zeros_for_empty_prompt"] = True
    else:
        index |= {"safety_checker": [None, None], "feature_extractor": [None, None], "image_encoder": [None, None]}
    write_json(folder / "model_index.json", index)


def save(module, folder, variant, **more):
    module.save_pretrained(folder, variant=variant, **more)


def rename(path, new_name):
    tensors = load_file(path)
    save_file({new_name(key): tensor for key, tensor in tensors.items()}, path, metadata={"format": "pt"})


def write_json(path, value):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, indent=1) + "\n")


if __name__ == "__main__":
    for name in sys.argv[1:] or MODEL_TABLE:
        build(name)
        files = [f for f in (MODELS / name).rglob("*") if f.is_file()]
        for file in files:
            file.chmod(0o644)
        print(f"{name}: {sum(f.stat().st_size for f in files) / 1024:.0f} KiB in {len(files)} files")
