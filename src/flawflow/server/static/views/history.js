// History: every inspection that the station recorded, by filters, and each in detail.

import { get, withQuery } from "../api.js";
import { button, field, h, segments, select, table } from "../dom.js";
import { listen } from "../live.js";
import { thumb } from "../parts/thumb.js";
import { chip, shape } from "../parts/verdict.js";
import { may } from "../people.js";
import { recall } from "../settings.js";
import { attempt } from "../toast.js";
import { clock, LABEL_WORDS, number, pValue, score, VERDICTS } from "../words.js";
import { showDetail } from "./detail.js";

const PAGE = 50;
const FILTERS = ["verdict", "label", "since", "until", "text"];
const LABELS = [
  ["", "Any"],
  ["none", "Not reviewed"],
  ["good", "Good"],
  ["bad", "Bad"],
  ["skip", "Skipped"],
];

export function showHistory(place, { detail, query }) {
  if (detail !== null) return showDetail(place, detail);
  const filters = Object.fromEntries(FILTERS.map((name) => [name, readable(name, query.get(name) ?? "")]));
  // The ids before which the pages begin, from the first page to this one.
  const trail = (query.get("trail") ?? "").split(",").filter((id) => /^[1-9]\d{0,17}$/.test(id));
  const body = h("tbody", {});
  const counts = h("p", { class: "counts soft", "aria-live": "polite" });
  const pager = h("div", { class: "row pager" });
  const fresh = button("", () => attempt(load), { class: "fresh", hidden: true });
  const columns = ["", "Picture", "Verdict", "Score", "p-value", "Reviewed", "Time"];
  const list = table(columns, body, { class: "inspections" }, "Small picture");
  place.append(
    h(
      "header",
      { class: "view-head" },
      h("h1", {}, "History"),
      counts,
      fresh,
      may("export") ? exports(filters) : null,
    ),
    filterBar(filters, go),
    h("div", { class: "card flush" }, list),
    pager,
  );
  let missed = 0;

  function go(changed, pages = []) {
    // A picture's address can be shared, and a reload or a step back shows the same.
    location.hash = withQuery("#/history", { ...filters, ...changed, trail: pages.join(",") });
  }

  async function load() {
    const answer = await get(
      withQuery("/api/inspections", { ...asked(filters), before: trail.at(-1), limit: PAGE }),
    );
    missed = 0;
    fresh.hidden = true;
    body.replaceChildren(...answer.inspections.map(row));
    if (!answer.inspections.length)
      body.append(
        h("tr", {}, h("td", { colspan: 7, class: "nothing" }, "No inspection fits these filters.")),
      );
    const all = VERDICTS.reduce((sum, verdict) => sum + answer.counts[verdict], 0);
    counts.replaceChildren(
      `${number(all)} in all: `,
      ...VERDICTS.map((verdict) =>
        h(
          "span",
          { class: `count v-${verdict}` },
          shape(verdict),
          `${number(answer.counts[verdict])} ${verdict}`,
        ),
      ),
    );
    pager.replaceChildren(
      button("← Newer", () => go({}, trail.slice(0, -1)), { disabled: !trail.length }),
      h(
        "span",
        { class: "soft" },
        `Page ${trail.length + 1} of ${number(Math.max(1, Math.ceil(all / PAGE)))}`,
      ),
      button("Older →", () => go({}, [...trail, answer.next]), { disabled: answer.next === null }),
    );
  }

  const end = listen("inspection", (inspection) => {
    if (inspection.label !== null || trail.length || inspection.model !== recall("model", null)) return;
    missed += 1;
    fresh.textContent = `Show ${number(missed)} new`;
    fresh.hidden = false;
  });
  attempt(load);
  return end;
}

/** Give a filter of the address; an address is written by anybody, so what cannot be is left out. */
function readable(name, value) {
  if (name === "verdict") return VERDICTS.includes(value) ? value : "";
  if (name === "label") return LABELS.some(([label]) => label === value) ? value : "";
  return name === "text" ? value.slice(0, 200) : Number.isNaN(Date.parse(value)) ? "" : value;
}

/** Give the filters as the service takes them: times in UTC, of the chosen model. */
function asked(filters) {
  const utc = (local) => (local ? new Date(local).toISOString() : "");
  return { ...filters, since: utc(filters.since), until: utc(filters.until), model: recall("model", null) };
}

function filterBar(filters, go) {
  const verdicts = [
    ["", "All"],
    ...VERDICTS.map((verdict) => [verdict, h("span", { class: `v-${verdict}` }, shape(verdict), verdict)]),
  ];
  const text = h("input", {
    type: "search",
    value: filters.text,
    placeholder: "part of a name",
    autocomplete: "off",
    spellcheck: "false",
  });
  const time = (name) =>
    h("input", {
      type: "datetime-local",
      value: filters[name],
      on: { change: (event) => go({ [name]: event.target.value }) },
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
      h("span", { "aria-hidden": "true" }, "Verdict"),
      segments("Verdict", verdicts, filters.verdict, (verdict) => go({ verdict })),
    ),
    field(
      "Reviewed",
      select(LABELS, filters.label, (label) => go({ label })),
    ),
    field("From", time("since")),
    field("Until", time("until")),
    field("Name", text, { class: "grow" }),
    button(
      "Clear",
      () => {
        location.hash = "#/history";
      },
      { class: "quiet", disabled: FILTERS.every((name) => !filters[name]) },
    ),
  );
}

function exports(filters) {
  return h(
    "div",
    { class: "row exports" },
    h("span", { class: "soft" }, "Export"),
    ["csv", "parquet"].map((format) =>
      h(
        "a",
        {
          class: "button",
          href: withQuery("/api/export", { format, ...asked(filters) }),
          download: `inspections.${format}`,
        },
        format === "csv" ? "CSV" : "Parquet",
      ),
    ),
  );
}

function row(inspection) {
  const { id, name, verdict, label } = inspection;
  return h(
    "tr",
    {},
    h("td", {}, thumb(inspection)),
    h("td", { class: "name" }, h("a", { href: `#/history/${id}` }, name)),
    h("td", {}, chip(verdict)),
    h("td", { class: "figure" }, score(inspection.score)),
    h("td", { class: "figure" }, pValue(inspection.p_value)),
    h(
      "td",
      {},
      label
        ? `${LABEL_WORDS[label]}${inspection.has_mask ? ", mask" : ""}`
        : h("span", { class: "soft" }, "–"),
    ),
    h("td", { class: "time" }, h("time", { datetime: inspection.time }, clock(inspection.time))),
  );
}
