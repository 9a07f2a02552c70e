/**
 * Nonlinearities that kernels apply to what they store (shaders/shared/activations.wgsl).
 *
 * @module
 */

/** In the order of the shader's numbers. `leaky_relu` has slope 0.2; `soft_clamp` is 3·tanh(x/3). */
export const ACTIVATIONS = ["none", "silu", "gelu", "quick_gelu", "relu", "leaky_relu", "soft_clamp"] as const;

/** Its name. */
export type Activation = typeof ACTIVATIONS[number];
