/** Paths of this system, as `jsr:@std/path@1` has them: change the line to swap it in. */
export { basename, dirname, extname, isAbsolute, join, relative, resolve } from "node:path";
