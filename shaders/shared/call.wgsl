// What the host tells a program before a run: which slot of the latents to read, times what, and which to write.
struct Call {
  slot: u32,
  scale: f32,
  out: u32,
}
