/**
 * A tiny ESRGAN network that enlarges four times, as a file.
 *
 * @module
 */
import { safetensorsHead } from "../../src/formats/safetensors.ts";

const WIDTH = 4;

/** Writes it. Its weights are all one small number, so its picture is smooth. */
export async function writeUpscaler(path: string): Promise<void> {
  const dense = [1, 2, 3].flatMap((block) =>
    [1, 2, 3, 4, 5].map((n) => [`body.0.rdb${block}.conv${n}`, n * WIDTH, WIDTH] as const)
  );
  const convolutions = [
    ["conv_first", 3, WIDTH] as const,
    ...dense,
    ...["conv_body", "conv_up1", "conv_up2", "conv_hr"].map((name) => [name, WIDTH, WIDTH] as const),
    ["conv_last", WIDTH, 3] as const,
  ];
  const tensors = convolutions.flatMap(([name, inChannels, outChannels]) => [
    { name: `${name}.weight`, dtype: "F32" as const, shape: [outChannels, inChannels, 3, 3] },
    { name: `${name}.bias`, dtype: "F32" as const, shape: [outChannels] },
  ]);
  const count = tensors.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b), 0);
  const numbers = new Uint8Array(new Float32Array(count).fill(0.02).buffer);
  await Deno.writeFile(path, new Uint8Array([...safetensorsHead(tensors), ...numbers]));
}
