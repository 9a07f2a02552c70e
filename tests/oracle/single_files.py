"""Write tests/golden/io: models in one file under the original code's names, and what diffusers makes of those names.

    python tests/oracle/single_files.py                   the goldens
    python tests/oracle/single_files.py full FOLDER [sd1|sd2|sdxl …]   random models of the published sizes (2–7 GB each), never committed,
                                                          for slow.ts beside this file

The way back, from these names to diffusers', is diffusers' own conversion code; it must give the state the models started from.
"""
import gzip
import hashlib
import io
import json
import re
import shutil
import sys
import tempfile
from pathlib import Path

import torch
from diffusers import AutoencoderKL, StableDiffusionPipeline, StableDiffusionXLPipeline, UNet2DConditionModel
from diffusers.loaders import single_file_utils as judge
from safetensors.torch import save_file
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

from common import GOLDEN, MODELS, generator

OUT = GOLDEN / "io"
CROSS = {"Down": "CrossAttnDownBlock2D", "Up": "CrossAttnUpBlock2D"}


def blocks(*attention):
    """Block types of levels that attend (1) or do not (0)."""
    down = [CROSS["Down"] if a else "DownBlock2D" for a in attention]
    up = [CROSS["Up"] if a else "UpBlock2D" for a in reversed(attention)]
    return {"down_block_types": down, "up_block_types": up}


def unet(widths, cross, heads, groups, **more):
    return {"block_out_channels": widths, "cross_attention_dim": cross, "attention_head_dim": heads, "norm_num_groups": groups, **more}


def vae(*widths, groups=32):
    n = len(widths)
    types = {"down_block_types": ["DownEncoderBlock2D"] * n, "up_block_types": ["UpDecoderBlock2D"] * n}
    return {"block_out_channels": widths, "layers_per_block": 2, "latent_channels": 4, "norm_num_groups": groups, **types}


def text(width, layers, heads, act, mlp=None, **more):
    return {
        "vocab_size": 49408, "hidden_size": width, "num_hidden_layers": layers, "num_attention_heads": heads, "hidden_act": act,
        "intermediate_size": mlp or 4 * width, **more,
    }


def sizes(pooled, dim):
    return {
        "addition_embed_type": "text_time", "addition_time_embed_dim": dim, "projection_class_embeddings_input_dim": pooled + 6 * dim,
    }


LINEAR = {"use_linear_projection": True}
FULL = {
    "sd1": {
        "unet": unet((320, 640, 1280, 1280), 768, 8, 32, **blocks(1, 1, 1, 0)),
        "vae": vae(128, 256, 512, 512), "texts": [text(768, 12, 12, "quick_gelu")],
    },
    "sd2": {
        "unet": unet((320, 640, 1280, 1280), 1024, (5, 10, 20, 20), 32, **blocks(1, 1, 1, 0), **LINEAR),
        "vae": vae(128, 256, 512, 512), "texts": [text(1024, 24, 16, "gelu")],
    },
    "sdxl": {
        "unet": unet(
            (320, 640, 1280), 2048, (5, 10, 20), 32, **blocks(0, 1, 1), **LINEAR, **sizes(1280, 256),
            transformer_layers_per_block=(1, 2, 10),
        ),
        "vae": vae(128, 256, 512, 512),
        "texts": [text(768, 12, 12, "quick_gelu"), text(1280, 32, 20, "gelu", projection_dim=1280)],
    },
}
TINY = {
    "sd1": {
        "unet": unet((8, 16, 16), 8, 8, 8, **blocks(1, 1, 0)), "vae": vae(8, 16, groups=8), "texts": [text(8, 2, 1, "quick_gelu", 24)],
    },
    "sd2": {
        "unet": unet((8, 16), 8, (1, 1), 8, **blocks(1, 0), **LINEAR), "vae": vae(8, 8, groups=8), "texts": [text(8, 24, 1, "gelu", 12)],
    },
    "sdxl": {
        "unet": unet((8, 16, 16), 16, (1, 1, 1), 8, **blocks(0, 1, 1), **LINEAR, **sizes(8, 8), transformer_layers_per_block=(1, 2, 3)),
        "vae": vae(8, 8, 16, groups=8), "texts": [text(8, 3, 1, "quick_gelu"), text(8, 4, 1, "gelu", projection_dim=8)],
    },
}


