/**
 * Words and their parts of speech in English (MIT): wink-nlp, and of its model what tagging needs. Loaded where rules
 * plan.
 */
export {
  default as core,
} from "npm:wink-eng-lite-web-model@1.8.1/dist/languages/cur/models/eng-core-web-model.json" with {
  type: "json",
};
export { default as featureFn } from "npm:wink-eng-lite-web-model@1.8.1/dist/feature.js";
export { default as lemmatize } from "npm:wink-eng-lite-web-model@1.8.1/dist/lemmatize.js";
export { default as pos } from "npm:wink-eng-lite-web-model@1.8.1/dist/load-pos-model.js";
export { default as sbd } from "npm:wink-eng-lite-web-model@1.8.1/dist/load-sbd-model.js";
export { default as winkNLP } from "npm:wink-nlp@2.4.0";
