"""Draw regional pictures from the tiny models: tests/golden/regions/*.png, and cases.json with the plans.

    python tests/oracle/regions.py [case …]

diffusers has no such thing, so the modes are written here from their definition: at a position of region r with base
ratio β, attention mode gives (1−β)·attn(q, K_r, V_r) + β·attn(q, K_base, V_base) in every cross-attention, latent mode
(1−β)·ε_r + β·ε_base as the prediction. The unconditional half sees the negative prompt everywhere. In canvas mode ε_r and its
unconditional half are those of the region's box alone, drawn as a picture of its own, blended with both halves of the base.
A plan with phases goes from one mode to the next after its share of the steps; "bind" is canvases of the briefs, then attention.
"""
import sys

import torch
import torch.nn.functional as F

from common import GOLDEN, MODELS, generator, save_json
from partition import extents, leaves, masks_of
from pipelines import APPLE, FOREST, LONG, embed, open_model, set_sampler

NAMES = ["a red apple", "a blue teapot", "two white cats", "the dark forest", "a yellow tree", "boats at sea"]


def plan(ratio, regions, **more):
    """A plan as JSON. Regions are a count, or a list of prompts and ready-made cells."""
    names = NAMES[:regions] if isinstance(regions, int) else regions
    cells = [{"prompt": name} if isinstance(name, str) else name for name in names]
    return {"prompt": APPLE, "splitRatio": ratio, "regions": cells, **more}


def case(model, width, height, steps, cfg, seed, plan, **more):
    options = {"width": width, "height": height, "steps": steps, "cfgScale": cfg, "seed": seed, "plan": plan, **more}
    return {"model": model, "options": options}


def brief(name, **more):
    return {"prompt": f"{name} in the dark forest", "brief": name, **more}


