/** Tables as text (MIT). Loaded where a list of prompts is one. */
export { parse as parseCsv } from "npm:csv-parse@7.0.3/sync";
