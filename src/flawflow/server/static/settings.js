// What this browser remembers: how things are shown, never what was inspected.

const PREFIX = "flawflow.";
const memory = new Map();
// What holds for the browser, and not for the one page in which it was chosen.
const SHARED = new Set(["acknowledged", "grey", "latch", "sound"]);

/** Give the remembered value, or `fallback` where there is none. */
export function recall(name, fallback) {
  if (memory.has(name)) return memory.get(name);
  try {
    const text = localStorage.getItem(PREFIX + name);
    return text === null ? fallback : JSON.parse(text);
  } catch {
    return fallback;
  }
}

/** Have a function called with the name of a value that another page of this browser has changed. */
export function onOtherPage(listener) {
  addEventListener("storage", ({ key }) => {
    const name = key?.slice(PREFIX.length);
    if (!key?.startsWith(PREFIX) || !SHARED.has(name)) return;
    memory.delete(name);
    listener(name);
  });
}

/** Remember a value over a reload. */
export function remember(name, value) {
  memory.set(name, value);
  try {
    localStorage.setItem(PREFIX + name, JSON.stringify(value));
  } catch {
    // Storage is full or forbidden: the value holds until the reload.
  }
}
