// Controls with less room than a finger needs, 44 pixels; links inside text are words.
() =>
  [...document.querySelectorAll("button, .button, select, nav a, [role=slider], .segments label, input")]
    .filter((control) => control.checkVisibility() && !control.closest(".segments input, .unseen, .skip"))
    .filter((control) => !control.matches("[type=radio], [type=checkbox], .unseen, .skip"))
    .map((control) => [control, control.getBoundingClientRect()])
    .filter(([, box]) => box.width > 0 && (box.height < 43.5 || box.width < 43.5))
    .map(([control, box]) => `${control.outerHTML.slice(0, 90)} ${box.width}x${box.height}`);
