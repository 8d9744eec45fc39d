// History: every inspection that the station recorded, by filters, and each in detail.

import { get, withQuery } from "../api.js";
import { button, field, h, segments, select, table } from "../dom.js";
import { t } from "../i18n.js";
import { listen } from "../live.js";
import { asked, clearButton, makeGo, pageButtons, timeInput, trailOf } from "../parts/pages.js";
import { thumb } from "../parts/thumb.js";
import { chip, shape } from "../parts/verdict.js";
import { may } from "../people.js";
import { recall } from "../settings.js";
import { attempt } from "../toast.js";
import { clock, labelWords, number, pValue, score, VERDICTS, verdictWords } from "../words.js";
import { showDetail } from "./detail.js";

const PAGE = 50;
const COLUMNS = ["picture", "verdict", "score", "pvalue", "history.reviewed", "time"];
const FILTERS = ["verdict", "label", "since", "until", "text"];
const LABELS = ["", "none", "good", "bad", "skip"];

export function showHistory(place, { detail, query }) {
  if (detail !== null) return showDetail(place, detail);
  const filters = Object.fromEntries(FILTERS.map((name) => [name, readable(name, query.get(name) ?? "")]));
  const trail = trailOf(query);
  const go = makeGo("#/history", filters);
  const body = h("tbody", {});
  const counts = h("p", { class: "counts soft", "aria-live": "polite" });
  const pager = h("div", { class: "row pager" });
  const fresh = button("", () => attempt(load), { class: "fresh", hidden: true });
  const columns = ["", ...COLUMNS.map((name) => t(name))];
  const list = table(columns, body, { class: "inspections" }, t("history.small"));
  place.append(
    h(
      "header",
      { class: "view-head" },
      h("h1", {}, t("view.history")),
      counts,
      fresh,
      may("export") ? exports(filters) : null,
    ),
    filterBar(filters, go),
    h("div", { class: "card flush" }, list),
    pager,
  );
  let missed = 0;
  let newest = 0;

  async function load() {
    const answer = await get(
      withQuery("/api/inspections", { ...ofModel(filters), before: trail.at(-1), limit: PAGE }),
    );
    missed = 0;
    newest = Math.max(newest, answer.inspections[0]?.id ?? 0);
    fresh.hidden = true;
    body.replaceChildren(...answer.inspections.map(row));
    if (!answer.inspections.length)
      body.append(h("tr", {}, h("td", { colspan: 7, class: "nothing" }, t("history.nothing"))));
    const all = VERDICTS.reduce((sum, verdict) => sum + answer.counts[verdict], 0);
    counts.replaceChildren(
      t("history.count", { count: all }),
      ...VERDICTS.map((verdict) =>
        h(
          "span",
          { class: `count v-${verdict}` },
          shape(verdict),
          `${number(answer.counts[verdict])} ${verdict}`,
        ),
      ),
    );
    const pages = { page: trail.length + 1, all: Math.max(1, Math.ceil(all / PAGE)) };
    const page = h("span", { class: "soft" }, t("history.page", pages));
    pager.replaceChildren(...pageButtons(trail, answer.next, go, [page]));
  }

  const end = listen("inspection", (inspection) => {
    // What is said of an earlier one tells of it again.
    if (inspection.id <= newest || trail.length || inspection.model !== recall("model", null)) return;
    newest = inspection.id;
    missed += 1;
    fresh.textContent = t("history.fresh", { count: missed });
    fresh.hidden = false;
  });
  attempt(load);
  return end;
}

/** Give a filter of the address; an address is written by anybody, so what cannot be is left out. */
function readable(name, value) {
  if (name === "verdict") return VERDICTS.includes(value) ? value : "";
  if (name === "label") return LABELS.includes(value) ? value : "";
  return name === "text" ? value.slice(0, 200) : Number.isNaN(Date.parse(value)) ? "" : value;
}

/** Give the filters as the service takes them, of the chosen model. */
const ofModel = (filters) => ({ ...asked(filters), model: recall("model", null) });

function filterBar(filters, go) {
  const verdicts = [
    ["", t("history.all")],
    ...VERDICTS.map((verdict) => [verdict, h("span", { class: `v-${verdict}` }, shape(verdict), verdict)]),
  ];
  const labels = LABELS.map((label) => [label, t(`history.label.${label || "any"}`)]);
  const text = h("input", {
    type: "search",
    value: filters.text,
    placeholder: t("history.part"),
    autocomplete: "off",
    spellcheck: "false",
  });
  text.addEventListener("change", () => go({ text: text.value }));
  text.addEventListener("search", () => {
    if (text.value !== filters.text) go({ text: text.value });
  });
  return h(
    "search",
    { class: "filters" },
    h(
      "div",
      { class: "field" },
      h("span", { "aria-hidden": "true" }, t("verdict")),
      segments(t("verdict"), verdicts, filters.verdict, (verdict) => go({ verdict })),
    ),
    field(
      t("history.reviewed"),
      select(labels, filters.label, (label) => go({ label })),
    ),
    field(t("history.from"), timeInput("since", filters, go)),
    field(t("history.until"), timeInput("until", filters, go)),
    field(t("history.name"), text, { class: "grow" }),
    clearButton("#/history", filters),
  );
}

function exports(filters) {
  return h(
    "div",
    { class: "row exports" },
    h("span", { class: "soft" }, t("history.export")),
    ["csv", "parquet"].map((format) =>
      h(
        "a",
        {
          class: "button",
          href: withQuery("/api/export", { format, ...ofModel(filters) }),
          download: `inspections.${format}`,
        },
        format === "csv" ? "CSV" : "Parquet",
      ),
    ),
  );
}

const wholeNote = () => h("small", { class: "soft" }, ` ${t("history.whole")}`);

function row(inspection) {
  const { id, name, verdict, label } = inspection;
  return h(
    "tr",
    {},
    h("td", { class: "picked" }, thumb(inspection)),
    h("td", { class: "name" }, h("a", { href: `#/history/${id}` }, name)),
    h("td", { title: verdictWords(inspection) }, chip(verdict), inspection.whole_image ? wholeNote() : null),
    h("td", { class: "figure", data: { name: t("score") } }, score(inspection.score)),
    h("td", { class: "figure", data: { name: t("pvalue") } }, pValue(inspection.p_value)),
    h(
      "td",
      { data: { name: t("history.reviewed") } },
      label
        ? t(inspection.has_mask ? "history.masked" : "history.labelled", { label: labelWords(label) })
        : h("span", { class: "soft" }, "–"),
    ),
    h(
      "td",
      { class: "time", data: { name: t("time") } },
      h("time", { datetime: inspection.time }, clock(inspection.time)),
    ),
  );
}
