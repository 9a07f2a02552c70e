import { guide, rescaleGuided } from "./guidance.ts";
import golden from "../golden/sample/guidance.json" with { type: "json" };
import { floats, near } from "./floats.ts";

Deno.test("guidance and its rescale are those of diffusers' pipelines", () => {
  const conditional = floats(golden.conditional);
  const guided = guide(conditional, floats(golden.negative), 7.5);
  const rescaled = rescaleGuided(guided, conditional, 0.7);
  floats(golden.guided).forEach((value, i) => near(guided[i], value, 4e-6, `guided ${i}`));
  floats(golden.rescaled).forEach((value, i) => near(rescaled[i], value, 4e-6, `rescaled ${i}`));
});
