"""Draw pictures with adapters on the tiny models: tests/golden/loras/*.png, and cases.json that says how.

diffusers and PEFT are the judges of what they read (kohya's and their own names, with the original block names, alone, several at
once, scaled, DoRA), LyCORIS of its own kinds. Adapters are not kept: cases say names, shapes and scales, and both sides draw the
numbers from torch's generator, the nth tensor from the seed plus n.

    python tests/oracle/loras.py [case …]
"""
import gzip
import json
import sys

import torch
from lycoris.functional import factorization
from lycoris.modules import LohaModule, get_module, make_module

from common import GOLDEN, MODELS, generator, save_json
from partition import extents, leaves, masks_of
from pipelines import APPLE, FOREST, case, draw, embed, open_model

ATTENTION = ("to_q", "to_k", "to_v", "to_out.0", "ff.net.0.proj", "ff.net.2", "proj_in", "proj_out")
CONVOLUTION = ("conv1", "conv2", "conv_shortcut", "time_emb_proj", "downsamplers.0.conv", "upsamplers.0.conv", "conv_in", "conv_out")
TEXT = ("q_proj", "k_proj", "v_proj", "out_proj", "fc1", "fc2")


def modules(pipe, part, endings):
    network = getattr(pipe, part)
    for name, module in network.named_modules():
        if name.endswith(endings) and hasattr(module, "weight"):
            yield name, module


def kohya(part, name):
    prefix = {"unet": "lora_unet_", "text_encoder": "lora_te_", "text_encoder_2": "lora_te2_"}[part]
    return prefix + name.replace(".", "_")


def lora(pipe, part, endings, key, rank=2, scale=0.3, ends=("lora_down.weight", "lora_up.weight"), alpha=None):
    """Names, shapes and scales of a LoRA. Ranks differ from layer to layer."""
    for i, (name, module) in enumerate(modules(pipe, part, endings)):
        out, inner, *kernel = module.weight.shape
        r = rank + i % 2
        yield [f"{key(name)}.{ends[0]}", [r, inner, *kernel], scale]
        yield [f"{key(name)}.{ends[1]}", [out, r, *[1] * len(kernel)], scale]
        if alpha:
            yield [f"{key(name)}.alpha", [], alpha]


def tensors(spec):
    """What a spec stands for: scalars are the number itself, `norm` the lengths of a weight's rows with noise on them."""
    made = {}
    for i, (name, shape, scale) in enumerate(spec["tensors"]):
        noise = torch.randn(torch.Size(shape).numel(), generator=generator(spec["seed"] + i)).reshape(shape)
        made[name] = noise * scale + spec.get("about", {}).get(name.rsplit(".", 1)[-1], 0.0) if shape else torch.tensor(float(scale))
    return made


def te(pipe):
    """transformers 5 leaves text_model out of names; every file has it."""
    return lambda part: (lambda name: kohya(part, name if name.startswith("text_model") else f"text_model.{name}"))


def original(name):
    """A UNet module under its original name."""
    old = {"conv1": "in_layers_2", "time_emb_proj": "emb_layers_1", "conv2": "out_layers_3", "conv_shortcut": "skip_connection"}
    side, *path = name.split(".")
    number = int(path.pop(0)) if side != "mid_block" else 0
    kind, index, *rest = path[0], int(path[1]), *path[2:]
    attention = kind == "attentions"
    if side == "mid_block":
        at = f"middle_block_{1 if attention else 2 * index}"
    else:
        down = side == "down_blocks"
        at = f"{'input' if down else 'output'}_blocks_{number * (LAYERS + 1) + index + down}_{int(attention)}"
    return f"lora_unet_{at}_" + "_".join(old.get(word, word) for word in rest).replace(".", "_")


LAYERS = 1