NESTED = {"splitRatio": "1;2,1,2", "regions": [{"prompt": NAMES[1]}, {"prompt": NAMES[2], "baseRatio": 0.9}, {"prompt": NAMES[3]}]}
CASES = {
    "sd1_two_columns": case("sd1", 96, 64, 5, 7, 1, plan("1,1", 2)),
    "sd1_two_rows_base": case("sd1", 64, 80, 5, 5, 2, plan("0.3;0.7", 2, basePrompt=FOREST, baseRatio=0.4)),
    "sd1_five": case(
        "sd1", 128, 72, 4, 6, 3, plan("1,1,1;2,1,2,1", 5, basePrompt=APPLE, baseRatio="0.2,0;1,0.5,0.3", negativePrompt="blue"),
    ),
    "sd1_guidance_1": case("sd1", 96, 56, 4, 1, 4, plan("0.1,0.3", 2, basePrompt=FOREST, baseRatio=0.25)),
    "sd1_guidance_0": case("sd1", 64, 64, 4, 0, 5, plan("1,2", 2)),
    "sd1_long_region": case("sd1", 72, 64, 4, 5, 6, plan("1,1", [LONG, NAMES[1]], basePrompt=FOREST, baseRatio=0.5), chunkAtComma="off"),
    "sd1_latent_two": case("sd1", 88, 64, 5, 6, 7, plan("2,1", 2, mode="latent")),
    "sd1_latent_five": case(
        "sd1", 64, 96, 4, 6, 8, plan("1,1,1;1;2,1,1", 5, mode="latent", basePrompt=FOREST, baseRatio=0.3, negativePrompt="sea"),
    ),
    "sd2_six_columns": case("sd2", 48, 40, 5, 6, 1, plan("1,1,1,1,1,1", 6, basePrompt=FOREST, baseRatio=0.35)),
    "sd2_nested": case("sd2", 80, 56, 4, 6, 2, plan("1,2", [NAMES[0], NESTED], basePrompt=FOREST, baseRatio="0.1,0.4")),
    "sd2_latent_six": case("sd2", 48, 64, 4, 5, 3, plan("1,1,1;1,1,1;1,1,1", 6, mode="latent", basePrompt=APPLE, baseRatio=0.5)),
    "sdxl_two_columns": case("sdxl", 96, 64, 4, 5, 1, plan("1,1", 2)),
    "sdxl_five": case("sdxl", 128, 96, 4, 5, 2, plan("1,1,1,1;1,1,1", 5, basePrompt=FOREST, baseRatio=0.3)),
    "sdxl_six": case("sdxl", 72, 104, 4, 7, 3, plan("1,1,1;1,1,2;1,2,1", 6, basePrompt=APPLE, baseRatio=0.2, negativePrompt="blue")),
    "sd1_canvas_two": case("sd1", 96, 64, 5, 6, 11, plan("2,1", 2, mode="canvas")),
    "sd1_canvas_five": case(
        "sd1", 88, 96, 4, 6, 12, plan("1,1,1;1;2,1,1", 5, mode="canvas", basePrompt=FOREST, baseRatio="0.3,0;1;0.5", negativePrompt="sea"),
    ),
    "sd2_canvas_nested": case("sd2", 80, 56, 4, 6, 13, plan("1,2", [NAMES[0], NESTED], mode="canvas", basePrompt=FOREST, baseRatio=0.2)),
    "sdxl_canvas_three": case("sdxl", 96, 64, 4, 5, 14, plan("1,1,1;1", 3, mode="canvas", basePrompt=FOREST, baseRatio=0.4, negativePrompt="blue")),
    "sd1_bind_five": case(
        "sd1", 88, 96, 5, 6, 21,
        plan("1,1,1;1;2,1,1", [*[brief(name) for name in NAMES[:2]], *NAMES[2:5]], mode="bind", basePrompt=FOREST, baseRatio="0.3,0;1;0.5"),
        bind=0.4, samplingMethod="dpm++2m",
    ),
    "sd1_bind_refine_ratio": case(
        "sd1", 96, 64, 4, 5, 22, plan("2,1", [NAMES[0], {"prompt": NAMES[1], "baseRatio": 0.9}], mode="bind", basePrompt=APPLE, negativePrompt="sea"),
        bind=0.5, refineRatio=0.25, samplingMethod="euler",
    ),
    "sd2_bind_nested": case(
        "sd2", 80, 56, 6, 6, 23, plan("1,2", [brief(NAMES[0]), NESTED], mode="bind", basePrompt=FOREST, baseRatio=0.2),
        bind=0.5, samplingMethod="dpm++2m",
    ),
    "sdxl_bind_three": case(
        "sdxl", 96, 64, 5, 5, 24, plan("1,1,1;1", [brief(name) for name in NAMES[:3]], mode="bind", basePrompt=FOREST, baseRatio=0.4, negativePrompt="blue"),
        bind=0.4, samplingMethod="dpm++2m",
    ),
    "sd1_three_phases": case(
        "sd1", 72, 64, 6, 6, 25,
        plan("1;1", [brief(name) for name in NAMES[:2]], basePrompt=APPLE, baseRatio=0.2, phases=[
            {"mode": "latent", "share": 1, "prompts": "brief", "baseRatio": "0.1;0.6"}, {"mode": "attention", "share": 1},
            {"mode": "canvas", "share": 1, "baseRatio": 0.7},
        ]),
        samplingMethod="ddim",
    ),
    "sd1_bind_boxes": case(
        "sd1", 96, 80, 5, 6, 26,
        plan("1", [brief(NAMES[0], box=[0, 0.1, 0.75, 0.9], depth=2), brief(NAMES[1], box=[0.25, 0.4, 0.625, 1], depth=1)],
             mode="bind", basePrompt=FOREST, baseRatio=0.3),
        bind=0.4, samplingMethod="dpm++2m",
    ),
    "sd2_latent_box_over_rows": case(
        "sd2", 80, 64, 4, 6, 27,
        plan("1;2", [NAMES[3], NAMES[5], {"prompt": NAMES[0], "box": [0.25, 0.25, 0.75, 0.75]}], mode="latent", basePrompt=APPLE, baseRatio=0.4),
    ),
    "sdxl_latent_two": case("sdxl", 64, 56, 4, 5, 4, plan("1;1", 2, mode="latent", basePrompt=FOREST, baseRatio=0.4)),
}


