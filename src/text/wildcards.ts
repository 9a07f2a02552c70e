/**
 * Prompts that leave something to chance: `{red|blue}`, `{2$$a|b|c}` and `__animals__`, as the web UI's Dynamic Prompts
 * write them. The seed chooses, so a picture's prompt is the same whenever it is drawn again. This comes before
 * everything else that reads prompts: what it gives holds nothing of the kind any more.
 *
 * @module
 */
import { didYouMean } from "../did_you_mean.ts";
import { UsageError } from "../errors.ts";
import { BYTES_OF } from "../limits.ts";
import { philox } from "../sample/philox.ts";
import { MAX_DEPTH } from "./prompt.ts";

/** Lines by a file's name without its extension, with the folders it lies in: "animals", "wild/cats". */
export type Wildcards = ReadonlyMap<string, readonly string[]>;

/** Text, a name between underscores, or a choice. */
type Item = string | { name: string } | { options: Item[][]; header?: Header };

/** `2$$`, `1-3$$`, `2$$ and $$`: how many options, and what joins them. */
interface Header {
  least: number;
  most?: number;
  joint: string;
}

const TOKENS = /\\[^]|<[^<>]*>|__(?<name>[\p{L}\p{N}*][\p{L}\p{N}_*\/ .-]{0,80}?)__|[{}|[\]]|[^\\<{}|[\]_]+|[^]/gu;
const HEADER = /^\s*(?:(\d+)(-)?(\d+)?|(-)(\d+))\$\$(?:([^$]*)\$\$)?/;
const WEIGHT = /^\s*(\d+(?:\.\d*)?|\.\d+)::/;
/** `__a__` whose lines name `__b__` and so on. */
const MAX_FILES = 20;

/** Whether a prompt leaves something to chance. Names count only where there are wildcards to look them up in. */
export function isDynamic(text: string, wildcards?: Wildcards): boolean {
  return parse(text).some((item) => typeof item !== "string" && (wildcards !== undefined || "options" in item));
}

/**
 * A prompt with everything chosen.
 *
 * `{a|b}` is one of its options, `{2::a|b}` a twice as often as b; `{2$$a|b|c}` two different ones with a comma
 * between, `{1-2$$ and $$a|b|c}` one or two joined by "and"; `__animals__` a line of animals.txt, `__wild/*__` one of
 * any file in a folder, `{2$$__animals__}` two lines. Options and lines may hold more of all this. Without `wildcards`
 * names stay as they are.
 *
 * @param seed of the picture
 * @param options with the number of a `stream`, for texts whose choices shall not depend on one another
 * @throws UsageError for a name that no file has, files that name each other without end, and prompts that grow too
 *   long
 */
export function chooseWords(
  text: string,
  seed: number | bigint,
  { wildcards, stream = 0 }: { wildcards?: Wildcards; stream?: number } = {},
): string {
  const key = BigInt.asUintN(64, BigInt(seed));
  let draws = 0;
  /** Uniform in [0, 1). */
  const random = () => philox([draws++, stream, 0, 0], [Number(key & 0xffffffffn), Number(key >> 32n)])[0] / 2 ** 32;
  const known = new Map<string, Item[][]>();
  const lines = (name: string, wildcards: Wildcards) => {
    if (!known.has(name)) known.set(name, linesOf(name, wildcards));
    return known.get(name)!;
  };
  let length = 0;
  const grown = (text: string) => {
    length += text.length;
    if (length > BYTES_OF.prompt) {
      throw new UsageError(`The prompt's wildcards make it longer than ${BYTES_OF.prompt} characters.`);
    }
    return text;
  };
  const pick = (options: Item[][], header: Header, files: number): string => {
    const left = options.map(weighed);
    const most = Math.min(header.most ?? left.length, left.length);
    const least = Math.min(header.least, most);
    const chosen: Item[][] = [];
    for (let count = least + Math.floor(random() * (most - least + 1)); count > 0; count--) {
      let at = random() * left.reduce((sum, { weight }) => sum + weight, 0);
      const found = left.findIndex(({ weight }) => (at -= weight) < 0);
      chosen.push(...left.splice(Math.max(0, found), 1).map(({ items }) => items));
    }
    return chosen.map((items) => write(items, files)).join(header.joint);
  };
  const write = (items: Item[], files: number): string =>
    items.map((item) => {
      if (typeof item === "string") return grown(item);
      if ("name" in item) {
        if (!wildcards) return grown(`__${item.name}__`);
        if (files === MAX_FILES) {
          throw new UsageError(`The wildcard __${item.name}__ comes back to itself without end.`);
        }
        return pick(lines(item.name, wildcards), { least: 1, most: 1, joint: "" }, files + 1);
      }
      const { options, header = { least: 1, most: 1, joint: "" } } = item;
      const [[only, ...others]] = options;
      // "two of the file", not two files
      if (wildcards && options.length === 1 && others.length === 0 && typeof only === "object" && "name" in only) {
        return pick(lines(only.name, wildcards), header, files + 1);
      }
      return pick(options, header, files);
    }).join("");
  return write(parse(text), 0);
}

