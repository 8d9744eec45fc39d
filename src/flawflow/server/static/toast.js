// Short messages below the bar; they lie over nothing, go away by themselves, and are read out.

import { ServiceError } from "./api.js";
import { button, h } from "./dom.js";
import { t } from "./i18n.js";

const SAID = 5000;
const COMPLAINED = 8000;
const LETTER = 120;
const PLACE = document.getElementById("toasts");

/** Say that something was done. */
export function say(text) {
  show(h("div", { class: "toast" }, h("p", {}, text)), SAID);
}

/** Say what did not work; the words can be closed before they go, and are not repeated. */
export function complain(error) {
  if (error.status === 401) return;
  const text = error.message;
  for (const old of PLACE.querySelectorAll(".toast.error"))
    if (old.firstChild.textContent === text) old.remove();
  const note = h(
    "div",
    { class: "toast error" },
    h("p", {}, text),
    button(t("close"), () => note.remove(), { class: "quiet" }),
  );
  // Long enough to read it twice.
  show(note, COMPLAINED + LETTER * text.length);
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

/** Show a note until its time is over; while somebody points at it or is in it, it stays. */
function show(note, milliseconds) {
  PLACE.append(note);
  while (PLACE.children.length > 3) PLACE.firstChild.remove();
  const end = () => {
    if (note.matches(":hover, :focus-within")) setTimeout(end, SAID);
    else note.remove();
  };
  setTimeout(end, milliseconds);
}
