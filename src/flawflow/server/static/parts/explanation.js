// What good looks like where a picture is not: good patches of the model beside the picture's own.

import { get } from "../api.js";
import { button, h } from "../dom.js";
import { t } from "../i18n.js";
import { attempt } from "../toast.js";

const KINDS = ["here", "nearest", "likeliest"];

/** Make the button that shows it; nothing where no picture was kept or no region was found. */
export function makeExplanation({ id, has_picture: hasPicture, regions }) {
  if (!hasPicture || !regions.length) return null;
  const place = h("div", { class: "stack", "aria-live": "polite" });
  const ask = button(t("explain.title"), () => attempt(show));

  async function show() {
    const answer = await get(`/api/inspections/${id}/explanation`);
    ask.hidden = true;
    place.replaceChildren(h("h2", {}, t("explain.title")), ...answer.regions.map(row));
  }
  return h("div", { class: "stack" }, ask, place);
}

function row(region) {
  const [left, top, right, bottom] = region.box;
  const shown = KINDS.filter((kind) => region[kind]).map((kind) => {
    const picture = h("img", { src: region[kind].source, alt: t(`explain.${kind}`) });
    picture.style.aspectRatio = `${right - left} / ${bottom - top}`;
    const name = region[kind].picture;
    return h("figure", {}, picture, h("figcaption", { title: name }, t(`explain.${kind}`)));
  });
  return h("div", { class: "panes" }, shown);
}