def resnet_to_ldm(rest):
    for new, old in {
        "norm1": "in_layers.0", "conv1": "in_layers.2", "norm2": "out_layers.0", "conv2": "out_layers.3",
        "time_emb_proj": "emb_layers.1", "conv_shortcut": "skip_connection",
    }.items():
        rest = rest.replace(new, old)
    return rest


def unet_to_ldm(name, config):
    layers, levels = config.get("layers_per_block", 2), len(config["block_out_channels"])
    for new, old in {
        "time_embedding.linear_1": "time_embed.0", "time_embedding.linear_2": "time_embed.2", "conv_in": "input_blocks.0.0",
        "add_embedding.linear_1": "label_emb.0.0", "add_embedding.linear_2": "label_emb.0.2", "conv_norm_out": "out.0", "conv_out": "out.2",
    }.items():
        if name.startswith(new + "."):
            return name.replace(new, old)
    if match := re.match(r"mid_block\.(resnets|attentions)\.(\d)\.(.*)", name):
        kind, i, rest = match.groups()
        return f"middle_block.1.{rest}" if kind == "attentions" else f"middle_block.{2 * int(i)}.{resnet_to_ldm(rest)}"
    side, level, kind, i, rest = re.match(r"(down|up)_blocks\.(\d+)\.(\w+)\.(\d+)\.(.*)", name).groups()
    level, i = int(level), int(i)
    if kind == "downsamplers":
        return f"input_blocks.{(level + 1) * (layers + 1)}.0.op.{rest.removeprefix('conv.')}"
    if kind == "upsamplers":
        attends = config["up_block_types"][level].startswith("CrossAttn")
        return f"output_blocks.{level * (layers + 1) + layers}.{2 if attends else 1}.{rest}"
    index = level * (layers + 1) + i + (side == "down")
    part = "input_blocks" if side == "down" else "output_blocks"
    return f"{part}.{index}.0.{resnet_to_ldm(rest)}" if kind == "resnets" else f"{part}.{index}.1.{rest}"


def vae_to_ldm(name, config):
    last = len(config["block_out_channels"]) - 1
    name = name.replace("conv_norm_out", "norm_out").replace("conv_shortcut", "nin_shortcut")
    name = re.sub(r"mid_block\.resnets\.(\d)", lambda m: f"mid.block_{int(m[1]) + 1}", name)
    name = name.replace("mid_block.attentions.0.group_norm", "mid.attn_1.norm").replace("mid_block.attentions.0.to_out.0", "mid.attn_1.proj_out")
    name = re.sub(r"mid_block\.attentions\.0\.to_([qkv])", r"mid.attn_1.\1", name)
    name = re.sub(r"down_blocks\.(\d)\.resnets", r"down.\1.block", name)
    name = re.sub(r"down_blocks\.(\d)\.downsamplers\.0", r"down.\1.downsample", name)
    name = re.sub(r"up_blocks\.(\d)\.resnets", lambda m: f"up.{last - int(m[1])}.block", name)
    return re.sub(r"up_blocks\.(\d)\.upsamplers\.0", lambda m: f"up.{last - int(m[1])}.upsample", name)


