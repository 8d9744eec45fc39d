// What was drawn, stroke by stroke, so that the last one can be taken back.

const INK = "#00c8ff";

/**
 * Keep the strokes of a drawing.
 * @param {CanvasRenderingContext2D} context
 * @param {() => void} changed Called after each change of the drawing.
 * @returns {object} `begin(canvas)`: what was there before; `add(step)`: a step begins, one of `{erase, points}`,
 *   `{map}`, `{shape}` (corners of an area) and `{clear}`; `go(points)`: the stroke goes on; `reshape(points)`: the
 *   last area has other corners; `undo()`: the last step is taken back; `reset()`: nothing is left; `count()`.
 */
export function makeStrokes(context, changed) {
  const { width, height } = context.canvas;
  const steps = [];
  let first = null;

  function draw(step, from = 0) {
    if (step.clear) context.clearRect(0, 0, width, height);
    else if (step.map) ink(step.map);
    else if (step.shape) area(step.shape);
    else line(step, from);
  }

  function ink(map) {
    context.globalCompositeOperation = "source-over";
    context.imageSmoothingEnabled = false;
    context.drawImage(map, 0, 0, width, height);
  }

  function area([first, ...others]) {
    context.globalCompositeOperation = "source-over";
    Object.assign(context, { fillStyle: INK, strokeStyle: INK, lineCap: "round", lineJoin: "round" });
    context.lineWidth = 2;
    context.beginPath();
    context.moveTo(first.x, first.y);
    for (const { x, y } of others.length ? others : [first]) context.lineTo(x, y);
    context.closePath();
    context.fill();
    context.stroke();
  }

  function line({ erase, points }, from) {
    context.globalCompositeOperation = erase ? "destination-out" : "source-over";
    Object.assign(context, { strokeStyle: INK, lineCap: "round", lineJoin: "round" });
    for (let i = from; i < points.length; i += 1) {
      const { x, y, size } = points[i];
      const last = points[i - 1] ?? { x: x - 0.01, y };
      // A line without length is not drawn, but a touch is a dot.
      context.lineWidth = size;
      context.beginPath();
      context.moveTo(last.x, last.y);
      context.lineTo(x, y);
      context.stroke();
    }
  }

  function again() {
    context.clearRect(0, 0, width, height);
    if (first) ink(first);
    for (const step of steps) draw(step);
    changed();
  }

  return {
    begin(canvas) {
      first = canvas;
      again();
    },
    add(step) {
      steps.push(step);
      draw(step);
      changed();
    },
    go(points) {
      const step = steps.at(-1);
      if (!step?.points) return;
      const from = step.points.length;
      step.points.push(...points);
      draw(step, from);
      changed();
    },
    reshape(points) {
      steps.at(-1).shape = points;
      again();
    },
    undo() {
      if (steps.pop()) again();
    },
    reset() {
      steps.length = 0;
      first = null;
      again();
    },
    count: () => steps.length,
  };
}
