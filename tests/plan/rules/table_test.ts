import assert from "@std/assert";
import { PlannerError } from "../../../src/errors.ts";
import { parsePlan } from "../../../src/plan/parse_plan.ts";
import { type Plan, regionsOf } from "../../../src/plan/plan.ts";
import { expectEnglish } from "../../../src/plan/rules/language.ts";
import { planByRules } from "../../../src/plan/rules/rules.ts";
import { parseSplitRatio } from "../../../src/region/split_ratio.ts";

/** A row of table.txt: a prompt with the plans that a person would make. */
interface Row {
  prompt: string;
  plans: { ratio: string; cells: string[][] }[];
  /** all, base, not, negative, error. */
  also: Record<string, string>;
}

function readTable(text: string): Row[] {
  return text.split(/^> /m).slice(1).map((block) => {
    const [prompt, ...lines] = block.split("\n").filter((line) => line.trim() && !line.startsWith("#"));
    const row: Row = { prompt, plans: [], also: {} };
    for (const line of lines) {
      const label = line.match(/^(\w+): (.*)/);
      if (label) row.also[label[1]] = label[2];
      else {
        const [ratio, ...cells] = line.split("|").map((part) => part.trim());
        row.plans.push({ ratio, cells: cells.map(list) });
      }
    }
    return row;
  });
}

const list = (text: string) => text.toLowerCase().split(",").map((part) => part.trim()).filter(Boolean);
const words = (text: string) => ` ${text.toLowerCase().replace(/[^\p{L}\p{N}'-]+/gu, " ")} `;
const holds = (text: string, part: string) =>
  words(text).includes(words(part).trimEnd() + " ") || words(text).includes(words(part));
const shape = (ratio: string, cells: number) => JSON.stringify(normal(parseSplitRatio(ratio, cells).rows));
const normal = (rows: { height: number; widths: number[] }[]) =>
  rows.map(({ height, widths }) => [height / rows[0].height, widths.map((width) => width / widths[0])]);

/** What a plan lacks of what a person would have done; nothing where it is as good. */
function faults(plan: Plan, { plans, also }: Row): string[] {
  const regions = regionsOf(plan).map(({ prompt }) => prompt);
  const alternatives = plans.map(({ ratio, cells }) => {
    if (regions.length !== cells.length || shape(plan.splitRatio, regions.length) !== shape(ratio, cells.length)) {
      return [`ratio ${plan.splitRatio}, not ${ratio}`];
    }
    return cells.flatMap((parts, i) => [
      ...parts.filter((part) => !holds(regions[i], part)).map((part) =>
        `region ${i + 1} lacks "${part}": ${regions[i]}`
      ),
      ...cells.filter(([head]) =>
        head && !parts.includes(head) && holds(regions[i], head) && !parts.some((part) => holds(part, head))
      )
        .map(([head]) => `region ${i + 1} shows "${head}" too`),
    ]);
  });
  const negative = [plan.negativePrompt, ...regionsOf(plan).map((region) => region.negativePrompt)].join(", ");
  return [
    ...alternatives.toSorted((a, b) => a.length - b.length)[0],
    ...list(also.all ?? "").filter((part) => regions.some((region) => !holds(region, part))).map((part) =>
      `not in all: ${part}`
    ),
    ...list(also.base ?? "").filter((part) => !holds(plan.basePrompt ?? "", part)).map((part) =>
      `not in the base prompt: ${part}`
    ),
    ...list(also.not ?? "").filter((part) => regions.some((region) => holds(region, part))).map((part) =>
      `a region has "${part}"`
    ),
    ...list(also.negative ?? "").filter((part) => !holds(negative, part)).map((part) =>
      `not in the negative prompt: ${part}`
    ),
  ];
}

const table = readTable(Deno.readTextFileSync(new URL("table.txt", import.meta.url)));

Deno.test("rules: prompts as people write them are planned as a person would", async (t) => {
  assert.ok(table.length >= 60);
  for (const row of table) {
    await t.step(row.prompt, async () => {
      if (row.also.error) {
        return await assert.rejects(
          expectEnglish(row.prompt),
          (error: unknown) => error instanceof PlannerError && new RegExp(row.also.error).test(error.message),
        );
      }
      await expectEnglish(row.prompt);
      assert.deepEqual(faults(parsePlan(planByRules(row.prompt)), row), []);
    });
  }
});
