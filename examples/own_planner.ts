/**
 * A planner of one's own: one column for each thing in a list. Plans only, so it needs no model and no GPU.
 * Run: deno run examples/own_planner.ts
 */
import { makePlan, type Planner } from "../src/mod.ts";

const columns: Planner = ({ prompt }) => {
  const things = prompt.split(/,| and /).map((thing) => thing.trim()).filter(Boolean);
  return { splitRatio: things.map(() => "1").join(","), regions: things.map((prompt) => ({ prompt })) };
};

const plan = await makePlan("a lighthouse, a sailing boat and a whale", { planner: columns });
console.log(JSON.stringify(plan, null, 2));
