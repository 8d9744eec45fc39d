// Everybody who may sign in: added and changed by admins.

import { get, post, put } from "../api.js";
import { button, field, h, select, table } from "../dom.js";
import { whoIsHere } from "../people.js";
import { attempt, say } from "../toast.js";
import { moment } from "../words.js";

const WORDS = {
  title: "Everybody",
  columns: ["Name", "Role", "Added", "May come in"],
  action: "Change",
  name: "Name",
  role: "Role",
  password: "Password",
  add: "Add",
  added: (name) => `${name} may sign in.`,
  changed: (name) => `${name} is changed.`,
  roleOf: (name) => `Role of ${name}`,
  letIn: (name) => `${name} may come in`,
  reset: "New password",
  passwordOf: (name) => `New password of ${name}`,
  set: "Set",
  cancel: "Cancel",
  hint: "10 characters or more. Who only signs in at the proxy needs none.",
};

/** Make the card of all people. */
export function makeUsers() {
  const roles = [...new Set(Object.values(whoIsHere().lowest))];
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
    field(WORDS.name, name, { class: "grow" }),
    field(
      WORDS.role,
      select(
        roles.map((role) => [role, role]),
        chosen.role,
        (role) => {
          chosen.role = role;
        },
      ),
    ),
    field(WORDS.password, password, { class: "grow" }),
    h("button", {}, WORDS.add),
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    attempt(async () => {
      const json = { name: name.value, role: chosen.role, password: password.value || null };
      const added = await post("/api/users", json);
      form.reset();
      chosen.role = "operator";
      say(WORDS.added(added.name));
      await load();
    });
  });

  async function change(user, json) {
    try {
      await put(`/api/users/${encodeURIComponent(user)}`, json);
      say(WORDS.changed(user));
    } finally {
      await load();
    }
  }

  async function load() {
    const users = await get("/api/users");
    body.replaceChildren(...users.map((user) => userRow(user, roles, change)));
  }
  attempt(load);
  return h(
    "section",
    { class: "card stack", "aria-label": WORDS.title },
    h("h2", {}, WORDS.title),
    h("div", { class: "scrolls" }, table([...WORDS.columns, ""], body, { class: "small" }, WORDS.action)),
    form,
    h("p", { class: "soft" }, WORDS.hint),
  );
}

function userRow({ name, role, active, created }, roles, change) {
  const choice = select(
    roles.map((each) => [each, each]),
    role,
    (value) => attempt(() => change(name, { role: value })),
  );
  choice.setAttribute("aria-label", WORDS.roleOf(name));
  const letIn = h("input", { type: "checkbox", checked: active, "aria-label": WORDS.letIn(name) });
  letIn.addEventListener("change", () => attempt(() => change(name, { active: letIn.checked })));
  const end = h("td", {});
  const closed = () =>
    end.replaceChildren(
      button(WORDS.reset, opened, { class: "quiet", "aria-label": WORDS.passwordOf(name) }),
    );
  const opened = () => {
    const given = h("input", {
      type: "password",
      autocomplete: "new-password",
      minlength: 10,
      required: true,
      "aria-label": WORDS.passwordOf(name),
    });
    const form = h(
      "form",
      { class: "row" },
      given,
      h("button", {}, WORDS.set),
      button(WORDS.cancel, closed, { class: "quiet" }),
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
