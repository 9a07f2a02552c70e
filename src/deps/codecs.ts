/**
 * Unpackers and packers of pictures (jSquash: libwebp, mozjpeg and Rust's png as WebAssembly; Apache 2.0). They need no
 * native code and hence no permission beyond reading. Loaded where a picture is met.
 */
export { default as jpegDecode, init as openJpegDecoder } from "npm:@jsquash/jpeg@1.6.0/decode.js";
export { default as jpegEncode } from "npm:@jsquash/jpeg@1.6.0/encode.js";
export { default as pngDecode } from "npm:@jsquash/png@3.1.1/decode.js";
export { default as webpDecode } from "npm:@jsquash/webp@1.5.0/decode.js";
export { default as webpEncode } from "npm:@jsquash/webp@1.5.0/encode.js";
