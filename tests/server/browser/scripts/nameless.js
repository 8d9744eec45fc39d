// Controls without a name, as a screen reader forms it in short; a picture may say that it is decoration.
() =>
  [...document.querySelectorAll("button, a[href], input, select, progress, [role=slider], img, dialog")]
    .filter((control) => control.checkVisibility() && !control.hasAttribute("aria-hidden"))
    .filter((control) =>
      control.tagName === "IMG"
        ? !control.hasAttribute("alt")
        : !(control.ariaLabel || control.labels?.[0]?.textContent || control.textContent).trim(),
    )
    .map((control) => control.outerHTML);
