// Folders and video streams that the station itself watches.

import { post, remove } from "../api.js";
import { button, exactInput, field, h, select } from "../dom.js";
import { feeds, loadFeeds } from "../feeds.js";
import { t } from "../i18n.js";
import { listen } from "../live.js";
import { forOthers, may } from "../people.js";
import { recall } from "../settings.js";
import { attempt, say } from "../toast.js";

const HINTS = { folder: "/pictures/line3", stream: "rtsp://camera/1" };

/** Make the card of the sources. */
export function makeSources() {
  const list = h("ul", { class: "sources" });
  const address = exactInput();
  const kind = select(
    [
      ["folder", t("sources.folder")],
      ["stream", t("sources.stream")],
    ],
    "folder",
    () => {
      address.placeholder = HINTS[kind.value];
    },
  );
  const form = h(
    "form",
    { class: "source-form" },
    field(t("sources.kind"), kind),
    field(t("sources.address"), address, { class: "grow" }),
    h("button", {}, t("sources.watch")),
  );
  address.placeholder = HINTS.folder;
  const element = h(
    "details",
    { class: "card", open: recall("sources", true) },
    h("summary", {}, h("h2", {}, t("sources.title"))),
    list,
    may("sources") ? form : forOthers("sources"),
  );

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    attempt(async () => {
      await post("/api/sources", { kind: kind.value, address: address.value, model: recall("model", null) });
      say(t("sources.watched"));
      // An empty field is wrong only once it is sent, which reset() makes the browser forget.
      const chosen = kind.value;
      form.reset();
      kind.value = chosen;
      await loadFeeds();
    });
  });

  function draw() {
    const held = list.contains(document.activeElement) ? document.activeElement.ariaLabel : null;
    list.replaceChildren(
      ...(feeds.sources.length ? feeds.sources.map(row) : [h("li", { class: "soft" }, t("sources.none"))]),
    );
    // Whoever is about to press a button by keys finds it where it was.
    if (held) [...list.querySelectorAll("button")].find(({ ariaLabel }) => ariaLabel === held)?.focus();
  }

  function row(source) {
    const state = source.error
      ? source.error
      : source.running
        ? t("sources.watching", { count: source.seen })
        : t("sources.stopped");
    return h(
      "li",
      { data: { state: source.error ? "error" : source.running ? "on" : "off" } },
      h(
        "div",
        {},
        h("strong", {}, source.address),
        h("span", { class: source.error ? "error-text" : "soft" }, state),
      ),
      may("sources") &&
        button(
          t("sources.stop"),
          () =>
            attempt(async () => {
              await remove(`/api/sources/${source.id}`);
              await loadFeeds();
            }),
          { class: "quiet", "aria-label": t("sources.stopOf", { name: source.address }) },
        ),
    );
  }

  draw();
  return { element, close: listen("feeds", draw) };
}
