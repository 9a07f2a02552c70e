/**
 * How much of anything is taken from outside: files, answers, pictures, counts, depths and names. Each is far above
 * what real inputs hold and low enough that refusing a hostile one takes no time and no memory to speak of.
 *
 * @module
 */

const KIB = 1024;
const MIB = 1024 * KIB;

/** Bytes of whole files and answers that are held in memory. */
export const BYTES_OF = {
  /** A model's JSON and text: configs are a few KiB, vocabularies and indices a few MiB. */
  modelText: 64 * MIB,
  /** The header of a safetensors file: what the format's own reader allows. */
  safetensorsHeader: 100_000_000,
  /** The head of a GGUF file: names and places; those of language models hold a vocabulary, too. */
  ggufHead: 64 * MIB,
  /** The pickle of a torch file, its tensors apart. A Stable Diffusion checkpoint has 0.3 to 2 MiB. */
  pickle: 64 * MIB,
  /** The directory of a zip archive. */
  zipDirectory: 64 * MIB,
  /** A textual inversion's numbers; a hundred tokens of SDXL have 0.5 MiB. */
  embedding: 16 * MIB,
  /** A vector of a single file that tells what it is. */
  vector: MIB,
  /** A plan; 256 regions of a page each are below 1 MiB. */
  plan: 4 * MIB,
  /** A config file. */
  config: MIB,
  /** A prompt, from whichever side it comes; ten thousand words. */
  prompt: 64 * KIB,
  /** A list of prompts, and what has become of it. */
  prompts: 16 * MIB,
  /** A folder's wildcards together; large collections have a few MiB. */
  wildcards: 64 * MIB,
  /** Instructions for a language model. */
  instructions: MIB,
  /** A picture file: a mask, a picture to start from, a picture with settings. */
  picture: 256 * MIB,
  /** All the texts of a picture, unpacked. */
  pictureText: 16 * MIB,
  /** A language model's answer. */
  reply: 4 * MIB,
  /** A server's list of a repository's files. */
  listing: 16 * MIB,
  /** A file that is downloaded; the largest single models of this kind have 14 GB. */
  download: 64 * 1024 * MIB,
  /** A download whose server does not say how long it is. */
  unannounced: 16 * 1024 * MIB,
} as const;

/** Numbers of things. */
export const COUNT_OF = {
  /** Tensors in one model; SDXL has 2,600. */
  tensors: 100_000,
  /** Axes of a tensor. */
  axes: 8,
  /** Characters of a tensor's name. */
  name: 512,
  /** Objects within objects in JSON, dictionaries within dictionaries in pickles. */
  depth: 64,
  /** Values in one JSON text, and things on a pickle's stack. */
  values: 4_000_000,
  /** Pixels of a picture that is unpacked, 8192 × 8192: 256 MiB of memory. */
  pixels: 64 * MIB,
  /** Levels of resolution in a network; published ones have 3 or 4. */
  levels: 8,
  /** Blocks of a kind one behind the other, by the numbers in their names; published networks have up to 32. */
  blocks: 64,
  /** Times that an upscaler doubles its picture; published ones do so up to three times. */
  doublings: 4,
  /** Cells of a plan. */
  regions: 256,
  /** Drawings that lie over one another in a picture; each round of an edit is a few. */
  layers: 256,
  /** Phases of a plan. */
  phases: 16,
  /** Files in a folder or repository that are looked at. */
  files: 10_000,
  /** Folders within folders that are looked into: as deep as model managers sort by family and author. */
  folders: 3,
  /** Characters of a value that a message quotes. */
  quoted: 80,
} as const;

/** Milliseconds. */
export const TIME_OF = {
  /** A download, or a server's answer, without a single byte. */
  silence: 30_000,
} as const;

/** What a network's config may say: the least and most of each number, alone or in a list. */
export const CONFIG_RANGES: Readonly<Record<string, readonly [least: number, most: number, multipleOf?: number]>> = {
  in_channels: [1, 64],
  out_channels: [1, 64],
  latent_channels: [1, 64],
  conditioning_channels: [1, 64],
  conditioning_embedding_out_channels: [4, 4096],
  block_out_channels: [4, 8192],
  layers_per_block: [1, 16],
  transformer_layers_per_block: [0, 64],
  reverse_transformer_layers_per_block: [0, 64],
  attention_head_dim: [1, 1024],
  num_attention_heads: [1, 1024],
  cross_attention_dim: [4, 16_384],
  norm_num_groups: [1, 1024],
  addition_time_embed_dim: [2, 8192],
  projection_class_embeddings_input_dim: [4, 65_536],
  time_cond_proj_dim: [4, 8192, 4],
  sample_size: [1, 4096],
  vocab_size: [1, 1_000_000],
  hidden_size: [4, 16_384],
  intermediate_size: [4, 65_536],
  num_hidden_layers: [1, 128],
  max_position_embeddings: [3, 4096],
  projection_dim: [1, 16_384],
  num_train_timesteps: [1, 100_000],
};
