/** Reads and writes pictures other than our own PNG (MIT). Loaded where one is met. */
export * from "npm:imagescript@1.3.1";
