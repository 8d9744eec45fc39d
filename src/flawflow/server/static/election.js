// One page of a browser leads: it alone holds the stream of events and passes on what it hears. A browser opens only
// six connections to a station, so that a stream a page would leave none for pictures.

// Longer than the station and a leading page are ever silent, which is two seconds.
const SILENT = 7000;
const FIRST_WAIT = 250;

/**
 * Make a page's part in the election; the page with the smallest name leads where two do.
 * @param {{postMessage: Function, addEventListener: Function}} channel Reaches the browser's other pages; null where
 *   there is no way to them: this page then leads for itself.
 * @param {string} name Another one for each page.
 * @param {{lead: () => void, resign: () => void, hear: (message: any) => void, greet: () => any}} on `lead` and
 *   `resign` begin and end the leading, `hear` takes what the leader passes on, `greet` gives what a new page hears first.
 */
export function makeElection(channel, name, on) {
  let leads = false;
  let timer = null;

  function send(kind, message = null) {
    channel?.postMessage({ kind, from: name, message });
  }

  function wait(patience) {
    clearTimeout(timer);
    timer = setTimeout(lead, patience);
  }

  function lead() {
    clearTimeout(timer);
    if (leads) return;
    leads = true;
    send("lead", on.greet());
    on.lead();
  }

  function resign() {
    if (!leads) return;
    leads = false;
    on.resign();
  }

  channel?.addEventListener("message", ({ data: { kind, from, message } }) => {
    if (kind === "who") {
      if (leads) send("lead", on.greet());
    } else if (kind === "bye") {
      // Not all at once: who is second hears of the first.
      if (!leads) wait(FIRST_WAIT * Math.random());
    } else if (leads && name < from) {
      send("lead", on.greet());
    } else {
      resign();
      wait(SILENT);
      on.hear(message);
    }
  });

  return {
    leads: () => leads,
    /** Ask who leads, and lead where nobody answers. */
    start() {
      if (!channel) {
        lead();
        return;
      }
      wait(FIRST_WAIT);
      send("who");
    },
    /** Pass something on to the other pages. */
    relay: (message) => send("relay", message),
    /** Leave: another page leads at once. */
    leave() {
      clearTimeout(timer);
      if (!leads) return;
      send("bye");
      resign();
    },
  };
}
