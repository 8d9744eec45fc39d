// Short messages at the edge of the page; the region is live, so they are read out.

import { ServiceError } from "./api.js";
import { button, h } from "./dom.js";

const PLACE = document.getElementById("toasts");

/** Say that something was done; the words go away by themselves. */
export function say(text) {
  const note = h("div", { class: "toast" }, h("p", {}, text));
  show(note);
  setTimeout(() => note.remove(), 5000);
}

/** Say what did not work; the words stay until they are closed, and are not repeated. */
export function complain(error) {
  if (error.status === 401) return;
  const text = error.message;
  for (const old of PLACE.querySelectorAll(".toast.error"))
    if (old.firstChild.textContent === text) old.remove();
  const note = h(
    "div",
    { class: "toast error" },
    h("p", {}, text),
    button("Close", () => note.remove(), { class: "quiet" }),
  );
  show(note);
}

/** Take away what was said of a view that is left. */
export function hush() {
  PLACE.replaceChildren();
}

/** Do something that may fail, and say so where it does. */
export async function attempt(work) {
  try {
    return await work();
  } catch (error) {
    if (error instanceof ServiceError) complain(error);
    else if (error.name !== "AbortError") throw error;
    return undefined;
  }
}

function show(note) {
  PLACE.append(note);
  while (PLACE.children.length > 3) PLACE.firstChild.remove();
}
