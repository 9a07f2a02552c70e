/**
 * A tiny model as one for inpainting: nine input channels, of which the first are as they were.
 *
 * @module
 */
import { openSafetensors, safetensorsHead } from "../../src/formats/safetensors.ts";
import { noiseGenerator } from "../../src/sample/noise.ts";

/** Seed of the further weights; the same in tests/oracle/from_pictures.py. */
const SEED = 1000;

/** Replaces the U-Net's file in a model's folder. */
export async function widenUnet(folder: string): Promise<void> {
  const unet = `${folder}/unet`;
  const names = Array.from(Deno.readDirSync(unet), ({ name }) => name).filter((name) => name.endsWith(".safetensors"));
  for (const name of names) {
    const file = await openSafetensors(`${unet}/${name}`);
    const tensors = [...file.tensors.values()].map((info) => ({ ...info }));
    const data: Uint8Array[] = [];
    for (const info of tensors) {
      const bytes = new Uint8Array(info.bytes);
      await file.read(info.name, bytes);
      if (info.name !== "conv_in.weight") data.push(bytes);
      else {
        data.push(new Uint8Array(widened(bytes, info.shape[0], info.dtype).buffer));
        Object.assign(info, { dtype: "F32", shape: [info.shape[0], 9, 3, 3] });
      }
    }
    file.close();
    await Deno.remove(`${unet}/${name}`);
    const parts = [safetensorsHead(tensors), ...data] as Uint8Array<ArrayBuffer>[];
    await Deno.writeFile(`${unet}/${name}`, new Uint8Array(await new Blob(parts).arrayBuffer()));
  }
  const config = JSON.parse(await Deno.readTextFile(`${unet}/config.json`));
  await Deno.writeTextFile(`${unet}/config.json`, JSON.stringify({ ...config, in_channels: 9 }));
}

/** [out, 4, 3, 3] in any precision → [out, 9, 3, 3] in f32. */
function widened(bytes: Uint8Array<ArrayBuffer>, out: number, dtype: string): Float32Array<ArrayBuffer> {
  const old = dtype === "F32" ? new Float32Array(bytes.buffer) : Float32Array.from(new Float16Array(bytes.buffer));
  const more = noiseGenerator("cpu", SEED).normal(out * 5 * 9);
  const wide = new Float32Array(out * 81);
  for (let o = 0; o < out; o++) {
    wide.set(old.subarray(o * 36, o * 36 + 36), o * 81);
    wide.set(more.subarray(o * 45, o * 45 + 45).map((v) => v * Math.fround(0.1)), o * 81 + 36);
  }
  return wide;
}
