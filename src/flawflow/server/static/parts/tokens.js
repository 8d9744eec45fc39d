// Tokens with which programs come in: made, shown once, revoked.

import { get, post, remove, withQuery } from "../api.js";
import { button, field, h, select, table } from "../dom.js";
import { t } from "../i18n.js";
import { confirmed } from "../login.js";
import { allRoles, may, roleSelect, whoIsHere } from "../people.js";
import { attempt } from "../toast.js";
import { moment, roleWords } from "../words.js";
import { makeCopyable } from "./copyable.js";

/** How long a token may live, in days. */
const lives = () => [
  ["30", t("span.days", { count: 30 })],
  ["365", t("span.years", { count: 1 })],
  ["1825", t("span.years", { count: 5 })],
  ["", t("tokens.never")],
];

/** Make the card of tokens: one's own or, for admins, everybody's. */
export function makeTokens() {
  const everybody = may("people");
  const roles = allRoles();
  const body = h("tbody", {});
  const purpose = h("input", { type: "text", required: true, maxlength: 64, autocomplete: "off" });
  const choice = { role: "operator", days: "365" };
  const fresh = h("div", { class: "stack", hidden: true, "aria-live": "polite" });
  const form = h(
    "form",
    { class: "row fields" },
    field(t("tokens.purpose"), purpose, { class: "grow" }),
    field(
      t("people.role"),
      roleSelect(roles.slice(0, roles.indexOf(whoIsHere().role) + 1), choice.role, (value) => {
        choice.role = value;
      }),
    ),
    field(
      t("tokens.days"),
      select(lives(), choice.days, (value) => {
        choice.days = value;
      }),
    ),
    h("button", {}, t("tokens.make")),
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    attempt(async () => {
      const made = await post("/api/tokens", {
        name: purpose.value,
        role: choice.role,
        days: choice.days ? Number(choice.days) : null,
      });
      form.reset();
      Object.assign(choice, { role: "operator", days: "365" });
      showOnce(fresh, made.token);
      await load();
    });
  });
  const columns = [
    ...(everybody ? [t("tokens.owner")] : []),
    ...["tokens.for", "people.role", "made", "tokens.ends"].map((key) => t(key)),
    "",
  ];
  const element = h(
    "section",
    { class: "card stack", "aria-label": t("tokens.title") },
    h("h2", {}, t("tokens.title")),
    h("p", { class: "soft" }, t("tokens.what")),
    h("div", { class: "scrolls" }, table(columns, body, { class: "small" }, t("users.action"))),
    form,
    fresh,
  );

  async function load() {
    const found = await get(withQuery("/api/tokens", { everybody: everybody || null }));
    const row = (token) => tokenRow(token, everybody, load);
    const none = h("tr", {}, h("td", { colspan: columns.length, class: "soft" }, t("tokens.none")));
    body.replaceChildren(...(found.length ? found.reverse().map(row) : [none]));
  }
  attempt(load);
  return element;
}

function tokenRow({ id, owner, name, role, created, expires, revoked }, everybody, load) {
  const revoke = async () => {
    if (!(await confirmed(t("tokens.sure", { name }), t("tokens.revoke")))) return;
    await remove(`/api/tokens/${id}`);
    await load();
  };
  const cells = [...(everybody ? [owner] : []), name, roleWords(role)];
  return h(
    "tr",
    {},
    cells.map((text) => h("td", {}, text)),
    h("td", { class: "time" }, moment(created)),
    h("td", { class: "time" }, revoked ? t("tokens.revoked") : expires ? moment(expires) : "–"),
    h(
      "td",
      {},
      revoked
        ? null
        : button(t("tokens.revoke"), () => attempt(revoke), {
            class: "quiet",
            "aria-label": t("tokens.revokeOf", { name }),
          }),
    ),
  );
}

function showOnce(place, token) {
  const copyable = makeCopyable(t("tokens.copied"), t("tokens.byHand"));
  copyable.show(token);
  place.hidden = false;
  place.replaceChildren(h("p", {}, t("tokens.once")), copyable.element);
}