def make_specs():
    sd1, sd2, xl = (open_model(MODELS / name) for name in ("sd1", "sd2", "sdxl"))
    global LAYERS
    LAYERS = xl.unet.config.layers_per_block
    dotted = lambda part: (lambda name: f"{part}.{name}")
    unet = lambda name: kohya("unet", name)
    specs = {
        "kohya": [*lora(sd1, "unet", ATTENTION, unet, alpha=1.5), *lora(sd1, "text_encoder", TEXT, te(sd1)("text_encoder"), alpha=1)],
        "convolutions": [*lora(sd1, "unet", ATTENTION + CONVOLUTION, unet, alpha=2)],
        "peft": [*lora(sd2, "unet", ATTENTION + CONVOLUTION, dotted("unet"), ends=("lora_A.weight", "lora_B.weight"))],
        "old": [*lora(sd2, "unet", ("to_q", "to_k", "to_v"), lambda n: f"unet.{n.rpartition('.')[0]}.processor.{n.rpartition('.')[2]}_lora",
                      ends=("down.weight", "up.weight"))],
        "xl": [*lora(xl, "unet", ATTENTION, unet, alpha=1.5), *lora(xl, "text_encoder", TEXT, lambda n: te(xl)("text_encoder")(n).replace("lora_te_", "lora_te1_"), alpha=1),
               *lora(xl, "text_encoder_2", TEXT, te(xl)("text_encoder_2"), alpha=1)],
        "xl_original": [*lora(xl, "unet", ("to_q", "to_k", "to_v", "to_out.0", "ff.net.2"), original, alpha=1)],
        "xl_peft": [*lora(xl, "unet", ATTENTION, dotted("unet"), ends=("lora_A.weight", "lora_B.weight"))],
    }
    about = {}
    # DoRA as PEFT names it: a length for every output channel.
    dora = []
    for name, module in modules(xl, "unet", ("to_q", "to_v", "to_out.0", "ff.net.2")):
        out, inner = module.weight.shape
        dora += [[f"unet.{name}.lora_A.weight", [2, inner], 0.3], [f"unet.{name}.lora_B.weight", [out, 2], 0.3],
                 [f"unet.{name}.lora_magnitude_vector", [out], 0.1]]
    specs["xl_dora"] = dora
    about["xl_dora"] = {"lora_magnitude_vector": 0.6}
    # LyCORIS: each kind on its layers.
    kinds = []
    for i, (name, module) in enumerate(modules(sd1, "unet", ATTENTION + CONVOLUTION)):
        out, inner, *kernel = module.weight.shape
        key, conv = unet(name), bool(kernel) and kernel[0] == 3
        flat = inner * (9 if conv else 1)
        kind = i % 6
        if kind == 0 and conv:
            kinds += [[f"{key}.lora_down.weight", [3, inner, 1, 1], 0.3], [f"{key}.lora_up.weight", [out, 3, 1, 1], 0.3],
                      [f"{key}.lora_mid.weight", [3, 3, 3, 3], 0.3]]
        elif kind == 1 and conv:
            kinds += [[f"{key}.hada_{w}", shape, 0.4] for w, shape in
                      [("w1_a", [2, out]), ("w1_b", [2, inner]), ("w2_a", [2, out]), ("w2_b", [2, inner]), ("t1", [2, 2, 3, 3]), ("t2", [2, 2, 3, 3])]]
        elif kind <= 1:
            kinds += [[f"{key}.hada_{w}", shape, 0.5] for w, shape in [("w1_a", [out, 2]), ("w1_b", [2, flat]), ("w2_a", [out, 2]), ("w2_b", [2, flat])]]
        elif kind == 2:
            (a, c), (b, d) = factorization(out), factorization(inner)
            kinds += [[f"{key}.lokr_w1", [a, b], 0.3], [f"{key}.lokr_w2", [c, d, *kernel], 0.3]]
        elif kind == 3:
            (a, c), (b, d) = factorization(out), factorization(inner)
            kinds += [[f"{key}.lokr_w1", [a, b], 0.3], [f"{key}.lokr_w2_a", [c, 1], 0.3], [f"{key}.lokr_w2_b", [1, d * flat // inner], 0.3]]
        elif kind == 4:
            shape = [1, out, 1, 1] if kernel else [out]
            kinds += [[f"{key}.weight", shape, 0.3], [f"{key}.on_input", [], 0]]
        else:
            kinds += [[f"{key}.lora_down.weight", [2, inner, *kernel], 0.3], [f"{key}.lora_up.weight", [out, 2, *[1] * len(kernel)], 0.3],
                      [f"{key}.dora_scale", [out, *[1] * (1 + len(kernel))], 0.1]]
        if kind != 4:
            kinds += [[f"{key}.alpha", [], 1]]
    specs["lycoris"] = kinds
    about["lycoris"] = {"dora_scale": 0.7}
    return {
        name: {"seed": 100 * (i + 1), "tensors": list(spec), **({"about": about[name]} if name in about else {})}
        for i, (name, spec) in enumerate(specs.items())
    }


def with_loras(given, loras):
    given["options"]["lora"] = [{"file": f"{name}.safetensors", "weight": weight} for name, weight in loras.items()]
    return given


CASES = {
    "sd1_kohya": with_loras(case("sd1", APPLE, 64, 48, 4, 6, 1, negativePrompt="blue"), {"kohya": 0.8}),
    "sd1_convolutions": with_loras(case("sd1", FOREST, 48, 64, 4, 5, 2), {"convolutions": 1}),
    "sd1_lycoris": with_loras(case("sd1", APPLE, 56, 48, 4, 5, 3), {"lycoris": 1}),
    "sd2_peft": with_loras(case("sd2", APPLE, 64, 40, 4, 5, 4), {"peft": -0.5}),
    "sd2_old": with_loras(case("sd2", FOREST, 40, 64, 4, 5, 5), {"old": 1.2}),
    "sdxl_kohya": with_loras(case("sdxl", APPLE, 64, 64, 4, 5, 6), {"xl": 0.8}),
    "sdxl_two": with_loras(case("sdxl", FOREST, 64, 48, 4, 5, 7, negativePrompt="sea"), {"xl": 0.8, "xl_peft": 0.5}),
    "sdxl_original": with_loras(case("sdxl", APPLE, 48, 64, 4, 5, 8), {"xl_original": 0.8}),
    "sdxl_dora": with_loras(case("sdxl", FOREST, 56, 56, 4, 5, 9), {"xl_dora": 0.8}),
}


def regional(model, mode, width, height, seed, ratio, *loras, negative="blue"):
    """Regions, each with its own LoRAs by strength."""
    prompts = ["a red apple", "a blue teapot", "two white cats"]
    cells = [{"prompt": prompt, **({"loras": own} if own else {})} for prompt, own in zip(prompts, loras)]
    plan = {"prompt": APPLE, "splitRatio": ratio, "regions": cells, "mode": mode, "negativePrompt": negative}
    return {"model": model, "options": {"width": width, "height": height, "steps": 4, "cfgScale": 5, "seed": seed, "plan": plan}}


CASES |= {
    "sd1_attention_regions": regional("sd1", "attention", 96, 64, 11, "1,1", {"kohya": 0.8}, {}),
    "sd1_attention_two": regional("sd1", "attention", 80, 72, 12, "1;2,1,1", {"kohya": 0.8}, {"convolutions": 0.7, "kohya": -0.5}, {}),
    "sd1_canvas_regions": regional("sd1", "canvas", 96, 64, 13, "2,1", {}, {"kohya": 1}),
    "sdxl_attention_regions": regional("sdxl", "attention", 96, 64, 14, "1,1", {"xl": 0.8}, {"xl_peft": 0.6}),
    "sdxl_latent_regions": regional("sdxl", "latent", 64, 72, 15, "1;1", {"xl": 0.8}, {}),
}


class Regions:
    """Regional pictures with LoRAs, from the definition: every row of an activation is computed with the weights of its region, keys
    and values of a prompt with those of the region whose prompt it is, and texts by encoders with the region's LoRAs. What a region
    avoids is encoded and seen the same way. Time and sizes belong to no region."""

    def __init__(self, pipe, options, specs):
        self.pipe, self.plan, self.options = pipe, options["plan"], options
        self.size = options["width"] // pipe.vae_scale_factor, options["height"] // pipe.vae_scale_factor
        self.changes = [self.changes_of(leaf.get("loras", {}), specs) for leaf in leaves(self.plan)]

    def changes_of(self, loras, specs):
        """ΔW of every module, by module."""
        changes = {}
        for lora, weight in loras.items():
            state = tensors(specs[lora])
            for part in ("unet", "text_encoder", "text_encoder_2"):
                for name, module in (getattr(self.pipe, part).named_modules() if hasattr(self.pipe, part) else ()):
                    keys = [kohya(part, name), f"{part}.{name}"]
                    if part != "unet":
                        keys = [kohya(part, f"text_model.{name}"), kohya(part, name)]
                        keys += [key.replace("lora_te_", "lora_te1_") for key in keys]
                    for key in set(keys):
                        for down, up in (("lora_down", "lora_up"), ("lora_A", "lora_B")):
                            if f"{key}.{down}.weight" in state and "time_emb" not in name:
                                a, b = state[f"{key}.{down}.weight"], state[f"{key}.{up}.weight"]
                                scale = state.get(f"{key}.alpha", torch.tensor(float(len(a)))) / len(a)
                                delta = weight * scale * (b.flatten(1) @ a.flatten(1)).reshape(module.weight.shape)
                                changes[module] = changes.get(module, 0) + delta
        return changes

    def merged(self, region, run):
        for module, delta in self.changes[region].items():
            module.weight.data += delta
        out = run()
        for module, delta in self.changes[region].items():
            module.weight.data -= delta
        return out

    def encode(self, prompt):
        if hasattr(self.pipe, "text_encoder_2"):
            return self.pipe.encode_prompt(prompt, do_classifier_free_guidance=False)[::2]
        return embed(self.pipe, prompt), None

    def grid(self, positions):
        width, height = self.size
        while width * height > positions:
            width, height = (width + 1) // 2, (height + 1) // 2
        return width, height

    def hook(self, module, inputs, out):
        """Each row's own change, where rows are pixels."""
        x = inputs[0]
        for region, changes in enumerate(self.changes):
            if module in changes:
                convolution = isinstance(module, torch.nn.Conv2d)
                at = out.shape[:1:-1] if convolution else self.grid(out.shape[1])
                mask = masks_of(self.plan, *at)[region]
                more = torch.nn.functional.conv2d(x, changes[module], None, module.stride, module.padding) if convolution else x @ changes[module].T
                out = out + (mask.reshape(1, 1, *at[::-1]) if convolution else mask[None, :, None]) * more
        return out

    def __call__(self, attn, hidden_states, encoder_hidden_states=None, attention_mask=None, temb=None):
        query = attn.to_q(hidden_states)
        heads = lambda x: x.unflatten(-1, (attn.heads, -1)).transpose(1, 2)
        blended = 0
        for region, mask in enumerate(masks_of(self.plan, *self.grid(query.shape[1]))):
            context = torch.cat(self.contexts[region])
            project = lambda layer: layer(context) + context @ self.changes[region].get(layer, torch.zeros_like(layer.weight)).T
            mixed = torch.nn.functional.scaled_dot_product_attention(heads(query), heads(project(attn.to_k)), heads(project(attn.to_v)))
            blended = blended + mask[None, :, None] * mixed.transpose(1, 2).flatten(2)
        return attn.to_out[0](blended)

    def draw(self):
        pipe, plan, o = self.pipe, self.plan, self.options
        negative, whole = plan["negativePrompt"], plan["prompt"]
        encoded = [[self.merged(r, lambda: self.encode(text)) for text in (negative, leaf["prompt"])] for r, leaf in enumerate(leaves(plan))]
        self.contexts = [[states for states, _ in both] for both in encoded]
        unet, predict = pipe.unet, pipe.unet.forward

        def forward(sample, t, encoder_hidden_states, added_cond_kwargs=None, **more):
            out = torch.zeros_like(sample)
            width, height = self.size
            for region, (mask, place) in enumerate(zip(masks_of(plan, width, height), extents(plan, width, height))):
                added = added_cond_kwargs and dict(added_cond_kwargs)
                box = (..., slice(0, height), slice(0, width))
                if plan["mode"] == "canvas":
                    box = (..., slice(*place[2:]), slice(*place[:2]))
                states = torch.cat(self.contexts[region])
                own = self.merged(region, lambda: predict(sample[box], t, states, added_cond_kwargs=added, **{**more, "return_dict": False})[0])
                out[box] += mask.reshape(height, width)[box] * own
            return (out,)

        if plan["mode"] == "attention":
            unet.set_attn_processor({k: self if "attn2" in k else p for k, p in unet.attn_processors.items()})
            for name, module in unet.named_modules():
                if any(module in changes for changes in self.changes) and not name.endswith(("attn2.to_k", "attn2.to_v")):
                    module.register_forward_hook(self.hook)
        else:
            unet.forward = forward
        return pipe(
            whole, negative_prompt=negative, width=o["width"], height=o["height"], num_inference_steps=o["steps"],
            guidance_scale=o["cfgScale"], generator=generator(o["seed"]),
        ).images[0]


def add_lycoris(pipe, state):
    """Every module's own class merges its weight."""
    found = {kohya("unet", name): module for name, module in pipe.unet.named_modules()}
    by_module = {}
    for name, tensor in state.items():
        key, role = name.split(".", 1)
        by_module.setdefault(key, {})[role] = tensor
    for key, tensors_of in by_module.items():
        if "on_input" in tensors_of:  # its class does not read itself back
            weight, scale = found[key].weight, tensors_of["weight"]
            weight.data = weight.data * (1 + scale.reshape(-1, *[1] * (weight.dim() - 1)))
            continue
        algorithm, parameters = get_module({f"{key}.{role}": t for role, t in tensors_of.items()}, key)
        made = make_module(algorithm, parameters, key, found[key])
        weight = found[key].weight
        # merging applies its α/r twice; what was trained is its forward, which does so once
        if algorithm is LohaModule:
            weight.data = weight.data + made.get_weight(weight.shape).detach()
        else:
            weight.data = made.get_merged_weight(1, weight.shape)[0].reshape(weight.shape).detach()


def add(pipe, given, specs):
    for chosen in given["options"]["lora"]:
        name = chosen["file"].removesuffix(".safetensors")
        state = tensors(specs[name])
        if name == "lycoris":
            add_lycoris(pipe, state)
        else:
            pipe.load_lora_weights(dict(state), adapter_name=name)
    names = [chosen["file"].removesuffix(".safetensors") for chosen in given["options"]["lora"]]
    if "lycoris" not in names:
        pipe.set_adapters(names, [chosen["weight"] for chosen in given["options"]["lora"]])


if __name__ == "__main__":
    folder = GOLDEN / "loras"
    folder.mkdir(exist_ok=True)
    specs = make_specs()
    (folder / "adapters.json.gz").write_bytes(gzip.compress(json.dumps(specs).encode(), mtime=0))
    save_json(folder / "cases.json", CASES)
    for name in sys.argv[1:] or CASES:
        given = CASES[name]
        pipe = open_model(MODELS / given["model"])
        if "plan" in given["options"]:
            Regions(pipe, given["options"], specs).draw().save(folder / f"{name}.png", optimize=True)
            print(name)
            continue
        plain = draw(pipe, given["options"])
        add(pipe, given, specs)
        image = draw(pipe, given["options"])
        image.save(folder / f"{name}.png", optimize=True)
        change = (torch.tensor(list(image.tobytes())).float() - torch.tensor(list(plain.tobytes())).float()).abs().mean()
        print(f"{name}: {change:.1f} levels from the picture without")