def ratios_of(plan):
    """β of every region: its own, else its cell's; 0 without a base prompt, and for the rest around boxes."""
    cells = plan["regions"]
    if "basePrompt" not in plan:
        return [0.0] * (len(leaves(plan)) + 1)
    given = [float(field) for field in str(plan["baseRatio"]).replace(";", ",").split(",")]
    given += given[-1:] * (len(cells) - len(given))
    return [leaf.get("baseRatio", beta) for cell, beta in zip(cells, given) for leaf in leaves(cell)] + [0.0]


def phases_of(options):
    """(steps, plan) of every phase."""
    plan, steps = options["plan"], options["steps"]
    phases = plan.get("phases", [{"mode": plan.get("mode", "attention"), "share": 1}])
    if phases[0]["mode"] == "bind":
        refine = {"baseRatio": options["refineRatio"]} if "refineRatio" in options else {}
        phases = [
            {"mode": "canvas", "share": options["bind"], "baseRatio": 0, "prompts": "brief"},
            {"mode": "attention", "share": 1 - options["bind"], **refine},
        ]

    def in_phase(cell, phase):
        if "regions" in cell:
            return {**cell, "regions": [in_phase(part, phase) for part in cell["regions"]]}
        changed = {"prompt": cell.get("brief", cell["prompt"]) if phase.get("prompts") == "brief" else cell["prompt"]}
        return {**cell, **changed, **({"baseRatio": phase["baseRatio"]} if "baseRatio" in phase and "baseRatio" in cell else {})}

    ends = [round(steps * sum(p["share"] for p in phases[:i + 1]) / sum(p["share"] for p in phases)) for i in range(len(phases))]
    plans = [{**plan, **phase, "regions": [in_phase(part, phase) for part in plan["regions"]]} for phase in phases]
    return [(end - start, plan) for start, end, plan in zip([0, *ends], ends, plans)]


class RegionalAttention:
    """Cross-attention of the regions. The last row of the batch is the conditional one."""

    def __init__(self, plan, size, regions, base):
        self.plan, self.size, self.regions, self.base = plan, size, regions, base

    def grid(self, positions):
        width, height = self.size
        while width * height > positions:
            width, height = (width + 1) // 2, (height + 1) // 2
        assert width * height == positions
        return width, height

    def attend(self, attn, query, context):
        heads = lambda x: x.unflatten(-1, (attn.heads, -1)).transpose(1, 2)
        mixed = F.scaled_dot_product_attention(heads(query), heads(attn.to_k(context)), heads(attn.to_v(context)))
        return mixed.transpose(1, 2).flatten(2)

    def __call__(self, attn, hidden_states, encoder_hidden_states=None, attention_mask=None, temb=None):
        query = attn.to_q(hidden_states)
        rows = [self.attend(attn, query[:-1], encoder_hidden_states[:-1])] if len(query) > 1 else []
        blended = 0
        for mask, beta, context in zip(masks_of(self.plan, *self.grid(query.shape[1])), ratios_of(self.plan), self.regions):
            out = (1 - beta) * self.attend(attn, query[-1:], context)
            if beta:
                out = out + beta * self.attend(attn, query[-1:], self.base)
            blended = blended + mask[None, :, None] * out
        return attn.to_out[0](torch.cat([*rows, blended]))


def blend_predictions(unet, plan, size, regions, base):
    """Make the UNet predict the last row of a batch region by region, and blend on the latent grid."""
    predict = unet.forward

    def forward(sample, t, encoder_hidden_states, added_cond_kwargs=None, **more):
        def one(row, context):
            added = added_cond_kwargs and {k: v[row:row + 1] for k, v in added_cond_kwargs.items()}
            return predict(sample[row:row + 1], t, context, added_cond_kwargs=added, **{**more, "return_dict": False})[0]

        rows = [one(i, encoder_hidden_states[i:i + 1]) for i in range(len(sample) - 1)]
        last = len(sample) - 1
        blended = 0
        for mask, beta, context in zip(masks_of(plan, *size), ratios_of(plan), regions):
            prediction = (1 - beta) * one(last, context)
            if beta:
                prediction = prediction + beta * one(last, base)
            blended = blended + mask.reshape(1, 1, *size[::-1]) * prediction
        return (torch.cat([*rows, blended]),)

    unet.forward = forward


