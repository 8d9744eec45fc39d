// People: who this is and what they may do, their password and tokens; for admins everybody.

import { ask, get } from "../api.js";
import { facts, field, h, table } from "../dom.js";
import { makeTokens } from "../parts/tokens.js";
import { makeUsers } from "../parts/users.js";
import { may, whoIsHere } from "../people.js";
import { attempt } from "../toast.js";

const WORDS = {
  title: "People",
  you: "You",
  name: "Name",
  role: "Role",
  unnamed: "the station's token",
  nobody: "Nobody signs in at this station",
  how: "Everybody who reaches it may do all of this. To give people names, roles and passwords, add an admin where the station is:",
  command: "flawflow users add NAME --role admin --data FOLDER",
  password: "Password",
  old: "Your password",
  new: "A new one, 10 characters or more",
  change: "Change it",
  again: "All your logins end, this one too.",
  roles: "What each role may do",
  may: "May",
  yes: "yes",
};

export function showPeople(place) {
  const me = whoIsHere();
  const left = h("div", { class: "half" }, me.ways.length ? youCard(me) : nobodyCard());
  const right = h("div", { class: "half" });
  if (me.has_password) left.append(passwordCard());
  if (me.name) left.append(makeTokens());
  if (may("people")) right.append(makeUsers());
  const roles = h("section", { class: "card stack", "aria-label": WORDS.roles }, h("h2", {}, WORDS.roles));
  right.append(roles);
  place.append(h("header", { class: "view-head" }, h("h1", {}, WORDS.title)), left, right);
  attempt(async () => roles.append(rolesTable(await get("/api/roles"))));
}

const youCard = ({ name, role }) =>
  h(
    "section",
    { class: "card stack", "aria-label": WORDS.you },
    h("h2", {}, WORDS.you),
    facts([
      [WORDS.name, name ?? WORDS.unnamed],
      [WORDS.role, role],
    ]),
  );

const nobodyCard = () =>
  h(
    "section",
    { class: "card stack", "aria-label": WORDS.nobody },
    h("h2", {}, WORDS.nobody),
    h("p", {}, WORDS.how),
    h("div", { class: "command" }, h("code", { tabindex: 0 }, WORDS.command)),
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
    field(WORDS.old, old, { class: "grow" }),
    field(WORDS.new, fresh, { class: "grow" }),
    h("button", {}, WORDS.change),
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
    { class: "card stack", "aria-label": WORDS.password },
    h("h2", {}, WORDS.password),
    form,
    h("p", { class: "soft" }, WORDS.again),
  );
}

function rolesTable(rights) {
  const roles = rights[0].roles;
  const mark = (has) =>
    has ? [h("span", { "aria-hidden": "true" }, "✓"), h("span", { class: "unseen" }, WORDS.yes)] : null;
  const rows = rights.map((right) =>
    h(
      "tr",
      {},
      h("th", { scope: "row", class: "wraps" }, right.what),
      roles.map((role) => h("td", { class: "mark" }, mark(right.roles.includes(role)))),
    ),
  );
  return h(
    "div",
    { class: "scrolls" },
    table([WORDS.may, ...roles], h("tbody", {}, rows), { class: "small roles" }),
  );
}
