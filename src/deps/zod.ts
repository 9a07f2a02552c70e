/** Schemas and their checks (MIT). */
export * from "npm:zod@4.6.7";
