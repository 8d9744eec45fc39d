// What is chosen for this browser: language, theme, what an NG does, and when a verdict is too old.

import { button, field, h, select } from "../dom.js";
import { chooseLanguage, LANGUAGES, t } from "../i18n.js";
import { chooseLatch, latches } from "../latch.js";
import { recall, remember } from "../settings.js";
import { beep } from "../sound.js";
import { attempt } from "../toast.js";

const AGES = [5, 10, 30, 60, 300];

/** Show the theme that was chosen. */
export function applyTheme() {
  const theme = recall("theme", "auto");
  if (theme === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
}

/** Open the options. */
export function showOptions() {
  const title = t("options.title");
  const dialog = h("dialog", { class: "sheet stack", "aria-label": title });
  const sound = check(t("options.sound"), recall("sound", false), (wanted) => {
    remember("sound", wanted);
    // The sound that is chosen is heard, which also makes the browser allow it.
    if (wanted) beep();
  });
  sound.hidden = !latches();
  dialog.append(
    h("h2", {}, title),
    field(t("options.language"), languages()),
    field(t("options.theme"), themes()),
    field(t("options.grey"), ages()),
    h("p", { class: "soft" }, t("options.greyHint")),
    check(t("options.latch"), latches(), (wanted) => {
      sound.hidden = !wanted;
      attempt(() => chooseLatch(wanted));
    }),
    sound,
    h(
      "div",
      { class: "row" },
      button(t("close"), () => dialog.close(), { class: "primary" }),
    ),
  );
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

function languages() {
  const pairs = [["", t("options.browser")], ...Object.entries(LANGUAGES)];
  return select(pairs, recall("language", null) ?? "", (name) => chooseLanguage(name || null));
}

function themes() {
  const pairs = ["auto", "light", "dark"].map((name) => [name, t(`theme.${name}`)]);
  return select(pairs, recall("theme", "auto"), (theme) => {
    remember("theme", theme);
    applyTheme();
  });
}

function ages() {
  const pairs = [
    ["auto", t("options.greyAuto")],
    ...AGES.map((seconds) => [String(seconds), t("age.seconds", { count: seconds })]),
    ["0", t("options.greyNever")],
  ];
  return select(pairs, String(recall("grey", "auto")), (value) =>
    remember("grey", value === "auto" ? value : Number(value)),
  );
}

function check(text, checked, listener) {
  const box = h("input", { type: "checkbox", checked, on: { change: () => listener(box.checked) } });
  return h("label", { class: "follow" }, box, text);
}
