// What this browser remembers: how things are shown, never what was inspected.

const PREFIX = "flawflow.";
const memory = new Map();

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

/** Remember a value over a reload. */
export function remember(name, value) {
  memory.set(name, value);
  try {
    localStorage.setItem(PREFIX + name, JSON.stringify(value));
  } catch {
    // Storage is full or forbidden: the value holds until the reload.
  }
}