def canvas_predictions(unet, plan, size, regions):
    """Make the UNet predict every row of a batch box by box, and blend that with the prediction for all of the picture."""
    predict = unet.forward

    def forward(sample, t, encoder_hidden_states, added_cond_kwargs=None, **more):
        whole = predict(sample, t, encoder_hidden_states, added_cond_kwargs=added_cond_kwargs, **{**more, "return_dict": False})[0]
        out = torch.zeros_like(sample)
        for mask, place, beta, (context, pooled) in zip(masks_of(plan, *size), extents(plan, *size), ratios_of(plan), regions):
            mask = mask.reshape(size[::-1])
            left, right, top, bottom = place
            box = (..., slice(top, bottom), slice(left, right))
            states, added = encoder_hidden_states.clone(), added_cond_kwargs and dict(added_cond_kwargs)
            states[-1:] = context
            if added:
                added["text_embeds"] = torch.cat([added["text_embeds"][:-1], pooled])
            part = sample[box]
            part.place = place
            own = predict(part, t, states, added_cond_kwargs=added, **{**more, "return_dict": False})[0]
            out[box] += mask[box] * ((1 - beta) * own + beta * whole[box])
        return (out,)

    unet.forward = forward


def draw(pipe, options, beside=()):
    """Networks `beside` the UNet attend as it does."""
    plan = options["plan"]
    set_sampler(pipe, options)
    size = options["width"] // pipe.vae_scale_factor, options["height"] // pipe.vae_scale_factor

    def encode(prompt):
        """Token embeddings, and SDXL's pooled one."""
        if hasattr(pipe, "text_encoder_2"):
            return pipe.encode_prompt(prompt, do_classifier_free_guidance=False)[::2]
        return embed(pipe, prompt), None

    whole = plan.get("basePrompt", plan["prompt"])  # its pooled embedding describes the picture
    base, _ = encode(whole)
    networks = [(network, network.attn_processors) for network in (pipe.unet, *beside)]
    predict = pipe.unet.forward

    def enter(phase):
        """Make the UNet predict as the phase's mode says."""
        encoded = [encode(leaf["prompt"]) for leaf in leaves(phase)] + [encode(whole)]
        regions = [states for states, _ in encoded]
        pipe.unet.forward = predict
        for network, own in networks:
            network.set_attn_processor(dict(own))
        if phase.get("mode") == "latent":
            blend_predictions(pipe.unet, phase, size, regions, base)
        elif phase.get("mode") == "canvas":
            canvas_predictions(pipe.unet, phase, size, encoded)
        else:
            processor = RegionalAttention(phase, size, regions, base)
            for network, own in networks:
                network.set_attn_processor({k: processor if "attn2" in k else p for k, p in own.items()})

    phases = [phase for steps, phase in phases_of(options) for _ in range(steps)]  # of every step
    enter(phases[0])

    def next_step(_, step, timestep, kwargs):
        if step + 1 < len(phases) and phases[step + 1] is not phases[step]:
            enter(phases[step + 1])
        return kwargs

    return pipe(
        whole, callback_on_step_end=next_step, negative_prompt=plan.get("negativePrompt"), width=options["width"], height=options["height"],
        num_inference_steps=options["steps"], guidance_scale=options["cfgScale"], generator=generator(options["seed"]),
    ).images[0]


if __name__ == "__main__":
    folder = GOLDEN / "regions"
    save_json(folder / "cases.json", CASES)
    for name in sys.argv[1:] or CASES:
        image = draw(open_model(MODELS / CASES[name]["model"]), CASES[name]["options"])
        image.save(folder / f"{name}.png", optimize=True)
        print(f"{name}: {image.width}×{image.height}")
