/** Gives the page its language; imported before all that says a word. */

import { type Catalog, speak } from "./lib/text";

const messages = document.getElementById("reqtrace-messages")?.textContent;
speak(document.documentElement.lang || "en", JSON.parse(messages || "{}") as Catalog);
