// Asking for the token of a station that is reached over the network.

import { ask } from "./api.js";
import { button, field, h } from "./dom.js";
import { t } from "./i18n.js";

let asking = null;

/** Ask until the token is right; a second call while asking waits for the same answer. */
export function askForToken() {
  asking ??= new Promise((done) => {
    const token = h("input", { type: "password", autocomplete: "current-password", required: true });
    const error = h("p", { class: "error-text", role: "alert" });
    const dialog = h("dialog", { class: "sheet", "aria-label": t("login.token") });
    const form = h(
      "form",
      { class: "stack" },
      h("h2", {}, t("login.title")),
      h("p", { class: "soft" }, t("login.hint", { option: "--token" })),
      field(t("login.token"), token),
      error,
      h("button", { class: "primary" }, t("login.do")),
    );
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      try {
        await ask("POST", "/api/login", { json: { token: token.value }, once: true });
        dialog.close();
        done();
      } catch (problem) {
        error.textContent = problem.message;
        token.select();
      }
    });
    dialog.addEventListener("cancel", (event) => event.preventDefault());
    dialog.append(form);
    document.body.append(dialog);
    dialog.showModal();
  });
  return asking;
}

/** Ask a yes-or-no question; gives true for yes. */
export function confirmed(question, yes) {
  return new Promise((answer) => {
    const dialog = h("dialog", { class: "sheet stack", "aria-label": question });
    const close = (value) => {
      dialog.close();
      dialog.remove();
      answer(value);
    };
    dialog.append(
      h("p", {}, question),
      h(
        "div",
        { class: "row" },
        button(yes, () => close(true), { class: "primary" }),
        button(t("cancel"), () => close(false)),
      ),
    );
    dialog.addEventListener("cancel", () => close(false));
    document.body.append(dialog);
    dialog.showModal();
  });
}
