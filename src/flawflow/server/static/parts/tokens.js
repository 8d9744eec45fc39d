// Tokens with which programs come in: made, shown once, revoked.

import { get, post, remove, withQuery } from "../api.js";
import { button, field, h, select, table } from "../dom.js";
import { confirmed } from "../login.js";
import { may, whoIsHere } from "../people.js";
import { attempt, say } from "../toast.js";
import { moment } from "../words.js";

const WORDS = {
  title: "Tokens for programs",
  what: "A program that sends one acts in your name. It is shown once; the station keeps only its SHA-256.",
  columns: ["For", "Role", "Made", "Ends"],
  owner: "Whose",
  action: "Change",
  none: "There is no token.",
  purpose: "What it is for",
  role: "Role",
  days: "Ends after",
  choices: [
    ["30", "30 days"],
    ["365", "1 year"],
    ["1825", "5 years"],
    ["", "never by itself"],
  ],
  make: "Make a token",
  once: "Copy it now; it is not shown again:",
  copy: "Copy",
  copied: "The token is copied.",
  byHand: "Select the token and copy it by hand.",
  revoke: "Revoke",
  sure: (name) => `The token “${name}” will open nothing any more.`,
  revoked: "revoked",
  never: "–",
};

/** Make the card of tokens: one's own or, for admins, everybody's. */
export function makeTokens() {
  const everybody = may("people");
  const { role, lowest } = whoIsHere();
  const roles = [...new Set(Object.values(lowest))];
  const body = h("tbody", {});
  const purpose = h("input", { type: "text", required: true, maxlength: 64, autocomplete: "off" });
  const choice = { role: "operator", days: "365" };
  const fresh = h("div", { class: "stack", hidden: true, "aria-live": "polite" });
  const form = h(
    "form",
    { class: "row fields" },
    field(WORDS.purpose, purpose, { class: "grow" }),
    field(
      WORDS.role,
      select(
        roles.slice(0, roles.indexOf(role) + 1).map((each) => [each, each]),
        choice.role,
        (value) => {
          choice.role = value;
        },
      ),
    ),
    field(
      WORDS.days,
      select(WORDS.choices, choice.days, (value) => {
        choice.days = value;
      }),
    ),
    h("button", {}, WORDS.make),
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
  const columns = [...(everybody ? [WORDS.owner] : []), ...WORDS.columns, ""];
  const element = h(
    "section",
    { class: "card stack", "aria-label": WORDS.title },
    h("h2", {}, WORDS.title),
    h("p", { class: "soft" }, WORDS.what),
    h("div", { class: "scrolls" }, table(columns, body, { class: "small" }, WORDS.action)),
    form,
    fresh,
  );

  async function load() {
    const found = await get(withQuery("/api/tokens", { everybody: everybody || null }));
    const row = (token) => tokenRow(token, everybody, load);
    const none = h("tr", {}, h("td", { colspan: columns.length, class: "soft" }, WORDS.none));
    body.replaceChildren(...(found.length ? found.reverse().map(row) : [none]));
  }
  attempt(load);
  return element;
}

function tokenRow({ id, owner, name, role, created, expires, revoked }, everybody, load) {
  const revoke = async () => {
    if (!(await confirmed(WORDS.sure(name), WORDS.revoke))) return;
    await remove(`/api/tokens/${id}`);
    await load();
  };
  const cells = [...(everybody ? [owner] : []), name, role];
  return h(
    "tr",
    {},
    cells.map((text) => h("td", {}, text)),
    h("td", { class: "time" }, moment(created)),
    h("td", { class: "time" }, revoked ? WORDS.revoked : expires ? moment(expires) : WORDS.never),
    h(
      "td",
      {},
      revoked
        ? null
        : button(WORDS.revoke, () => attempt(revoke), {
            class: "quiet",
            "aria-label": `${WORDS.revoke} ${name}`,
          }),
    ),
  );
}

function showOnce(place, token) {
  const code = h("code", { tabindex: 0 }, token);
  // Without https only this machine's own browser may write the clipboard.
  const copy = async () => {
    const done = navigator.clipboard?.writeText(token).then(
      () => true,
      () => false,
    );
    say((await done) ? WORDS.copied : WORDS.byHand);
  };
  place.hidden = false;
  place.replaceChildren(
    h("p", {}, WORDS.once),
    h(
      "div",
      { class: "command" },
      code,
      button(WORDS.copy, () => attempt(copy)),
    ),
  );
}