def open_clip(state, layers):
    """A CLIP text state under OpenCLIP's names: one matrix for query, key and value, the projection the other way round."""
    out = {
        "token_embedding.weight": state["text_model.embeddings.token_embedding.weight"],
        "positional_embedding": state["text_model.embeddings.position_embedding.weight"],
        "ln_final.weight": state["text_model.final_layer_norm.weight"], "ln_final.bias": state["text_model.final_layer_norm.bias"],
        "text_projection": state["text_projection.weight"].T, "logit_scale": torch.tensor(4.6),
    }
    for i in range(layers):
        old, new = f"text_model.encoder.layers.{i}.", f"transformer.resblocks.{i}."
        for end in ("weight", "bias"):
            out[f"{new}attn.in_proj_{end}"] = torch.cat([state[f"{old}self_attn.{p}_proj.{end}"] for p in "qkv"])
            out[f"{new}attn.out_proj.{end}"] = state[f"{old}self_attn.out_proj.{end}"]
            for a, b in {"layer_norm1": "ln_1", "layer_norm2": "ln_2", "mlp.fc1": "mlp.c_fc", "mlp.fc2": "mlp.c_proj"}.items():
                out[f"{new}{b}.{end}"] = state[f"{old}{a}.{end}"]
    return out


def text_state(model):
    """As published: everything but the projection below "text_model."."""
    state = model.state_dict()
    return {k if k.startswith("text_") else f"text_model.{k}": v for k, v in state.items() if "position_ids" not in k}


def build(spec, device="cpu", dtype=torch.float32):
    """Random networks of a spec."""
    with torch.device(device):
        net = UNet2DConditionModel(sample_size=64, **spec["unet"]).to(dtype)
        auto = AutoencoderKL(**spec["vae"]).to(dtype)
        texts = []
        for i, config in enumerate(spec["texts"]):
            projected = config["hidden_act"] == "gelu"
            kind = CLIPTextModelWithProjection if projected else CLIPTextModel
            texts.append(kind(CLIPTextConfig(**{"projection_dim": config["hidden_size"], **config})).to(dtype))
    return net, auto, texts


def single_file(family, spec, net, auto, texts):
    """The state of all networks under the original names."""
    out = {f"model.diffusion_model.{unet_to_ldm(k, spec['unet'])}": v for k, v in net.state_dict().items()}
    for k, v in auto.state_dict().items():
        convolution = "attentions" in k and v.ndim == 2  # the original attends by 1×1 convolutions
        out[f"first_stage_model.{vae_to_ldm(k, spec['vae'])}"] = v[..., None, None] if convolution else v
    states = [text_state(model) for model in texts]
    layers = [config["num_hidden_layers"] for config in spec["texts"]]
    if family == "sd1":
        out |= {f"cond_stage_model.transformer.{k}": v for k, v in states[0].items()}
        out["cond_stage_model.transformer.text_model.embeddings.position_ids"] = torch.arange(77)[None]
    elif family == "sd2":
        out |= {f"cond_stage_model.model.{k}": v for k, v in open_clip(states[0], layers[0]).items()}
    else:
        out |= {f"conditioner.embedders.0.transformer.{k}": v for k, v in states[0].items()}
        out |= {f"conditioner.embedders.1.model.{k}": v for k, v in open_clip(states[1], layers[1]).items()}
    return {k: v.contiguous() for k, v in out.items()}


def judged(family, spec, checkpoint, texts):
    """What diffusers makes of a single file: the state of each network."""
    out = {
        "unet": judge.convert_ldm_unet_checkpoint(checkpoint, {"layers_per_block": 2, **spec["unet"]}),
        "vae": judge.convert_ldm_vae_checkpoint(checkpoint, spec["vae"]),
    }
    if family != "sd2":
        state = judge.convert_ldm_clip_checkpoint(checkpoint)
        out["text_encoder"] = {k: v for k, v in state.items() if "position_ids" not in k}
    if family != "sd1":
        prefix = "cond_stage_model.model." if family == "sd2" else "conditioner.embedders.1.model."
        state = judge.convert_open_clip_checkpoint(texts[-1], checkpoint, prefix)
        if family == "sd2":  # CLIPTextModel has no projection; loading leaves it out
            state.pop("text_projection.weight", None)
        out["text_encoder" if family == "sd2" else "text_encoder_2"] = state
    return out


