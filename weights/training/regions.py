"""Regional cross-attention as the program computes it in attention mode, so that the denoiser meets it in training: every latent cell
reads its own region's words, blended with the whole prompt's (RPG, arXiv 2401.11708, eq. 5–7; the base ratio is the prompt's share)."""
import torch
import torch.nn.functional as F


class RegionalAttention:
    """An attention processor of diffusers. Where `cells` is given, encoder_hidden_states holds for each picture the prompt's words and
    then those of each region, [n, (1 + regions)·words, width]; cells [n, rows, columns] say whose each latent cell is; ratio [n]."""

    def __call__(self, attn, hidden_states, encoder_hidden_states=None, attention_mask=None, temb=None, cells=None, ratio=None, words=None):
        context = hidden_states if encoder_hidden_states is None else encoder_hidden_states
        heads = lambda x: x.unflatten(2, (attn.heads, -1)).transpose(1, 2)
        q, k, v = heads(attn.to_q(hidden_states)), heads(attn.to_k(context)), heads(attn.to_v(context))
        if encoder_hidden_states is None or cells is None:
            out = F.scaled_dot_product_attention(q, k, v)
        else:
            base = F.scaled_dot_product_attention(q, k[:, :, :words], v[:, :, :words])
            step = round((cells[0].numel() / hidden_states.shape[1]) ** 0.5)
            own = cells[:, ::step, ::step].flatten(1)
            of = torch.arange(k.shape[2] // words - 1, device=q.device).repeat_interleave(words)
            mask = (own[:, :, None] == of)[:, None]
            regional = F.scaled_dot_product_attention(q, k[:, :, words:], v[:, :, words:], attn_mask=mask)
            share = ratio.view(-1, 1, 1, 1).to(base.dtype)
            out = share * base + (1 - share) * regional
        return attn.to_out[1](attn.to_out[0](out.transpose(1, 2).flatten(2).to(q.dtype)))
