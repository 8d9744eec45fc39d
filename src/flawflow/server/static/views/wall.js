// The wall: every model and source of the station side by side, readable from three metres.

import { get } from "../api.js";
import { button, h, segments } from "../dom.js";
import { BY_ITSELF, feeds } from "../feeds.js";
import { t } from "../i18n.js";
import { listen, stationNow } from "../live.js";
import { makeCell } from "../parts/cell.js";
import { recall, remember } from "../settings.js";
import { station } from "../station.js";
import { attempt } from "../toast.js";
import { moment } from "../words.js";

const TICK = 1000;

export function showWall(place) {
  const grid = h("div", { class: "wall" });
  const since = h("p", { class: "soft" });
  const state = { cells: new Map(), by: recall("wall", "source"), shift: null, asking: false };
  const ways = ["source", "model"].map((way) => [way, t(`wall.${way}`)]);
  const choose = segments(t("wall.by"), ways, state.by, (way) => {
    state.by = way;
    remember("wall", way);
    attempt(load);
  });
  const full = button(t("wall.full"), () => attempt(() => place.requestFullscreen()));
  place.append(h("header", { class: "view-head" }, h("h1", {}, t("view.wall")), since, choose, full), grid);

  async function load() {
    state.asking = true;
    try {
      state.shift = await get("/api/shift");
    } finally {
      state.asking = false;
    }
    state.cells.clear();
    grid.replaceChildren();
    since.textContent = t("wall.since", { time: moment(state.shift.begin) });
    expect();
    for (const feed of state.shift.feeds.toReversed()) cell(feed.model, feed.source).begin(feed);
    arrange();
  }

  /** Make the cells of what is to bring pictures, also where nothing came yet. */
  function expect() {
    if (!state.shift) return;
    for (const { model, label } of feeds.sources) cell(model, label);
    for (const { label } of feeds.lines)
      if (![...state.cells.values()].some((one) => one.source === label))
        cell(station.models[0]?.name, label);
    if (state.by === "model" || !state.cells.size)
      for (const { name } of station.models) cell(name, "upload");
    arrange();
  }

  function cell(model, source) {
    const key = state.by === "model" ? model : `${model}\n${source}`;
    const known = state.cells.get(key);
    if (known) return known;
    // A line that was expected with its first model is asked for another one.
    const empty = [...state.cells].find(([, one]) => one.source === source && one.isEmpty());
    if (empty && state.by === "source" && BY_ITSELF.test(source)) {
      state.cells.delete(empty[0]);
      empty[1].element.remove();
    }
    const made = makeCell(model, state.by === "model" ? null : source);
    state.cells.set(key, made);
    grid.append(made.element);
    return made;
  }

  function arrange() {
    const count = state.cells.size;
    const columns = count <= 1 ? 1 : count <= 4 ? 2 : count <= 9 ? 3 : 4;
    grid.dataset.columns = columns;
    grid.dataset.rows = Math.min(3, Math.ceil(count / columns));
  }

  const ends = [
    listen("inspection", (inspection) => {
      // A label that changes tells of the same inspection again.
      if (!state.shift || inspection.label !== null || inspection.has_mask) return;
      cell(inspection.model, inspection.source).add(inspection);
      arrange();
    }),
    listen("feeds", () => {
      const known = [...feeds.sources, ...feeds.lines].map(({ label }) => label);
      const gone = [...state.cells].filter(
        ([, one]) => BY_ITSELF.test(one.source ?? "") && one.isEmpty() && !known.includes(one.source),
      );
      for (const [key, one] of gone) {
        state.cells.delete(key);
        one.element.remove();
      }
      expect();
      draw();
    }),
    listen("latch", draw),
    listen("again", () => attempt(load)),
  ];
  function draw() {
    for (const one of state.cells.values()) one.draw();
    // The next shift counts from nothing.
    if (state.shift && !state.asking && stationNow() > Date.parse(state.shift.end)) attempt(load);
  }
  const timer = setInterval(draw, TICK);
  document.documentElement.classList.add("wide-page");
  attempt(load);
  return () => {
    clearInterval(timer);
    document.documentElement.classList.remove("wide-page");
    for (const end of ends) end();
  };
}
