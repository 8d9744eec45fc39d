// One inspection: all that was recorded of it, and a person's word on it.

import { get } from "../api.js";
import { button, facts, figures, h, table } from "../dom.js";
import { t } from "../i18n.js";
import { showChanges } from "../parts/changes.js";
import { makeExplanation } from "../parts/explanation.js";
import { makeLabels, setLabel } from "../parts/labels.js";
import { makeMasking } from "../parts/masking.js";
import { shape } from "../parts/verdict.js";
import { makeViewer } from "../parts/viewer.js";
import { forOthers, may } from "../people.js";
import { modelNamed } from "../station.js";
import { attempt } from "../toast.js";
import { moment, number, origin, pValue, rarity, score, verdictWords } from "../words.js";

export function showDetail(place, id) {
  const viewer = makeViewer();
  const about = h("div", { class: "stack" });
  let seen = null;
  const changes = h("div", { class: "stack", hidden: true });
  const labels = makeLabels((label) => attempt(() => set(label)), false);
  const none = button(t("label.back"), () => attempt(() => set(null)), { class: "quiet" });
  const mask = makeMasking(viewer, {
    run: attempt,
    changed: (inspection) => {
      if (inspection) show(inspection);
    },
  });
  const title = h("h1", {}, t("detail.title"));
  place.append(
    h(
      "header",
      { class: "view-head" },
      button(`← ${t("back")}`, () => (history.length > 1 ? history.back() : (location.hash = "#/history"))),
      title,
    ),
    h("div", { class: "main-column" }, viewer.element),
    h(
      "aside",
      { class: "side-column card", "aria-label": t("detail.record") },
      about,
      h("h2", {}, t("label.yours")),
      may("review") ? labels.element : forOthers("review"),
      none,
      may("review") ? h("div", { class: "pairs" }, mask.toggle, mask.drop) : null,
      mask.tools,
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
    mask.of(inspection);
    none.hidden = inspection.label === null || !may("review");
    about.replaceChildren(
      summary(inspection),
      record(inspection),
      regions(inspection),
      makeExplanation(inspection) ?? "",
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

function summary(inspection) {
  const { verdict, score: value, p_value: p, model } = inspection;
  const count = modelNamed(model)?.calibration.count;
  return h(
    "div",
    { class: `summary v-${verdict}` },
    shape(verdict),
    h("div", {}, h("strong", {}, verdict), h("p", {}, verdictWords(inspection))),
    h(
      "p",
      { class: "why" },
      `${t("score.both", { score: score(value), value: pValue(p) })} ${count ? t("sentence", { text: rarity(p, count) }) : ""}`,
    ),
  );
}

function record(inspection) {
  const total = Object.values(inspection.timings_ms).reduce((sum, value) => sum + value, 0);
  const { height, width } = inspection;
  return facts([
    [t("detail.number"), String(inspection.id)],
    [t("time"), moment(inspection.time)],
    [t("detail.from"), origin(inspection.source)],
    [t("detail.size"), t("pixels.of", { width, height })],
    [
      t("detail.took"),
      t("detail.times", { total: total.toFixed(1), model: inspection.timings_ms.infer.toFixed(1) }),
    ],
    [
      t("view.model"),
      h(
        "span",
        { title: inspection.model_sha256 },
        `${inspection.model} (${inspection.model_sha256.slice(0, 12)}…)`,
      ),
    ],
    ["SHA-256", h("code", {}, inspection.sha256)],
    [t("mask"), t(inspection.has_mask ? "mask.drawn" : "mask.none")],
  ]);
}

function regions(inspection) {
  if (!inspection.regions.length) return h("p", { class: "soft" }, t("detail.noRegion"));
  const shown = inspection.regions.slice(0, 8);
  const words = t(shown.length < inspection.regions.length ? "detail.someRegions" : "detail.regions", {
    shown: shown.length,
    count: inspection.regions.length,
  });
  const rows = shown.map(({ peak, area, box: { left, top, right, bottom } }) =>
    figures([score(peak), number(area), `${left}, ${top}`, `${right}, ${bottom}`]),
  );
  const names = [t("detail.peak"), t("pixels"), t("detail.leftTop"), t("detail.rightBottom")];
  return h(
    "div",
    {},
    h("p", { class: "soft" }, inspection.whole_image ? t("detail.wholeRegions") : words),
    table(names, h("tbody", {}, rows), { class: "small" }),
  );
}

function downloads({ id, links }) {
  const names = [
    ["picture", t("picture")],
    ["overlay", t("viewer.over")],
    ["map", t("pane.title.heat")],
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
