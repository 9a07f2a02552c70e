/** Guidance as plain numbers: the twins of shaders/guide.wgsl and shaders/rescale.wgsl. */

/** Classifier-free guidance (Ho and Salimans 2022): n + w (c − n) for every value. */
export function guide(conditional: Float32Array, negative: Float32Array, weight: number): Float32Array {
  return conditional.map((c, i) => negative[i] + weight * (c - negative[i]));
}

/**
 * Guidance rescale (Lin et al. 2023, eq. 15 and 16): the guided output, brought by the share φ to the standard
 * deviation of the conditional one. Deviations are over all values of one image, with n − 1.
 */
export function rescaleGuided(guided: Float32Array, conditional: Float32Array, phi: number): Float32Array {
  const scale = phi * deviation(conditional) / deviation(guided) + 1 - phi;
  return guided.map((value) => value * scale);
}

function deviation(values: Float32Array): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1));
}
