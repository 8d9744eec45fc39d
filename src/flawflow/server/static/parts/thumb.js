// Small pictures with their verdict, for strips and tables.

import { h } from "../dom.js";
import { t } from "../i18n.js";
import { shape } from "./verdict.js";

const SIDE = 160;

/** Give the small picture alone; where none was kept, an empty ground. */
export function thumb(inspection) {
  if (!inspection.links.picture) return h("span", { class: "thumb none" });
  return h("img", {
    class: "thumb",
    src: `${inspection.links.picture}?side=${SIDE}`,
    alt: "",
    loading: "lazy",
    decoding: "async",
  });
}

/** Make a strip of the newest pictures to choose from. */
export function makeStrip(choose) {
  const element = h("ol", { class: "strip", "aria-label": t("strip.label") });
  const entries = new Map();

  /** Put these inspections, newest first, into the strip; elements that stay are kept. */
  function show(inspections, chosen) {
    const wanted = new Set(inspections.map(({ id }) => id));
    for (const [id, entry] of entries)
      if (!wanted.has(id)) {
        entry.remove();
        entries.delete(id);
      }
    inspections.forEach((inspection, i) => {
      if (!entries.has(inspection.id)) entries.set(inspection.id, makeEntry(inspection, choose));
      const entry = entries.get(inspection.id);
      if (element.children[i] !== entry) element.insertBefore(entry, element.children[i] ?? null);
      entry.firstChild.setAttribute("aria-pressed", inspection.id === chosen);
    });
  }
  return { element, show };
}

function makeEntry(inspection, choose) {
  const { name, verdict } = inspection;
  return h(
    "li",
    {},
    h(
      "button",
      { type: "button", title: name, on: { click: () => choose(inspection) } },
      thumb(inspection),
      h("span", { class: `v-${verdict}` }, shape(verdict), verdict),
      h("small", {}, name),
    ),
  );
}
