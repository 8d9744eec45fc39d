// One inspection: all that was recorded of it, and a person's word on it.

import { get } from "../api.js";
import { button, facts, figures, h, table } from "../dom.js";
import { showChanges } from "../parts/changes.js";
import { makeLabels, setLabel } from "../parts/labels.js";
import { shape } from "../parts/verdict.js";
import { makeViewer } from "../parts/viewer.js";
import { forOthers, may } from "../people.js";
import { modelNamed } from "../station.js";
import { attempt } from "../toast.js";
import { moment, number, origin, pValue, rarity, score, VERDICT_WORDS } from "../words.js";

export function showDetail(place, id) {
  const viewer = makeViewer();
  const about = h("div", { class: "stack" });
  let seen = null;
  const changes = h("div", { class: "stack", hidden: true });
  const labels = makeLabels((label) => attempt(() => set(label)), false);
  const none = button("Take back", () => attempt(() => set(null)), { class: "quiet" });
  const title = h("h1", {}, "Inspection");
  place.append(
    h(
      "header",
      { class: "view-head" },
      button("← Back", () => (history.length > 1 ? history.back() : (location.hash = "#/history"))),
      title,
    ),
    h("div", { class: "main-column" }, viewer.element),
    h(
      "aside",
      { class: "side-column card", "aria-label": "What was recorded" },
      about,
      h("h2", {}, "Your label"),
      may("review") ? labels.element : forOthers("review"),
      none,
      changes,
    ),
  );
  viewer.element.hidden = true;

  /** Label the picture; where somebody else was faster, what is there now is shown. */
  async function set(label) {
    try {
      show(await setLabel(seen, label));
    } catch (error) {
      if (error.body?.current) show(error.body.current);
      throw error;
    }
  }

  function show(inspection) {
    seen = inspection;
    attempt(() => showChanges(changes, id));
    title.textContent = inspection.path;
    labels.show(inspection.label);
    none.hidden = inspection.label === null || !may("review");
    about.replaceChildren(
      summary(inspection),
      record(inspection),
      regions(inspection),
      downloads(inspection),
    );
  }

  attempt(async () => {
    const inspection = await get(`/api/inspections/${encodeURIComponent(id)}`);
    show(inspection);
    viewer.element.hidden = false;
    await viewer.show(inspection, modelNamed(inspection.model));
  });
}

function summary({ verdict, score: value, p_value: p, model }) {
  const count = modelNamed(model)?.calibration.count;
  return h(
    "div",
    { class: `summary v-${verdict}` },
    shape(verdict),
    h("div", {}, h("strong", {}, verdict), h("p", {}, VERDICT_WORDS[verdict])),
    h(
      "p",
      { class: "why" },
      `Score ${score(value)}, p-value ${pValue(p)}${count ? `. ${rarity(p, count)}.` : ""}`,
    ),
  );
}

function record(inspection) {
  const total = Object.values(inspection.timings_ms).reduce((sum, value) => sum + value, 0);
  const { height, width } = inspection;
  return facts([
    ["Number", String(inspection.id)],
    ["Time", moment(inspection.time)],
    ["From", origin(inspection.source)],
    ["Size", `${width} × ${height} pixels`],
    ["Took", `${total.toFixed(1)} ms, the model ${inspection.timings_ms.infer.toFixed(1)} ms`],
    [
      "Model",
      h(
        "span",
        { title: inspection.model_sha256 },
        `${inspection.model} (${inspection.model_sha256.slice(0, 12)}…)`,
      ),
    ],
    ["SHA-256", h("code", {}, inspection.sha256)],
    ["Mask", inspection.has_mask ? "drawn" : "none"],
  ]);
}

function regions(inspection) {
  if (!inspection.regions.length) return h("p", { class: "soft" }, "No region stands out.");
  const shown = inspection.regions.slice(0, 8);
  const words =
    shown.length < inspection.regions.length
      ? ` (the ${shown.length} highest of ${number(inspection.regions.length)})`
      : "";
  const rows = shown.map(({ peak, area, box: { left, top, right, bottom } }) =>
    figures([score(peak), number(area), `${left}, ${top}`, `${right}, ${bottom}`]),
  );
  return h(
    "div",
    {},
    h("p", { class: "soft" }, `Regions${words}`),
    table(["Peak", "Pixels", "Left, top", "Right, bottom"], h("tbody", {}, rows), { class: "small" }),
  );
}

function downloads({ id, links }) {
  const names = [
    ["picture", "Picture"],
    ["overlay", "Overlay"],
    ["map", "Heat map"],
  ];
  return h(
    "div",
    { class: "row" },
    names
      .filter(([kind]) => links[kind])
      .map(([kind, text]) =>
        h("a", { class: "button", href: links[kind], download: `inspection-${id}-${kind}` }, text),
      ),
  );
}
