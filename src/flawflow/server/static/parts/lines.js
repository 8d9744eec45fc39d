// The machine's lines: where each job is, what came of the last one, and what was missed.

import { h } from "../dom.js";
import { feeds } from "../feeds.js";
import { t } from "../i18n.js";
import { listen } from "../live.js";
import { clock } from "../words.js";
import { chip } from "./verdict.js";

const PROTOCOLS = { modbus: "Modbus TCP", opcua: "OPC UA" };

/** Make the card of the lines; it is hidden where the station has none. */
export function makeLines() {
  const list = h("ul", { class: "sources" });
  const ports = h("p", { class: "soft" });
  const element = h(
    "section",
    { class: "card stack", "aria-label": t("lines.title") },
    h("h2", {}, t("lines.title")),
    list,
    ports,
  );

  function draw() {
    element.hidden = !feeds.lines.length;
    list.replaceChildren(...feeds.lines.map(row));
    ports.textContent = Object.entries(feeds.ports)
      .map(([protocol, port]) =>
        t("lines.port", { protocol: PROTOCOLS[protocol] ?? protocol, port: String(port) }),
      )
      .join(" ");
  }

  draw();
  return { element, close: listen("feeds", draw) };
}

function row(line) {
  return h(
    "li",
    { data: { state: line.error ? "error" : "on" } },
    h(
      "div",
      {},
      h("strong", {}, line.name),
      h("span", { class: "soft" }, handshake(line)),
      line.error ? h("span", { class: "error-text" }, line.error) : null,
      line.last?.problem
        ? h("span", { class: "error-text" }, t("lines.failed", { text: line.last.problem }))
        : null,
    ),
    line.last ? result(line.last) : null,
  );
}

/** Say where a line is: "waits for a trigger; 2 missed". */
export function handshake({ enabled, phase, part, job, missed }) {
  const where = enabled || phase !== "idle" ? phase : "off";
  const words = [t(`lines.${where}`)];
  if (job && phase !== "idle")
    words.push(part ? t("lines.part", { part }) : t("lines.job", { job: String(job) }));
  if (missed) words.push(t("lines.missed", { count: missed }));
  return words.join("; ");
}

function result({ code, inspection, time }) {
  const shown = code === "FAILED" ? h("span", { class: "chip v-NG" }, t("lines.code")) : chip(code);
  const when = h("time", { class: "soft", datetime: time }, clock(time));
  return h(
    "span",
    { class: "pairing" },
    when,
    inspection ? h("a", { href: `#/history/${inspection}` }, shown) : shown,
  );
}
