/**
 * Textual inversions (Gal et al. 2022, arXiv 2208.01618): a few learnt rows for the token table. They are shown to the
 * networks as rows behind the vocabulary, and to the tokenizer as the ids of those rows, so that nothing else need know
 * of them.
 *
 * @module
 */
import { briefText } from "../brief.ts";
import { basename } from "../deps/path.ts";
import { ModelError } from "../errors.ts";
import type { Parts } from "./parts.ts";
import { filesWithin, isFolder } from "../files/byte_file.ts";
import { BYTES_OF } from "../limits.ts";
import { asF32 } from "../formats/as_f32.ts";
import { BYTES, fromFloat32, toFloat32 } from "../formats/dtype.ts";
import { openTensors } from "../formats/open_tensors.ts";
import { rangeOf, type TensorSource } from "../formats/tensor_source.ts";

const TABLE = "text_model.embeddings.token_embedding.weight";
const EXTENSION = /\.(safetensors|pt|bin|ckpt)$/i;

interface Inversion {
  /** The file's, and the token that the file itself names (`<cat-toy>`). */
  names: string[];
  file: string;
  /** For each text encoder, in their order: [tokens, width]. */
  rows: { width: number; values: Float32Array }[];
}

/**
 * Gives the model the embeddings of a file, or of all files in a folder that fit it.
 * @throws ModelError where the path is missing, or one file that was named does not fit
 */
export async function addEmbeddings(parts: Parts, path: string): Promise<void> {
  const folder = await isFolder(path);
  const files = folder
    ? (await filesWithin(path)).filter((name) => EXTENSION.test(name)).map((name) => `${path}/${name}`)
    : [path];
  const widths = parts.textEncoders.map(({ config }) => Number(config.hidden_size));
  const fitting: Inversion[] = [];
  for (const file of files) {
    try {
      const inversion = await readInversion(file, widths);
      const same = fitting.find(({ names }) => names.some((name) => inversion.names.includes(name)));
      if (same) throw new ModelError(`${file} has the name of ${same.file}.`);
      fitting.push(inversion);
    } catch (error) {
      if (!folder || !(error instanceof ModelError)) throw error;
      parts.reason.push(`Left out: ${error.message}`);
    }
  }
  if (fitting.length) {
    parts.reason.push(`Embeddings: ${briefText(fitting.map(({ names }) => names[0]).join(", "), 200)}.`);
  }
  parts.textEncoders.forEach((encoder, i) => {
    const embeddings = new Map<string, number[]>();
    const rows: Float32Array[] = [];
    let next = encoder.source.tensors.get(TABLE)?.shape[0] ?? 0;
    for (const { names, rows: ofEncoders } of fitting) {
      const { values } = ofEncoders[i];
      const ids = Array.from({ length: values.length / widths[i] }, () => next++);
      for (const name of names) embeddings.set(name, ids);
      rows.push(values);
    }
    encoder.source = withRows(encoder.source, rows);
    encoder.config = { ...encoder.config, vocab_size: next };
    parts.vocabularies[i] = { ...parts.vocabularies[i], embeddings };
  });
}

/**
 * Layouts: `emb_params` or one `<name>`; the web UI's `string_to_param`; for SDXL `clip_l` and `clip_g`, one for each
 * encoder.
 * @param widths of the text encoders that the rows must fit
 */
async function readInversion(file: string, widths: number[]): Promise<Inversion> {
  const source = await openTensors(file);
  try {
    const rows: Inversion["rows"] = [];
    const named = [...source.tensors.values()].filter((t) => t.shape.length === 1 || t.shape.length === 2);
    const wanted = named.filter((t) => /^(emb_params|clip_[lg]|string_to_param\..*|<.*>)$/.test(t.name));
    const chosen = wanted.length ? wanted : named.length === 1 ? named : [];
    if (chosen.length === 0) {
      throw new ModelError(
        `${file} is no textual inversion: found ${briefText([...source.tensors.keys()].slice(0, 4).join(", "))}.`,
      );
    }
    chosen.sort((a, b) => Number(a.name === "clip_g") - Number(b.name === "clip_g"));
    const own = chosen.length === 1 ? chosen[0].name.match(/^<.+>$/) : null;
    const stem = basename(file).replace(EXTENSION, "");
    for (const info of chosen) {
      if (info.bytes > BYTES_OF.embedding) {
        throw new ModelError(`${briefText(info.name)} in ${file} has ${info.bytes} bytes: it is no embedding.`);
      }
      const bytes = new Uint8Array(info.bytes);
      await source.read(info.name, bytes);
      const values = toFloat32(bytes, info.dtype);
      if (!values.every(Number.isFinite)) {
        throw new ModelError(`${briefText(info.name)} in ${file} holds numbers that are not finite.`);
      }
      rows.push({ width: info.shape[info.shape.length - 1], values });
    }
    const found = rows.map(({ width }) => width).join(" and "), expected = widths.join(" and ");
    if (found !== expected) {
      throw new ModelError(`${file} is an embedding ${found} wide; this model's text is ${expected}.`);
    }
    return { names: [...new Set([stem, ...(own ?? [])])], file, rows };
  } finally {
    source.close();
  }
}

/**
 * A source whose token table goes on with `rows`, in the table's own number format. A table of eight bits a number is
 * shown as f32: what was learnt has more.
 */
function withRows(given: TensorSource, rows: Float32Array[]): TensorSource {
  const source = given.tensors.get(TABLE)?.dtype.startsWith("F8_") ? asF32(given, new Set([TABLE])) : given;
  const table = source.tensors.get(TABLE);
  if (!table) throw new ModelError(`${source.describe} has no ${TABLE}.`);
  const width = table.shape[1];
  const all = new Float32Array(rows.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of rows) {
    all.set(part, at);
    at += part.length;
  }
  const extra = fromFloat32(all, table.dtype);
  const longer = {
    ...table,
    shape: [table.shape[0] + all.length / width, width],
    bytes: table.bytes + all.length * BYTES[table.dtype],
  };
  const tensors = new Map(source.tensors).set(TABLE, longer);
  return {
    tensors,
    describe: source.describe,
    identity: source.identity, // the table of tokens is read row by row, never kept packed
    close: () => source.close(),
    async read(name, into, start = 0) {
      if (name !== TABLE) return await source.read(name, into, start);
      rangeOf(tensors, name, start, into.length, source.describe);
      const own = Math.max(0, Math.min(into.length, table.bytes - start));
      if (own) await source.read(name, into.subarray(0, own), start);
      const from = Math.max(0, start - table.bytes);
      into.set(extra.subarray(from, from + into.length - own), own);
    },
  };
}