/** An option without its weight. */
function weighed(items: Item[]): { weight: number; items: Item[] } {
  const [first, ...rest] = items;
  const found = typeof first === "string" ? WEIGHT.exec(first) : null;
  return found
    ? { weight: Number(found[1]), items: [(first as string).slice(found[0].length), ...rest] }
    : { weight: 1, items };
}

function linesOf(name: string, wildcards: Wildcards): Item[][] {
  const wanted = new RegExp(`^${name.replace(/[.*+?^${}()|[\]\\]/g, "\\$&").replace(/(?:\\\*)+/g, ".*")}$`, "iu");
  const files = [...wildcards].filter(([file]) => wanted.test(file));
  if (files.length === 0) {
    const known = [...wildcards.keys()];
    throw new UsageError(
      `The prompt names the wildcard __${name}__, which no file has.` +
        (didYouMean(name, known) || ` There ${known.length ? `are: ${known.slice(0, 8).join(", ")}` : "are none"}.`),
    );
  }
  const lines = files.flatMap(([, lines]) => lines.map(parse));
  if (lines.length === 0) throw new UsageError(`The file of the wildcard __${name}__ has no lines.`);
  return lines;
}

/** Braces whose options are not yet complete. */
interface Frame {
  options: Item[][];
  /** Square brackets that are open: bars in them are alternation. */
  brackets: number;
}

function parse(text: string): Item[] {
  const frames: Frame[] = [{ options: [[]], brackets: 0 }];
  for (const { 0: token, groups } of text.matchAll(TOKENS)) {
    const frame = frames[frames.length - 1];
    const inside = frames.length > 1;
    if (token === "{") {
      if (frames.length > MAX_DEPTH) {
        throw new UsageError(`The prompt opens more than ${MAX_DEPTH} braces within each other.`);
      }
      frames.push({ options: [[]], brackets: 0 });
    } else if (token === "}" && inside) append(frames[frames.length - 2], closed(frames.pop()!));
    else if (token === "|" && inside && frame.brackets === 0) frame.options.push([]);
    else {
      if (token === "[") frame.brackets++;
      if (token === "]") frame.brackets = Math.max(0, frame.brackets - 1);
      append(frame, [groups!.name === undefined ? token : { name: groups!.name }]);
    }
  }
  // Braces that are never closed are text.
  while (frames.length > 1) append(frames[frames.length - 2], ["{", ...flat(frames.pop()!)]);
  return frames[0].options[0];
}

/** The choice in a pair of braces; braces around one thing without a number are text. */
function closed(frame: Frame): Item[] {
  const [[first, ...rest], ...others] = frame.options;
  const found = typeof first === "string" ? HEADER.exec(first) : null;
  if (!found && others.length === 0) return ["{", ...flat(frame), "}"];
  if (!found) return [{ options: frame.options }];
  const [all, one, range, upper, below, most, joint = ", "] = found;
  const left = (first as string).slice(all.length);
  const header = below
    ? { least: 0, most: Number(most), joint }
    : { least: Number(one), most: range ? (upper ? Number(upper) : undefined) : Number(one), joint };
  return [{ options: [left ? [left, ...rest] : rest, ...others], header }];
}

function flat({ options }: Frame): Item[] {
  return options.flatMap((items, i) => i === 0 ? items : ["|", ...items]);
}

/** Neighbouring texts are one. */
function append({ options }: Frame, items: Item[]): void {
  const list = options[options.length - 1];
  for (const item of items) {
    const last = list[list.length - 1];
    if (typeof item === "string" && typeof last === "string") list[list.length - 1] = last + item;
    else list.push(item);
  }
}
