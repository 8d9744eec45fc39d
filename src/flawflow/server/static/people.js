// Who uses this page, and what they may do.

import { get } from "./api.js";
import { h } from "./dom.js";

const WORDS = {
  takes: (role) => `Changing this takes the role ${role}.`,
  is: (name, role) => `${name} is ${role} here.`,
  unnamed: "Whoever is signed in",
};

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
    `${WORDS.takes(me.lowest[right])} ${WORDS.is(me.name ?? WORDS.unnamed, me.role)}`,
  );
