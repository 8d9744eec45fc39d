// Texts that no catalogue holds: the catalogue of this page puts brackets around all that is its own.
(data) => {
  const bare = (text) => {
    let rest = text;
    // From the inside out: a text may stand within another.
    for (let before = ""; before !== rest; ) {
      before = rest;
      rest = rest.replace(/⟦[^⟦⟧]*⟧/g, "");
    }
    // Digests.
    rest = rest.replace(/[0-9a-f]{10,}/g, "");
    for (const known of data) rest = rest.replaceAll(known, "");
    return rest;
  };
  const found = new Set();
  const look = (text) => {
    if (/\p{L}{2,}/u.test(bare(text))) found.add(text.trim());
  };
  for (const element of document.querySelectorAll("body *")) {
    if (element.closest("noscript, script, code, kbd, [data-theirs]")) continue;
    // The text of an element as a whole: its parts may be pieces of one sentence.
    for (const node of element.childNodes) if (node.nodeType === Node.TEXT_NODE) look(node.data);
    for (const name of ["aria-label", "aria-valuetext", "title", "placeholder", "alt"])
      if (element.hasAttribute(name)) look(element.getAttribute(name));
  }
  return [...found];
};
