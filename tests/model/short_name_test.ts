import assert from "@std/assert";
import { BUNDLED_MODEL } from "../../src/assets.ts";
import { itemsWithin } from "../../src/model/inventory.ts";
import { modelByName } from "../../src/model/short_name.ts";
import { inFolder, safetensors } from "./files.ts";

const ONE = { shape: [1] };
const MODEL = safetensors({ "model.diffusion_model.input_blocks.0.0.weight": ONE, "cond_stage_model.x": ONE });

Deno.test("a model has the name that its file begins with, or a part of it; what may be several is said", () =>
  inFolder(async (folder) => {
    await Deno.mkdir(`${folder}/xl/juggernaut/unet`, { recursive: true });
    await Deno.writeTextFile(`${folder}/xl/juggernaut/model_index.json`, "{}");
    await Deno.writeTextFile(`${folder}/xl/juggernaut/unet/a.safetensors`, "");
    for (const name of ["realisticVision_v51", "realisticXL", "dream"]) {
      await Deno.writeFile(`${folder}/${name}.safetensors`, MODEL);
    }
    const lora = safetensors({ "lora_unet_x_attn2_to_k.lora_down.weight": { shape: [1, 768] } });
    await Deno.writeFile(`${folder}/dreamy.safetensors`, lora);
    const named = async (name: string) => (await modelByName(name, folder)).replaceAll("\\", "/").replace(folder, "");
    assert.equal(await named("RealisticVision"), "/realisticVision_v51.safetensors");
    assert.equal(await named("realisticXL.safetensors"), "/realisticXL.safetensors");
    assert.equal(await named("xl/juggernaut"), "/xl/juggernaut");
    assert.equal(await named("gernau"), "/xl/juggernaut");
    assert.equal(await named("dream"), "/dream.safetensors");
    assert.equal(await named("drea"), "/dream.safetensors", "a LoRA is not meant");
    assert.equal(await named("owner/dream"), "owner/dream", "the hub's");
    assert.equal(await named("https://example.org/dream"), "https://example.org/dream");
    assert.equal(await modelByName("dream", undefined), "dream");
    assert.equal(await modelByName("mini", folder), BUNDLED_MODEL);
    await assert.rejects(() => named("realistic"), /may be realisticVision_v51.safetensors, realisticXL.safetensors/);
    await assert.rejects(() => named("jugernaut"), /There is no model jugernaut.*Did you mean "juggernaut"/);

    const items = (await itemsWithin(folder)).map(({ kind, name, family }) => [kind, name, family]);
    assert.deepEqual(items, [
      ["model", "juggernaut", undefined], // it cannot be opened
      ["model", "dream", undefined],
      ["lora", "dreamy", "sd1"],
      ["model", "realisticVision_v51", undefined],
      ["model", "realisticXL", undefined],
    ]);
  }));
