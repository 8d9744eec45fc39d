// People: who this is and what they may do, their password and tokens; for admins everybody.

import { ask } from "../api.js";
import { facts, field, h, table } from "../dom.js";
import { t, translated } from "../i18n.js";
import { makeTokens } from "../parts/tokens.js";
import { makeUsers } from "../parts/users.js";
import { allRights, allRoles, may, whoIsHere } from "../people.js";
import { attempt } from "../toast.js";
import { roleWords } from "../words.js";

export function showPeople(place) {
  const me = whoIsHere();
  const left = h("div", { class: "half" }, me.ways.length ? youCard(me) : nobodyCard());
  const right = h("div", { class: "half" });
  if (me.has_password) left.append(passwordCard());
  if (me.name) left.append(makeTokens());
  if (may("people")) right.append(makeUsers());
  const roles = h(
    "section",
    { class: "card stack", "aria-label": t("people.roles") },
    h("h2", {}, t("people.roles")),
    rolesTable(),
  );
  right.append(roles);
  place.append(h("header", { class: "view-head" }, h("h1", {}, t("view.people"))), left, right);
}

const youCard = ({ name, role }) =>
  h(
    "section",
    { class: "card stack", "aria-label": t("people.you") },
    h("h2", {}, t("people.you")),
    facts([
      [t("people.name"), name ?? t("people.unnamed")],
      [t("people.role"), roleWords(role)],
    ]),
  );

const nobodyCard = () =>
  h(
    "section",
    { class: "card stack", "aria-label": t("people.nobody") },
    h("h2", {}, t("people.nobody")),
    h("p", {}, t("people.how")),
    h(
      "div",
      { class: "command" },
      h("code", { tabindex: 0 }, "flawflow users add NAME --role admin --data FOLDER"),
    ),
  );

function passwordCard() {
  const old = h("input", { type: "password", autocomplete: "current-password", required: true });
  const fresh = h("input", {
    type: "password",
    autocomplete: "new-password",
    minlength: 10,
    required: true,
  });
  const form = h(
    "form",
    { class: "row fields" },
    field(t("people.old"), old, { class: "grow" }),
    field(t("people.new"), fresh, { class: "grow" }),
    h("button", {}, t("people.change")),
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    attempt(async () => {
      const json = { old: old.value, new: fresh.value };
      await ask("PUT", "/api/me/password", { json, once: true });
      location.reload();
    });
  });
  return h(
    "section",
    { class: "card stack", "aria-label": t("people.password") },
    h("h2", {}, t("people.password")),
    form,
    h("p", { class: "soft" }, t("people.again")),
  );
}

function rolesTable() {
  const roles = allRoles();
  const mark = (has) =>
    has ? [h("span", { "aria-hidden": "true" }, "✓"), h("span", { class: "unseen" }, t("people.yes"))] : null;
  const rows = allRights().map((right) =>
    h(
      "tr",
      {},
      h("th", { scope: "row", class: "wraps" }, translated(`right.${right.name}`, right.what)),
      roles.map((role) => h("td", { class: "mark" }, mark(right.roles.includes(role)))),
    ),
  );
  return h(
    "div",
    { class: "scrolls", tabindex: 0 },
    table([t("people.may"), ...roles.map(roleWords)], h("tbody", {}, rows), { class: "small roles" }),
  );
}
