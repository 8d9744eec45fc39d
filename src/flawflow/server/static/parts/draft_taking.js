// How good pictures get into a draft: from this device, from a folder of the station, a video or a camera.

import { post, remove } from "../api.js";
import { button, exactInput, field, h, select } from "../dom.js";
import { feeds } from "../feeds.js";
import { t } from "../i18n.js";
import { listen } from "../live.js";
import { forOthers, may } from "../people.js";
import { attempt } from "../toast.js";
import { isVideo, queueOf, sendTo, stopSending } from "./draft_queue.js";
import { takeDrops } from "./dropped.js";

const HINTS = { folder: "line1/good", stream: "rtsp://camera/1" };
const PICTURE = /\.(png|jpe?g|jpe|jfif|bmp|dib|tiff?|webp)$/i;
const MOST_FAILURES = 50;

/**
 * Make the card.
 * @param {{name: string, path: Function, take: Function}} given
 */
export function makeTaking({ name, path, take }) {
  const locked = !may("train");
  const every = h("input", { type: "number", min: 0.05, max: 3600, step: "any", value: 1 });
  const interval = () => (every.checkValidity() && every.value ? every.valueAsNumber : 1);
  const upload = makeUpload(name, path, interval);
  const station = makeStation(path, take, interval);
  const meter = h("progress", { max: 1, "aria-label": t("learn.coming") });
  const words = h("p", { "aria-live": "polite" });
  const error = h("p", { class: "error-text" });
  const stop = button(t("learn.stopIntake"), () => attempt(async () => take(await remove(path("/intake")))));
  const newest = h("img", { class: "newest", alt: t("learn.newest") });
  const intake = h("div", { class: "stack intake" }, newest, words, meter, error, h("div", {}, stop));
  const element = h(
    "section",
    { class: "card stack wide", "aria-label": t("learn.take") },
    h("h2", {}, t("learn.take")),
    h("p", { class: "soft" }, t("learn.takeHint")),
    locked
      ? forOthers("train")
      : [upload.element, field(t("learn.interval"), every, { class: "short" }), station.element],
    intake,
  );
  const drops = locked ? () => {} : takeDrops(element, t("learn.drop"), (files) => upload.send(files));

  /** Show how far an intake is; what is newest is what a camera sees. */
  function show(draft, pictures) {
    const now = draft.intake;
    intake.hidden = !now;
    if (!now) return;
    const running = now.running;
    const from = now.address || t("learn.video");
    const said = t(running ? "learn.intake" : "learn.intakeDone", { from, count: now.kept });
    if (words.textContent !== said) words.textContent = said;
    meter.hidden = stop.parentElement.hidden = !running;
    error.textContent = now.error ?? "";
    error.hidden = !now.error;
    const last = pictures.at(-1);
    newest.hidden = !(running && last && now.kind === "stream");
    if (!newest.hidden) newest.src = `${path(`/pictures/${last.id}`)}?side=640`;
  }

  return {
    element,
    show,
    close() {
      drops();
      upload.close();
      station.close();
    },
  };
}

function makeUpload(name, path, interval) {
  const choose = (words, given) => {
    const input = h("input", { type: "file", multiple: true, class: "unseen", tabindex: -1, ...given });
    input.setAttribute("aria-hidden", "true");
    input.addEventListener("change", () => {
      send([...input.files]);
      input.value = "";
    });
    return [button(words, () => input.click(), given.webkitdirectory ? {} : { class: "primary" }), input];
  };
  const accept = "image/*,video/*,.tif,.tiff,.bmp,.mkv";
  const meter = h("progress", { "aria-label": t("learn.sending") });
  const stop = button(t("upload.stop"), () => stopSending(name));
  const words = h("span", { class: "soft", "aria-live": "polite" });
  const list = h("ul", {});
  const failures = h("details", { class: "failures", hidden: true }, h("summary", {}), list);
  const element = h(
    "div",
    { class: "upload" },
    choose(t("learn.choose"), { accept }),
    choose(t("learn.chooseFolder"), { webkitdirectory: true }),
    meter,
    words,
    stop,
    failures,
  );

  /** Send what is a picture or a video; a folder holds other files, too. */
  function send(files) {
    sendTo(name, path(), files.length > 1 ? files.filter(isWelcome) : files, interval);
  }

  function draw() {
    const queue = queueOf(name);
    meter.hidden = stop.hidden = !queue.running;
    meter.max = queue.all || 1;
    meter.value = queue.done;
    words.textContent = queue.running
      ? t("upload.running", { count: queue.done, all: queue.all })
      : queue.all
        ? [
            t("learn.added", { count: queue.added }),
            queue.known ? t("learn.known", { count: queue.known }) : "",
          ].join(" ")
        : t("learn.dropHint");
    failures.hidden = !queue.failures.length;
    failures.firstChild.textContent = t("learn.failed", { count: queue.failures.length });
    list.replaceChildren(
      ...queue.failures.slice(0, MOST_FAILURES).map(([file, error]) => h("li", {}, `${file}: ${error}`)),
    );
  }

  draw();
  const close = listen("draftQueue", draw);
  return { element, send, close };
}

const isWelcome = (file) => file.type.startsWith("image/") || PICTURE.test(file.name) || isVideo(file);

function makeStation(path, take, interval) {
  const address = exactInput({ placeholder: HINTS.folder });
  const place = field(t("sources.address"), address, { class: "grow" });
  const kinds = h("div", {});
  const form = h("form", { class: "source-form" }, kinds, place, h("button", {}, t("learn.fetch")));
  const element = h(
    "details",
    {},
    h("summary", {}, t("learn.fromStation")),
    h("p", { class: "soft" }, t("learn.allowed")),
    form,
  );
  let chosen = "folder";

  /** Offer the sources that the station has, too. */
  function draw() {
    const pairs = [
      ["folder", t("sources.folder")],
      ["stream", t("learn.stream")],
      ...feeds.sources.map(({ id, address: shown }) => [String(id), t("learn.source", { address: shown })]),
    ];
    if (!pairs.some(([value]) => value === chosen)) chosen = "folder";
    kinds.replaceChildren(field(t("sources.kind"), select(pairs, chosen, change)));
    change(chosen);
  }

  function change(value) {
    chosen = value;
    const typed = Object.hasOwn(HINTS, value);
    place.hidden = !typed;
    address.required = typed;
    address.placeholder = HINTS[value] ?? "";
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const from = Object.hasOwn(HINTS, chosen)
      ? { kind: chosen, address: address.value }
      : { kind: "source", source: Number(chosen) };
    attempt(async () => take(await post(path("/intake"), { ...from, interval: interval() })));
  });
  draw();
  return { element, close: listen("feeds", draw) };
}
