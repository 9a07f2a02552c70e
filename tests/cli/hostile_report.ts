/** A report full of what must not be taken for HTML. */
import type { Report } from "../../src/cli/report_page.ts";
import { filled } from "../../src/picture/picture.ts";

/** Ends a text, an attribute, a comment, a style; asks the network for something; runs a script. */
export const HOSTILE: string = `"'>--></style></title><script>document.title = "gone"</script>` +
  `<img src="http://127.0.0.1:9/x.png" onerror="document.title='gone'"> &amp; & <b>`;

/** One picture of a colour that nothing else on the page has. */
export const COLOUR = [12, 250, 131] as const;

/** Every text of it is hostile. */
export const HOSTILE_REPORT: Report = {
  title: HOSTILE,
  asked: HOSTILE,
  chapters: [{
    title: HOSTILE,
    figures: [{ image: filled(64, 48, [...COLOUR, 255]), says: HOSTILE, taken: true }, {
      image: filled(8, 8, [0, 0, 0, 255]),
      says: "black",
    }],
    checklist: [{ words: HOSTILE }, { words: "a cat", absent: true }, { words: "a zebra" }],
    marks: [{ verdict: "wrong", note: HOSTILE }, { verdict: "right" }, { verdict: "unknown" }],
  }],
  settings: { [HOSTILE]: HOSTILE, nested: { text: HOSTILE }, seed: 2n ** 62n, absent: undefined },
};
