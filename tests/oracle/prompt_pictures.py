"""Draw pictures whose prompts change or are added up, from the tiny models: tests/golden/prompts/*.png, and cases.json.

    pip install lark && python tests/oracle/prompt_pictures.py [case …]

Editing and alternation: diffusers draws, and its callback puts the embedding of the step's text (by prompts.py) in the place of the
last one. AND: the UNet is made to answer ε∅ + Σ wᵢ (εᵢ − ε∅) for the conditional row (Liu et al. 2022, as A1111 weights it), which
the pipeline's guidance then scales. In regions each position has its own sum, and its own negative prompt.
"""
import sys

import torch

from common import GOLDEN, MODELS, generator, save_json
from partition import masks_of
from pipelines import APPLE, embed, open_model, set_sampler
from prompts import schedule
from regions import RegionalAttention, plan


def case(model, width, height, steps, cfg, seed, **more):
    options = {"width": width, "height": height, "steps": steps, "cfgScale": cfg, "seed": seed, "samplingMethod": "euler", **more}
    return {"model": model, "options": options}


REGIONS = plan("1,2", ["a red [apple|teapot]", "two white cats AND the [dark forest:yellow tree:2]:0.5"], negativePrompt="boats BREAK a sea")
CASES = {
    "sd1_edit": case("sd1", 64, 48, 6, 6, 1, prompt="a [red apple:blue teapot:0.5] in [the dark|a yellow] forest"),
    "sd1_edit_negative": case("sd1", 48, 48, 4, 5, 2, prompt=APPLE, negativePrompt="[boats|cats] at sea"),
    "sdxl_edit": case("sdxl", 48, 40, 4, 5, 3, prompt="a red [apple|teapot|two cats]", negativePrompt="blue"),
    "sd1_and": case("sd1", 64, 56, 4, 6, 4, prompt="a red apple :1.2 AND a blue teapot :0.6 AND the forest:-0.3"),
    "sdxl_and": case("sdxl", 56, 48, 4, 5, 5, prompt="a red apple AND a [blue|white] teapot :0.5", negativePrompt="sea"),
    "sd1_region_words": case("sd1", 88, 56, 4, 6, 6, plan=REGIONS),
}
# By hand: what AND joins, with weights; for regions one list each.
PARTS = {
    "sd1_and": [("a red apple", 1.2), ("a blue teapot", 0.6), ("the forest", -0.3)],
    "sdxl_and": [("a red apple", 1), ("a [blue|white] teapot", 0.5)],
    "sd1_region_words": [[("a red [apple|teapot]", 1)], [("two white cats", 1), ("the [dark forest:yellow tree:2]", 0.5)]],
}
NEGATIVES = ["boats", "a sea"]


def encode(pipe, prompt):
    """Token embeddings, and SDXL's pooled one."""
    if hasattr(pipe, "text_encoder_2"):
        return pipe.encode_prompt(prompt, do_classifier_free_guidance=False)[::2]
    return embed(pipe, prompt), None


def swap_embeddings(pipe, options):
    """A callback that gives the next step its words. Row 0 is the negative prompt's."""
    steps = options["steps"]
    texts = [schedule(options.get("negativePrompt", ""), steps), schedule(options["prompt"], steps)]

    def at(step):
        rows = [encode(pipe, text[step]) for text in texts]
        states, pooled = (torch.cat(list(part)) if part[0] is not None else None for part in zip(*rows))
        return {"prompt_embeds": states} | ({"add_text_embeds": pooled} if pooled is not None else {})

    return at, lambda pipe, step, t, tensors: at(step + 1) if step + 1 < steps else {}


def add_up(pipe, parts, steps):
    """Make the UNet answer the weighted sum of the parts' predictions."""
    predict, step = pipe.unet.forward, 0
    encoded = [[encode(pipe, text) for text in schedule(prompt, steps)] for prompt, _ in parts]

    def forward(sample, t, encoder_hidden_states, added_cond_kwargs=None, **more):
        nonlocal step
        def one(row, states, pooled=None):
            added = added_cond_kwargs and {k: v[row:row + 1] for k, v in added_cond_kwargs.items()}
            if pooled is not None:
                added["text_embeds"] = pooled
            return predict(sample[row:row + 1], t, states, added_cond_kwargs=added, **{**more, "return_dict": False})[0]

        avoid = one(0, encoder_hidden_states[:1])
        shown = [one(1, *said[step]) for said in encoded]
        step += 1
        return (torch.cat([avoid, avoid + sum(w * (e - avoid) for (_, w), e in zip(parts, shown))]),)

    pipe.unet.forward = forward


def add_up_in_regions(pipe, plan, regions, steps, size):
    """The same at every position for its own region, by the regions' attention."""
    predict, step = pipe.unet.forward, 0
    own = pipe.unet.attn_processors

    def forward(sample, t, encoder_hidden_states, **more):
        nonlocal step
        def one(prompts):
            contexts = [encode(pipe, schedule(prompt, steps)[step])[0] for prompt in prompts]
            processor = RegionalAttention(plan, size, contexts, None)
            pipe.unet.set_attn_processor({k: processor if "attn2" in k else p for k, p in own.items()})
            return predict(sample[:1], t, contexts[0], **{**more, "return_dict": False})[0]

        avoid = one(NEGATIVES)
        shown = avoid.clone()
        for k in range(max(map(len, regions))):
            prediction = one([(parts[k] if k < len(parts) else parts[0])[0] for parts in regions])
            for mask, parts in zip(masks_of(plan, *size), regions):
                if k < len(parts):
                    shown += parts[k][1] * mask.reshape(1, 1, *size[::-1]) * (prediction - avoid)
        step += 1
        return (torch.cat([avoid, shown]),)

    pipe.unet.forward = forward


def draw(name, pipe, options):
    set_sampler(pipe, options)
    size = options["width"] // pipe.vae_scale_factor, options["height"] // pipe.vae_scale_factor
    steps = options["steps"]
    text = {"prompt": "", "negative_prompt": options.get("negativePrompt")}
    if "plan" in options:
        add_up_in_regions(pipe, options["plan"], PARTS[name], steps, size)
    elif name in PARTS:
        add_up(pipe, PARTS[name], steps)
    else:
        at, callback = swap_embeddings(pipe, options)
        first = at(0)
        negative, positive = first["prompt_embeds"].chunk(2)
        text = {"prompt_embeds": positive, "negative_prompt_embeds": negative}
        if "add_text_embeds" in first:
            text["negative_pooled_prompt_embeds"], text["pooled_prompt_embeds"] = first["add_text_embeds"].chunk(2)
        text |= {"callback_on_step_end": callback, "callback_on_step_end_tensor_inputs": list(first)}
    return pipe(
        **text, width=options["width"], height=options["height"], num_inference_steps=steps,
        guidance_scale=options["cfgScale"], generator=generator(options["seed"]),
    ).images[0]


if __name__ == "__main__":
    folder = GOLDEN / "prompts"
    folder.mkdir(exist_ok=True)
    save_json(folder / "cases.json", CASES)
    for name in sys.argv[1:] or CASES:
        image = draw(name, open_model(MODELS / CASES[name]["model"]), CASES[name]["options"])
        image.save(folder / f"{name}.png", optimize=True)
        print(f"{name}: {image.width}×{image.height}")
