// Everybody who may sign in: added and changed by admins.

import { get, post, put } from "../api.js";
import { button, field, h, table } from "../dom.js";
import { t } from "../i18n.js";
import { allRoles, roleSelect } from "../people.js";
import { attempt, say } from "../toast.js";
import { moment } from "../words.js";

/** Make the card of all people. */
export function makeUsers() {
  const body = h("tbody", {});
  const name = h("input", {
    type: "text",
    required: true,
    maxlength: 64,
    autocomplete: "off",
    autocapitalize: "none",
    spellcheck: "false",
  });
  const password = h("input", { type: "password", autocomplete: "new-password", minlength: 10 });
  const chosen = { role: "operator" };
  const form = h(
    "form",
    { class: "row fields" },
    field(t("people.name"), name, { class: "grow" }),
    field(
      t("people.role"),
      roleSelect(allRoles(), chosen.role, (role) => {
        chosen.role = role;
      }),
    ),
    field(t("people.password"), password, { class: "grow" }),
    h("button", {}, t("users.add")),
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    attempt(async () => {
      const json = { name: name.value, role: chosen.role, password: password.value || null };
      const added = await post("/api/users", json);
      form.reset();
      chosen.role = "operator";
      say(t("users.added", { name: added.name }));
      await load();
    });
  });

  async function change(user, json) {
    try {
      await put(`/api/users/${encodeURIComponent(user)}`, json);
      say(t("users.changed", { name: user }));
    } finally {
      await load();
    }
  }

  async function load() {
    const users = await get("/api/users");
    body.replaceChildren(...users.map((user) => userRow(user, change)));
  }
  attempt(load);
  const columns = [...["people.name", "people.role", "users.since", "users.active"].map((key) => t(key)), ""];
  return h(
    "section",
    { class: "card stack", "aria-label": t("users.title") },
    h("h2", {}, t("users.title")),
    h("div", { class: "scrolls" }, table(columns, body, { class: "small" }, t("users.action"))),
    form,
    h("p", { class: "soft" }, t("users.hint")),
  );
}

function userRow({ name, role, active, created }, change) {
  const choice = roleSelect(allRoles(), role, (value) => attempt(() => change(name, { role: value })));
  choice.setAttribute("aria-label", t("users.roleOf", { name }));
  const letIn = h("input", { type: "checkbox", checked: active, "aria-label": t("users.letIn", { name }) });
  letIn.addEventListener("change", () => attempt(() => change(name, { active: letIn.checked })));
  const end = h("td", {});
  const closed = () =>
    end.replaceChildren(
      button(t("users.reset"), opened, { class: "quiet", "aria-label": t("users.passwordOf", { name }) }),
    );
  const opened = () => {
    const given = h("input", {
      type: "password",
      autocomplete: "new-password",
      minlength: 10,
      required: true,
      "aria-label": t("users.passwordOf", { name }),
    });
    const form = h(
      "form",
      { class: "row" },
      given,
      h("button", {}, t("users.set")),
      button(t("cancel"), closed, { class: "quiet" }),
    );
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      attempt(() => change(name, { password: given.value }));
    });
    end.replaceChildren(form);
    given.focus();
  };
  closed();
  return h(
    "tr",
    {},
    h("td", {}, name),
    h("td", {}, choice),
    h("td", { class: "time" }, moment(created)),
    h("td", {}, h("label", { class: "tick" }, letIn)),
    end,
  );
}
