// What happens at the station, as it happens: server-sent events, connected again whenever they break.

const LONGEST_WAIT = 10_000;
const LONGEST_START = 1000;
const listeners = new Map();
let source = null;
let wait = 500;

/**
 * Listen to "inspection", "job", "model", "state" (true where connected) or "again" (connected after a break:
 * what happened meanwhile must be asked for).
 * @returns {() => void} Ends the listening.
 */
export function listen(type, listener) {
  const group = listeners.get(type) ?? listeners.set(type, new Set()).get(type);
  group.add(listener);
  return () => group.delete(listener);
}

/**
 * Connect, and stay connected.
 * @returns {Promise} Kept when the station is heard, or is not within a second: a page must not wait for ever.
 */
export function connect(again = false) {
  source?.close();
  source = new EventSource("/api/events");
  const tried = new Promise((done) => {
    for (const end of ["open", "error"]) source.addEventListener(end, done);
    setTimeout(done, LONGEST_START);
  });
  source.addEventListener("open", () => {
    wait = 500;
    tell("state", true);
    if (again) tell("again");
  });
  // The browser tries again by itself except after an answer such as 401 or 503, so this page always does.
  source.addEventListener("error", () => {
    source.close();
    tell("state", false);
    setTimeout(() => connect(true), wait);
    wait = Math.min(2 * wait, LONGEST_WAIT);
  });
  source.addEventListener("message", (event) => {
    const said = JSON.parse(event.data);
    if (said.type) tell(said.type, said[said.type]);
  });
  return tried;
}

/** Pass something on that this page knows first. */
export function tell(type, value) {
  for (const listener of [...(listeners.get(type) ?? [])]) listener(value);
}
