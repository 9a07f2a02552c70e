/**
 * Which of the weight files of one network to take: on this disk as on the hub.
 *
 * @module
 */

/** The stems that diffusers and transformers give their weight files, by extension. */
const STEMS: [extension: string, stems: string[]][] = [
  ["safetensors", ["diffusion_pytorch_model", "model"]],
  ["bin", ["diffusion_pytorch_model", "pytorch_model"]],
];

/**
 * The best weight file or index among the names in a folder: safetensors before `.bin`, the wanted variant, then none,
 * then fp16, then any other.
 */
export function chooseWeights(names: ReadonlySet<string>, variant = ""): string | undefined {
  for (const [extension, stems] of STEMS) {
    const found = [...names].flatMap((name) => {
      for (const stem of stems) {
        const whole = name.match(new RegExp(`^${stem}(?:\\.([\\w-]+))?\\.${extension}$`));
        const index = name.match(new RegExp(`^${stem}\\.${extension}\\.index(?:\\.([\\w-]+))?\\.json$`));
        const match = whole ?? index;
        // A shard's name is no variant: diffusion_pytorch_model.fp16-00001-of-00002.safetensors.
        if (match && !/-\d{5}-of-\d{5}$/.test(match[1] ?? "")) {
          return [{ name, variant: match[1] ?? "", index: !whole }];
        }
      }
      return [];
    });
    const rank = (v: string) => v === variant ? 0 : v === "" ? 1 : v === "fp16" ? 2 : v === "non_ema" ? 4 : 3;
    found.sort((a, b) => rank(a.variant) - rank(b.variant) || Number(a.index) - Number(b.index));
    if (found.length) return found[0].name;
  }
}
