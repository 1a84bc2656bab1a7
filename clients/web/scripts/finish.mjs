// Prepares the export: adds a policy to each page, checks the size, and copies all to the folder that the server embeds.
import { fileURLToPath } from "node:url";

import { checkBudget } from "./budget.mjs";
import { addPolicies } from "./policy.mjs";
import { preloadFont } from "./preload.mjs";
import { publish } from "./publish.mjs";

const out = fileURLToPath(new URL("../out", import.meta.url));
const publicFolder = fileURLToPath(new URL("../../../public", import.meta.url));

await preloadFont(out);
await addPolicies(out);
for (const page of ["index.html", "team.html"]) await checkBudget(out, page);
await publish(out, publicFolder);
