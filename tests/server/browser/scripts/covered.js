// Controls that lie below something else when they are scrolled to.
() =>
  [
    ...document.querySelectorAll(
      "main button, main a[href], main select, main input:not([type=radio], [type=file])",
    ),
  ]
    .filter((control) => control.checkVisibility() && !control.matches(":disabled, .unseen"))
    .filter((control) => {
      control.scrollIntoView({ block: "center" });
      const box = control.getClientRects()[0];
      const top = document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2);
      return !(
        control.contains(top) ||
        top?.contains(control) ||
        control.closest("label, tr")?.contains(top)
      );
    })
    .map((control) => control.outerHTML.slice(0, 120));
