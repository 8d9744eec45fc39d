// Coming in: by name and password, or by the station's token.

import { ask } from "./api.js";
import { button, field, h } from "./dom.js";
import { t } from "./i18n.js";
import { askForToken } from "./login.js";

let asking = null;

/**
 * Ask until somebody has come in; a second call while asking waits for the same answer.
 * @param {string[]} ways How one may come in here: "password", "token".
 */
export function askToComeIn(ways) {
  if (!ways?.includes("password")) return askForToken();
  asking ??= new Promise((done) => open(done, ways.includes("token")));
  return asking;
}

function open(done, hasToken) {
  const name = h("input", {
    type: "text",
    autocomplete: "username",
    autocapitalize: "none",
    spellcheck: "false",
    required: true,
    autofocus: true,
  });
  const password = h("input", { type: "password", autocomplete: "current-password", required: true });
  const error = h("p", { class: "error-text", role: "alert" });
  const go = h("button", { class: "primary" }, t("signIn.title"));
  const byToken = () => {
    dialog.remove();
    askForToken().then(done);
  };
  const form = h(
    "form",
    { class: "stack" },
    h("h2", {}, t("signIn.title")),
    h("p", { class: "soft" }, t("signIn.why")),
    field(t("people.name"), name),
    field(t("people.password"), password),
    error,
    go,
    hasToken ? button(t("signIn.token"), byToken, { class: "quiet" }) : null,
  );
  const dialog = h("dialog", { class: "sheet", "aria-label": t("signIn.title") }, form);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    go.disabled = true;
    try {
      const json = { name: name.value, password: password.value };
      await ask("POST", "/api/login", { json, once: true });
      dialog.close();
      done();
    } catch (problem) {
      error.textContent = problem.message;
      password.select();
    } finally {
      go.disabled = false;
    }
  });
  dialog.addEventListener("cancel", (event) => event.preventDefault());
  document.body.append(dialog);
  dialog.showModal();
}
