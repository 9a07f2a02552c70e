/**
 * Names that changed over the years within diffusers and transformers, as the networks ask for them today.
 *
 * @module
 */
import type { TensorSource } from "../formats/tensor_source.ts";
import { type View, viewOf } from "../formats/view.ts";

/** A source with its names changed, or without those that become undefined. */
export function renamed(source: TensorSource, rename: (name: string) => string | undefined): TensorSource {
  const views = new Map<string, View>();
  for (const from of source.tensors.keys()) {
    const name = rename(from);
    if (name !== undefined) views.set(name, { from });
  }
  return viewOf(source, views);
}

/** transformers 5 writes CLIPTextModel without "text_model."; position_ids is no weight. */
export function textNames(source: TensorSource): TensorSource {
  return renamed(source, (name) => {
    if (name.endsWith("position_ids")) return undefined;
    return /^(embeddings|encoder|final_layer_norm)\./.test(name) ? `text_model.${name}` : name;
  });
}

/** VAEs from before diffusers 0.12 call the parts of their attention query, key, value and proj_attn. */
export function vaeNames(source: TensorSource): TensorSource {
  const parts: Record<string, string> = { query: "to_q", key: "to_k", value: "to_v", proj_attn: "to_out.0" };
  return renamed(
    source,
    (name) => name.replace(/(?<=\.attentions\.\d+\.)(query|key|value|proj_attn)(?=\.)/, (old) => parts[old]),
  );
}
