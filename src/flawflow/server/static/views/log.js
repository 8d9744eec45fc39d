// Log: who did what, when, with the old and the new value.

import { get, withQuery } from "../api.js";
import { button, field, h, select, table } from "../dom.js";
import { attempt, complain, say } from "../toast.js";
import { moment, number } from "../words.js";

const WORDS = {
  title: "Log",
  columns: ["When", "Who", "What", "Of", "Before", "After"],
  any: "Anything",
  who: "Who",
  what: "What",
  of: "Of",
  from: "From",
  until: "Until",
  clear: "Clear",
  none: "No entry fits these filters.",
  export: "Export",
  check: "Check",
  fine: (count, digest) =>
    `All ${count} entries follow each other. The last digest is ${digest.slice(0, 16)}…`,
  broken: (id) =>
    `Entry ${id} does not follow from the one before: somebody has changed the log past the station.`,
  newer: "← Newer",
  older: "Older →",
  nothing: "–",
};
const ACTIONS = {
  label: "labelled",
  mask: "drew a mask",
  rates: "changed rates",
  switch: "switched the version",
  rollback: "rolled back",
  "source.add": "added a source",
  "source.remove": "removed a source",
  "dataset.add": "made a data set",
  "job.start": "started a training",
  "job.cancel": "stopped a training",
  export: "exported the record",
  "audit.export": "exported this log",
  "sign-in": "signed in",
  "sign-in.failed": "gave a wrong password",
  "sign-out": "signed out",
  "user.add": "added a person",
  "user.role": "changed a role",
  "user.active": "let in or shut out",
  "user.password": "set a password",
  "token.add": "made a token",
  "token.revoke": "revoked a token",
};

const PAGE = 50;
const FILTERS = ["actor", "action", "subject", "since", "until"];

export function showLog(place, { query }) {
  const filters = Object.fromEntries(FILTERS.map((name) => [name, (query.get(name) ?? "").slice(0, 200)]));
  const trail = (query.get("trail") ?? "").split(",").filter((id) => /^[1-9]\d{0,17}$/.test(id));
  const body = h("tbody", {});
  const pager = h("div", { class: "row pager" });
  const go = (changed, pages = []) => {
    location.hash = withQuery("#/log", { ...filters, ...changed, trail: pages.join(",") });
  };
  place.append(
    h("header", { class: "view-head" }, h("h1", {}, WORDS.title), tools(filters)),
    filterBar(filters, go),
    h("div", { class: "card flush" }, table(WORDS.columns, body, { class: "inspections log" })),
    pager,
  );
  attempt(async () => {
    const answer = await get(
      withQuery("/api/audit", { ...asked(filters), before: trail.at(-1), limit: PAGE }),
    );
    const none = h("tr", {}, h("td", { colspan: WORDS.columns.length, class: "nothing" }, WORDS.none));
    body.replaceChildren(...(answer.entries.length ? answer.entries.map(row) : [none]));
    pager.replaceChildren(
      button(WORDS.newer, () => go({}, trail.slice(0, -1)), { disabled: !trail.length }),
      button(WORDS.older, () => go({}, [...trail, answer.next]), { disabled: answer.next === null }),
    );
  });
}

function asked(filters) {
  // An address is written by anybody: a time that is none is left out.
  const utc = (local) => (Number.isNaN(Date.parse(local)) ? "" : new Date(local).toISOString());
  return { ...filters, since: utc(filters.since), until: utc(filters.until) };
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
  const time = (name) =>
    h("input", {
      type: "datetime-local",
      value: filters[name],
      on: { change: (event) => go({ [name]: event.target.value }) },
    });
  return h(
    "search",
    { class: "filters" },
    field(WORDS.who, typed("actor")),
    field(
      WORDS.what,
      select([["", WORDS.any], ...Object.entries(ACTIONS)], filters.action, (action) => go({ action })),
    ),
    field(WORDS.of, typed("subject")),
    field(WORDS.from, time("since")),
    field(WORDS.until, time("until")),
    button(
      WORDS.clear,
      () => {
        location.hash = "#/log";
      },
      { class: "quiet", disabled: FILTERS.every((name) => !filters[name]) },
    ),
  );
}

function tools(filters) {
  const check = async () => {
    const { count, broken, last } = await get("/api/audit/check");
    if (broken === null) say(WORDS.fine(number(count), last));
    else complain(new Error(WORDS.broken(broken)));
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
    button(WORDS.check, () => attempt(check)),
    h("span", { class: "soft" }, WORDS.export),
    file("csv", "CSV"),
    file("jsonl", "JSON"),
  );
}

function row({ time, actor, address, action, subject, old, new: fresh }) {
  const [kind, id] = subject.split("/");
  const of = kind === "inspection" ? h("a", { href: `#/history/${id}` }, subject) : subject;
  return h(
    "tr",
    {},
    h("td", { class: "time" }, h("time", { datetime: time }, moment(time))),
    h("td", { title: address }, actor),
    h("td", {}, ACTIONS[action] ?? action),
    h("td", { class: "time" }, of),
    h("td", { class: "value" }, told(old)),
    h("td", { class: "value" }, told(fresh)),
  );
}

/** Write a value as people read it: names and values, without the braces of JSON. */
export function told(value) {
  if (value === null) return WORDS.nothing;
  if (typeof value !== "object") return String(value);
  return Object.entries(value)
    .filter(([, each]) => each !== null)
    .map(
      ([name, each]) =>
        `${name.replaceAll("_", " ")} ${typeof each === "object" ? JSON.stringify(each) : each}`,
    )
    .join(", ");
}
