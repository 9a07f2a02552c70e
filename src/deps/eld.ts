/** Tells in which language a text is (Apache 2.0). Loaded where rules meet a word that English lacks. */
export { eld } from "npm:eld@2.1.0/extrasmall";
