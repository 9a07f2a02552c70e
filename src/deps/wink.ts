/** Words and their parts of speech in English (MIT): wink-nlp with its model. Loaded where rules plan. */
export { default as model } from "npm:wink-eng-lite-web-model@1.8.1";
export { default as winkNLP } from "npm:wink-nlp@2.4.0";
