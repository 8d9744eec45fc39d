// Who uses this page, and what they may do.

import { get } from "./api.js";
import { h, select } from "./dom.js";
import { t } from "./i18n.js";
import { roleWords } from "./words.js";

const me = { name: null, role: "engineer", rights: [], ways: [] };
let table = [];

/** Ask who this is; to be done before the first view. */
export async function loadMe() {
  const [who, rights] = await Promise.all([get("/api/me"), get("/api/roles")]);
  Object.assign(me, who);
  table = rights;
}

/** Give who this is as the station last said it; `name` is null where nobody signs in. */
export const whoIsHere = () => me;

/** Tell whether this person may do something; rights are named as `GET /api/roles` does. */
export const may = (right) => me.rights.includes(right);

/** Give every right with the roles that have it, as `GET /api/roles` does. */
export const allRights = () => table;

/** Give all roles, the one that may least first: everybody may look. */
export const allRoles = () => table[0]?.roles ?? [];

/** Make a choice among roles. */
export const roleSelect = (roles, chosen, listener) =>
  select(
    roles.map((role) => [role, roleWords(role)]),
    chosen,
    listener,
  );

/** Say that something is for others; what the station refuses anyway need not be offered. */
export const forOthers = (right) =>
  h(
    "p",
    { class: "soft" },
    t("people.takes", { role: roleWords(table.find(({ name }) => name === right)?.roles[0]) }),
    " ",
    me.name
      ? t("people.is", { name: me.name, role: roleWords(me.role) })
      : t("people.someone", { role: roleWords(me.role) }),
  );
