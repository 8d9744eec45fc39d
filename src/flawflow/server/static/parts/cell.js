// One cell of the wall: a model or a source with its verdict, its picture and the counters of the shift.

import { button, h } from "../dom.js";
import { feeds, makeTimes, reason, stale, troubleOf } from "../feeds.js";
import { t } from "../i18n.js";
import { acknowledge, waitingNg } from "../latch.js";
import { number, VERDICTS } from "../words.js";
import { handshake } from "./lines.js";
import { shape } from "./verdict.js";

const SIDE = 640;

/**
 * Make a cell.
 * @param {string} model
 * @param {string|null} source Of the record; null for all of the model's.
 */
export function makeCell(model, source) {
  const times = makeTimes();
  const counts = { OK: 0, REVIEW: 0, NG: 0 };
  const state = { newest: null, counted: 0, shown: null, loading: false };
  const title = h("h2", {}, source === null ? model : titleOf(source));
  const about = h("p", { class: "cell-about" });
  const sign = h("div", { class: "cell-sign" });
  const word = h("p", { class: "cell-word" });
  const why = h("p", { class: "cell-why" });
  const image = h("img", { alt: "", class: "cell-picture", hidden: true });
  const held = button("", () => acknowledge(model, source ?? undefined), {
    class: "acknowledge",
    hidden: true,
  });
  const tallies = VERDICTS.map((verdict) => h("dd", { class: `v-${verdict}` }, "0"));
  const counters = h(
    "dl",
    { class: "cell-counts" },
    VERDICTS.map((verdict, i) =>
      h("div", { class: `v-${verdict}` }, h("dt", {}, shape(verdict), verdict), tallies[i]),
    ),
  );
  const element = h(
    "section",
    {
      class: "cell",
      "aria-label": source === null ? model : `${titleOf(source)}, ${model}`,
      data: { verdict: "none" },
    },
    h("header", {}, title, about),
    h("div", { class: "cell-body" }, h("div", { class: "cell-verdict" }, sign, word, why, held), image),
    counters,
  );

  function begin(feed) {
    for (const verdict of VERDICTS) counts[verdict] += feed.counts[verdict];
    for (const time of feed.times) times.add({ source: feed.source, time });
    state.counted = Math.max(state.counted, feed.newest.id);
    take(feed.newest);
  }

  function add(inspection) {
    // What the shift's counts hold already comes as an event, too, where both happen at once.
    if (inspection.id <= state.counted) return;
    state.counted = inspection.id;
    counts[inspection.verdict] += 1;
    times.add(inspection);
    take(inspection);
  }

  function take(inspection) {
    if (!state.newest || inspection.id > state.newest.id) state.newest = inspection;
    draw();
  }

  function draw() {
    VERDICTS.forEach((verdict, i) => {
      tallies[i].textContent = number(counts[verdict]);
    });
    const line = feeds.lines.find(({ label }) => label === source);
    about.textContent = [source === null ? "" : model, line ? handshake(line) : ""]
      .filter(Boolean)
      .join(" · ");
    const waiting = waitingNg(model, source ?? undefined);
    const shown = waiting[0] ?? state.newest;
    const old = state.newest ? stale(state.newest, times.of(state.newest.source)) : trouble(source);
    const verdict = waiting.length ? "NG" : old ? "stale" : (shown?.verdict ?? "none");
    if (element.dataset.verdict !== verdict || !sign.firstChild) {
      element.dataset.verdict = verdict;
      sign.replaceChildren(shape(verdict === "none" ? "stale" : verdict));
    }
    word.textContent = verdict === "none" || verdict === "stale" ? t("banner.stale") : verdict;
    why.textContent = old ? reason(old) : verdict === "none" ? t("wall.nothing") : "";
    held.hidden = !waiting.length;
    held.textContent = t("latch.acknowledge", { count: waiting.length });
    picture(shown);
  }

  /** Show the picture, with its heat where that asks to look; while one loads only the newest is kept. */
  async function picture(inspection) {
    if (!inspection || state.loading || state.shown === inspection.id) return;
    const { links, verdict } = inspection;
    const place =
      verdict === "OK" ? links.picture && `${links.picture}?side=${SIDE}` : (links.overlay ?? links.picture);
    state.shown = inspection.id;
    if (!place) {
      image.hidden = true;
      return;
    }
    state.loading = true;
    image.src = place;
    image.alt = t("pane.picture", { name: inspection.path });
    await image.decode().catch(() => {});
    image.hidden = !image.naturalWidth;
    state.loading = false;
    draw();
  }

  draw();
  return { element, source, begin, add, draw, isEmpty: () => state.newest === null };
}

const trouble = (source) => (source === null ? null : troubleOf(source));

/** Name a source in short: a line by its name, a folder by its last part. */
function titleOf(source) {
  const [kind, ...rest] = source.split(":");
  const place = rest.join(":");
  if (kind === "upload" || kind === "path") return t(`origin.${kind}`);
  return kind === "watch" ? (place.split("/").filter(Boolean).at(-1) ?? place) : place;
}
