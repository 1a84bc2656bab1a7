// Makes the export ready to be served: a policy in each page, the budget held,
// and everything copied to where the server embeds it.
import { fileURLToPath } from "node:url";

import { checkBudget } from "./budget.mjs";
import { addPolicies } from "./policy.mjs";
import { preloadFont } from "./preload.mjs";
import { publish } from "./publish.mjs";

const out = fileURLToPath(new URL("../out", import.meta.url));
const publicFolder = fileURLToPath(new URL("../../../public", import.meta.url));

await preloadFont(out);
await addPolicies(out);
await checkBudget(out, "index.html");
await publish(out, publicFolder);