def check(name, got, model):
    """diffusers' state must be the model's own; its own code agrees with this file's way there."""
    own = text_state(model) if "text" in name else model.state_dict()
    missing, extra = set(own) - set(got), set(got) - set(own)
    last_layer = {k for k in missing if "layers.23." in k or k.startswith("text_projection")}
    assert not extra and missing == last_layer, (name, missing - last_layer, extra)
    for k, v in got.items():
        assert v.shape == own[k].shape and (v.is_meta or torch.equal(v.float(), own[k].to(v.dtype).float())), (name, k)


def fingerprints(state):
    def digest(v):
        return hashlib.sha256(v.contiguous().view(torch.uint8).numpy().tobytes() if v.ndim else b"").hexdigest()[:16]
    names = {torch.float32: "F32", torch.float16: "F16", torch.bfloat16: "BF16", torch.float8_e4m3fn: "F8_E4M3"}
    return {k: [names[v.dtype], list(v.shape), digest(v)] for k, v in sorted(state.items())}


def write_gz(path, data):
    path.write_bytes(gzip.compress(data, 9, mtime=0))


def write_tiny():
    dtypes = {"sd1": torch.float16, "sd2": torch.bfloat16, "sdxl": torch.float16}
    result = {}
    for seed, (family, spec) in enumerate(TINY.items()):
        networks = build(spec)
        g = generator(seed)
        for model in (networks[0], networks[1], *networks[2]):
            for name, p in model.named_parameters():
                p.copy_(torch.randint(-6, 7, p.shape, generator=g) / 8)
                if "token_embedding" in name:
                    p[512:49400] = 0  # so that the file packs well
        checkpoint = {k: v.to(dtypes[family]) if v.is_floating_point() else v for k, v in single_file(family, spec, *networks).items()}
        if family == "sdxl":
            checkpoint = {k: v.to(torch.float8_e4m3fn) if k.startswith("model.") and v.ndim > 1 else v for k, v in checkpoint.items()}
        states = judged(family, spec, checkpoint, networks[2])
        for name, state in states.items():
            check(name, state, {"unet": networks[0], "vae": networks[1], "text_encoder": networks[2][0], "text_encoder_2": networks[2][-1]}[name])
        result[family] = {name: fingerprints(state) for name, state in states.items()}
        buffer = io.BytesIO()
        if family == "sd1":
            torch.save({"state_dict": checkpoint, "global_step": 470000, "callbacks": {}}, buffer)
            write_gz(OUT / "sd1.ckpt.gz", buffer.getvalue())
        else:
            save_file(checkpoint, OUT / "single.tmp", {"format": "pt"})
            write_gz(OUT / f"{family}.safetensors.gz", (OUT / "single.tmp").read_bytes())
            (OUT / "single.tmp").unlink()
    write_gz(OUT / "single_files.json.gz", json.dumps(result).encode())


def write_names():
    """Names and shapes of the published sizes, and the configs that belong to them."""
    result = {}
    for family, spec in FULL.items():
        networks = build(spec, "meta")
        checkpoint = single_file(family, spec, *networks)
        states = judged(family, spec, checkpoint, networks[2])
        for name, state in states.items():
            check(name, state, {"unet": networks[0], "vae": networks[1], "text_encoder": networks[2][0], "text_encoder_2": networks[2][-1]}[name])
        result[family] = {
            "file": {k: list(v.shape) for k, v in checkpoint.items()},
            "networks": {name: {k: list(v.shape) for k, v in state.items()} for name, state in states.items()},
            "unet": dict(networks[0].config), "vae": dict(networks[1].config), "texts": [m.config.to_dict() for m in networks[2]],
        }
    write_gz(OUT / "published.json.gz", json.dumps(result, default=str).encode())


class Plain:
    """A state that passes for a network."""

    def __init__(self, state):
        self.state = state

    def state_dict(self):
        return self.state


class Tracked(Plain):
    """A network whose every tensor is filled with one number, so that it shows where a tensor of a single file comes from."""

    def __init__(self, component, state, names):
        super().__init__({})
        for name, tensor in state.items():
            names.append((component, name))
            self.state[name] = torch.full(tensor.shape, len(names) - 1)


