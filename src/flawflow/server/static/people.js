// Who uses this page, and what they may do.

import { get } from "./api.js";
import { h } from "./dom.js";
import { t } from "./i18n.js";
import { roleWords } from "./words.js";

const me = { name: null, role: "engineer", rights: [], ways: [], lowest: {} };

/** Ask who this is; to be done before the first view. */
export async function loadMe() {
  const [who, rights] = await Promise.all([get("/api/me"), get("/api/roles")]);
  Object.assign(me, who);
  me.lowest = Object.fromEntries(rights.map(({ name, roles }) => [name, roles[0]]));
}

/** Give who this is as the station last said it; `name` is null where nobody signs in. */
export const whoIsHere = () => me;

/** Tell whether this person may do something; rights are named as `GET /api/roles` does. */
export const may = (right) => me.rights.includes(right);

/** Say that something is for others; what the station refuses anyway need not be offered. */
export const forOthers = (right) =>
  h(
    "p",
    { class: "soft" },
    t("people.takes", { role: roleWords(me.lowest[right]) }),
    " ",
    me.name
      ? t("people.is", { name: me.name, role: roleWords(me.role) })
      : t("people.someone", { role: roleWords(me.role) }),
  );
