// Log: who did what, when, with the old and the new value.

import { get, withQuery } from "../api.js";
import { button, field, h, select, table } from "../dom.js";
import { t, translated } from "../i18n.js";
import { asked, clearButton, makeGo, pageButtons, timeInput, trailOf } from "../parts/pages.js";
import { attempt, complain, say } from "../toast.js";
import { labelWords, moment } from "../words.js";

const COLUMNS = ["when", "who", "what", "of", "before", "after"];
const ACTIONS = [
  "label",
  "mask",
  "rates",
  "switch",
  "rollback",
  "source.add",
  "source.remove",
  "dataset.add",
  "job.start",
  "job.cancel",
  "draft.add",
  "draft.remove",
  "draft.pictures",
  "draft.intake",
  "draft.leave-out",
  "draft.take-in",
  "draft.roi",
  "draft.rates",
  "draft.serve",
  "export",
  "audit.export",
  "sign-in",
  "sign-in.failed",
  "sign-out",
  "user.add",
  "user.role",
  "user.active",
  "user.password",
  "token.add",
  "token.revoke",
];

const PAGE = 50;
const FILTERS = ["actor", "action", "subject", "since", "until"];

export function showLog(place, { query }) {
  const filters = Object.fromEntries(FILTERS.map((name) => [name, (query.get(name) ?? "").slice(0, 200)]));
  const trail = trailOf(query);
  const body = h("tbody", {});
  const pager = h("div", { class: "row pager" });
  const go = makeGo("#/log", filters);
  place.append(
    h("header", { class: "view-head" }, h("h1", {}, t("view.log")), tools(filters)),
    filterBar(filters, go),
    h(
      "div",
      { class: "card flush" },
      table(
        COLUMNS.map((name) => t(`log.${name}`)),
        body,
        { class: "inspections log" },
      ),
    ),
    pager,
  );
  attempt(async () => {
    const answer = await get(
      withQuery("/api/audit", { ...asked(filters), before: trail.at(-1), limit: PAGE }),
    );
    const none = h("tr", {}, h("td", { colspan: COLUMNS.length, class: "nothing" }, t("log.none")));
    body.replaceChildren(...(answer.entries.length ? answer.entries.map(row) : [none]));
    pager.replaceChildren(...pageButtons(trail, answer.next, go));
  });
}

function filterBar(filters, go) {
  const typed = (name) =>
    h("input", {
      type: "search",
      value: filters[name],
      autocomplete: "off",
      spellcheck: "false",
      on: { change: (event) => go({ [name]: event.target.value.trim() }) },
    });
  return h(
    "search",
    { class: "filters" },
    field(t("log.who"), typed("actor")),
    field(
      t("log.what"),
      select(
        [["", t("log.any")], ...ACTIONS.map((name) => [name, t(`action.${name}`)])],
        filters.action,
        (action) => go({ action }),
      ),
    ),
    field(t("log.of"), typed("subject")),
    field(t("history.from"), timeInput("since", filters, go)),
    field(t("history.until"), timeInput("until", filters, go)),
    clearButton("#/log", filters),
  );
}

function tools(filters) {
  const check = async () => {
    const { count, broken, last } = await get("/api/audit/check");
    if (broken === null) say(t("log.fine", { count, digest: last.slice(0, 16) }));
    else complain(new Error(t("log.broken", { id: broken })));
  };
  const file = (format, text) =>
    h(
      "a",
      {
        class: "button",
        href: withQuery("/api/audit/export", { format, ...asked(filters) }),
        download: `audit.${format}`,
      },
      text,
    );
  return h(
    "div",
    { class: "row exports" },
    button(t("log.check"), () => attempt(check)),
    h("span", { class: "soft" }, t("history.export")),
    file("csv", "CSV"),
    file("jsonl", "JSON"),
  );
}

function row({ time, actor, address, action, subject, old, new: fresh }) {
  const [kind, id] = subject.split("/");
  const value = (given) => (action === "label" && given ? labelWords(given) : told(given));
  const of = kind === "inspection" ? h("a", { href: `#/history/${id}` }, subject) : subject;
  return h(
    "tr",
    {},
    h("td", { class: "time" }, h("time", { datetime: time }, moment(time))),
    h("td", { title: address, data: { theirs: "" } }, actor),
    h("td", {}, translated(`action.${action}`, action)),
    h("td", { class: "time", data: { theirs: "" } }, of),
    h("td", { class: "value", data: { name: t("log.before"), theirs: "" } }, value(old)),
    h("td", { class: "value", data: { name: t("log.after"), theirs: "" } }, value(fresh)),
  );
}

/** Write a value as people read it: names and values, without the braces of JSON. */
function told(value) {
  if (value === null) return "–";
  if (typeof value !== "object") return String(value);
  return Object.entries(value)
    .filter(([, each]) => each !== null)
    .map(
      ([name, each]) =>
        `${name.replaceAll("_", " ")} ${typeof each === "object" ? JSON.stringify(each) : each}`,
    )
    .join(", ");
}
