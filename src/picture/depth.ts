/**
 * A depth picture as depth ControlNets want it: grey, near is white, from black to white.
 *
 * @module
 */
import { luma, type Picture } from "./picture.ts";

/**
 * Spreads the depths of a grey picture over all 256 levels.
 *
 * @param invert for pictures in which far is white
 */
export function depthPicture(picture: Picture, invert = false): Picture {
  const grey = luma(picture);
  let [low, high] = [Infinity, -Infinity];
  for (const value of grey) [low, high] = [Math.min(low, value), Math.max(high, value)];
  const range = high - low || 1;
  const data = new Uint8Array(picture.data.length);
  grey.forEach((value, i) => {
    const share = (value - low) / range;
    const level = Math.round(255 * (invert ? 1 - share : share));
    data.set([level, level, level, 255], i * 4);
  });
  return { ...picture, data };
}
