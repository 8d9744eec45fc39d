// The words first: everything else is written in them.

import { loadLanguage } from "./i18n.js";

await loadLanguage();
await import("./app.js");
