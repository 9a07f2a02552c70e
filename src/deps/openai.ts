/** The client of OpenAI's chat API and of all that speak it (Apache 2.0). Loaded where a language model plans. */
export { APIError, default, OpenAI } from "npm:openai@7.57.0";
