// Folders and video streams that the station itself watches.

import { get, post, remove } from "../api.js";
import { button, field, h, select } from "../dom.js";
import { listen } from "../live.js";
import { forOthers, may } from "../people.js";
import { recall } from "../settings.js";
import { attempt, say } from "../toast.js";
import { counted } from "../words.js";

// A folder that is gone, or back, tells nobody.
const LOOK_MS = 3000;

const HINTS = { folder: "/pictures/line3", stream: "rtsp://camera/1" };

/** Make the card of the sources. */
export function makeSources() {
  const list = h("ul", { class: "sources" });
  const address = h("input", {
    type: "text",
    required: true,
    spellcheck: "false",
    autocomplete: "off",
    autocapitalize: "off",
  });
  const kind = select(
    [
      ["folder", "Folder"],
      ["stream", "Video stream"],
    ],
    "folder",
    () => {
      address.placeholder = HINTS[kind.value];
    },
  );
  const form = h(
    "form",
    { class: "source-form" },
    field("Kind", kind),
    field("Address on the station's machine", address, { class: "grow" }),
    h("button", {}, "Watch"),
  );
  address.placeholder = HINTS.folder;
  const element = h(
    "details",
    { class: "card", open: recall("sources", true) },
    h("summary", {}, h("h2", {}, "Sources")),
    list,
    may("sources") ? form : forOthers("sources"),
  );

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    attempt(async () => {
      await post("/api/sources", { kind: kind.value, address: address.value, model: recall("model", null) });
      say("The source is watched.");
      // An empty field is wrong only once it is sent, which reset() makes the browser forget.
      const chosen = kind.value;
      form.reset();
      kind.value = chosen;
      await load();
    });
  });

  let shown = null;

  async function load() {
    const sources = await get("/api/sources");
    const said = JSON.stringify(sources);
    if (said === shown) return;
    shown = said;
    const held = list.contains(document.activeElement) ? document.activeElement.ariaLabel : null;
    list.replaceChildren(
      ...(sources.length
        ? sources.map(row)
        : [h("li", { class: "soft" }, "No folder or stream is watched.")]),
    );
    // Whoever is about to press a button by keys finds it where it was.
    if (held) [...list.querySelectorAll("button")].find(({ ariaLabel }) => ariaLabel === held)?.focus();
  }

  function row(source) {
    const state = source.error
      ? source.error
      : source.running
        ? `watching, ${counted(source.seen, "picture")} seen`
        : "stopped";
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
          "Stop",
          () =>
            attempt(async () => {
              await remove(`/api/sources/${source.id}`);
              await load();
            }),
          { class: "quiet", "aria-label": `Stop ${source.address}` },
        ),
    );
  }

  let timer = 0;
  const end = listen("inspection", (inspection) => {
    if (!/^(watch|stream)/.test(inspection.source) || timer) return;
    timer = setTimeout(() => {
      timer = 0;
      load().catch(() => {});
    }, 1000);
  });
  const look = setInterval(() => {
    if (!document.hidden) load().catch(() => {});
  }, LOOK_MS);
  attempt(load);
  return {
    element,
    close: () => {
      end();
      clearInterval(look);
      clearTimeout(timer);
    },
  };
}
