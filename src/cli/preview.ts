/**
 * Previews of a picture that is being drawn: a file that shows the latest step, or the terminal.
 *
 * @module
 */
import { basename, dirname, join } from "../deps/path.ts";
import { UsageError } from "../errors.ts";
import { granted } from "../files/environment.ts";
import { writeNewFile } from "../files/new_file.ts";
import { encodePng } from "../formats/png.ts";
import type { StepEvent } from "../generate.ts";
import type { Picture } from "../picture/picture.ts";
import type { PreviewKind } from "../pipeline/preview.ts";
import type { Context } from "./command.ts";
import { graphicsOf, terminalPicture } from "./terminal_picture.ts";

/** How a picture is followed; each part may be missing. */
export interface Preview {
  show?(event: StepEvent): Promise<void>;
  /** The picture is done. */
  finish?(picture: Picture): void;
  /** Takes away what is of no use afterwards. */
  remove?(): Promise<void>;
}

/** What --preview asks for. @param pattern where the picture will go */
export function previewOf(pattern: string, context: Context): Preview {
  const { preview = "none" } = context.flags;
  if (preview === "none") return {};
  return preview === "term" ? onTerminal(context) : inFile(pattern, preview, context);
}

/** A file beside the output. */
function inFile(pattern: string, kind: PreviewKind, { console }: Context): Preview {
  const stem = basename(pattern).replace(/_?%0?\d*d/, "").replace(/\.\w+$/, "");
  let path: string | undefined;
  let failed = false;
  return {
    async show(event) {
      if (failed || event.step === event.steps) return;
      const bytes = encodePng(await event.preview(kind));
      const target = path ?? join(dirname(pattern), `${stem}_preview_%d.png`);
      try {
        path = await writeNewFile({ pattern: target, force: path !== undefined }, bytes);
      } catch (error) {
        if (!(error instanceof UsageError)) throw error;
        failed = true; // the picture itself may still find a place
        return console.complain(`${error.message} The picture is drawn without previews.`);
      }
      console.event("preview", { path, step: event.step });
    },
    async remove() {
      if (path) await Deno.remove(path).catch(() => {}); // somebody else may have tidied up
    },
  };
}

/** Nothing where results go to a file or a program, or nobody reads the messages. */
function onTerminal({ console, flags: { taesd, quiet } }: Context): Preview {
  if (quiet || !Deno.stdout.isTerminal() || !Deno.stderr.isTerminal()) return {};
  const graphics = graphicsOf(granted);
  const show = (picture: Picture) => {
    const { text, rows } = terminalPicture(picture, graphics, Deno.consoleSize());
    console.picture(text, rows);
  };
  return {
    async show(event) {
      if (event.step < event.steps) show(await event.preview(taesd === undefined ? "proj" : "tae"));
    },
    finish: show,
  };
}
