/** TOML 1.0 and 1.1 (BSD 3-Clause). Loaded where there is a config file. */
export { parse as parseToml, TomlError } from "npm:smol-toml@1.9.1";