def write_recipes():
    """How a single file is put together from the folders of tests/golden/models, once from_single_file has read one back alike."""
    result = {}
    for family in TINY:
        kind = StableDiffusionXLPipeline if family == "sdxl" else StableDiffusionPipeline
        pipe = kind.from_pretrained(MODELS / family, variant="fp16" if family == "sd2" else None)
        encoders = [key for key in ("text_encoder", "text_encoder_2") if getattr(pipe, key, None)]
        spec = {"unet": dict(pipe.unet.config), "vae": dict(pipe.vae.config), "texts": [getattr(pipe, e).config.to_dict() for e in encoders]}
        states = {"unet": pipe.unet.state_dict(), "vae": pipe.vae.state_dict(), **{e: text_state(getattr(pipe, e)) for e in encoders}}
        if family == "sd2":  # OpenCLIP has a projection, which SD 2 does not use
            states["text_encoder"] |= {"text_projection.weight": torch.zeros(32, 48)}
        with tempfile.TemporaryDirectory() as folder:
            shutil.copytree(MODELS / family, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("*.safetensors*"))
            networks = [Plain(states[e]) for e in encoders]
            save_file(single_file(family, spec, pipe.unet, pipe.vae, networks), f"{folder}/model.safetensors", {"format": "pt"})
            again = kind.from_single_file(f"{folder}/model.safetensors", config=folder, local_files_only=True)
            for part in ("unet", "vae", *encoders):
                check(part, text_state(getattr(again, part)) if "text" in part else again.components[part].state_dict(), getattr(pipe, part))
        names = []
        tracked = {part: Tracked(part, state, names) for part, state in states.items()}
        recipe = {}
        for old, tensor in single_file(family, spec, tracked["unet"], tracked["vae"], [tracked[e] for e in encoders]).items():
            if tensor.is_floating_point() or old.endswith("position_ids"):
                continue  # logit_scale and position_ids are in no folder
            rows = tensor.reshape(len(tensor), -1)[:, 0] if tensor.ndim else tensor
            parts = [names[i] for i in rows.unique_consecutive().tolist()]
            if parts != [("text_encoder", "text_projection.weight")] or family != "sd2":
                recipe[old] = {"shape": list(tensor.shape), "parts": parts, "turned": old.endswith("text_projection")}
        result[family] = recipe
    write_gz(OUT / "recipes.json.gz", json.dumps(result).encode())


def write_full(folder, families):
    folder.mkdir(parents=True, exist_ok=True)
    for family in families or FULL:
        torch.manual_seed(0)
        networks = build(FULL[family], dtype=torch.float16)
        if family == "sd2":  # the spread of this bias says v (docs/models.md)
            networks[0].up_blocks[3].attentions[2].transformer_blocks[0].norm1.bias.normal_(std=0.2)
        save_file(single_file(family, FULL[family], *networks), folder / f"{family}.safetensors", {"format": "pt"})
        save_file(evaluate(networks[0].float(), FULL[family]), folder / f"{family}_unet.safetensors")
        print(f"{folder / family}.safetensors and what its UNet gives, {folder / family}_unet.safetensors")


def evaluate(net, spec):
    """One evaluation for a picture of 256², in f32."""
    g = generator(5)
    given = {"sample": torch.randn(1, 4, 32, 32, generator=g), "timestep": torch.tensor([501.0])}
    given["context"] = torch.randn(1, 77, spec["unet"]["cross_attention_dim"], generator=g)
    added = {}
    if "addition_embed_type" in spec["unet"]:
        added = {"text_embeds": torch.randn(1, 1280, generator=g), "time_ids": torch.tensor([[256.0, 256, 0, 0, 256, 256]])}
    output = net(given["sample"], given["timestep"], given["context"], added_cond_kwargs=added).sample
    return {**given, **added, "output": output}


if __name__ == "__main__":
    OUT.mkdir(parents=True, exist_ok=True)
    if sys.argv[1:2] == ["full"]:
        write_full(Path(sys.argv[2]), sys.argv[3:])
    else:
        write_tiny()
        write_names()
        write_recipes()
