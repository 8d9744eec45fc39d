// Keys that do something anywhere in a view, except where somebody writes or moves a control by them.

/**
 * Listen to keys.
 * @param {() => Object<string, Function>} actions Gives what keys do now, by their names in lower case.
 * @returns {() => void} Ends the listening.
 */
export function onKeys(actions) {
  const heard = (event) => {
    const { target, key } = event;
    const writes = target.matches("select, input:not([type=range], [type=radio], [type=checkbox])");
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || writes) return;
    const name = key.toLowerCase();
    // Arrows move sliders and choose among radio buttons.
    if (name.startsWith("arrow") && target.matches("input")) return;
    const action = actions()[name];
    if (!action) return;
    event.preventDefault();
    action();
  };
  addEventListener("keydown", heard);
  return () => removeEventListener("keydown", heard);
}
