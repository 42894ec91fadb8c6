// Tools that select the sites within a shape drawn over the maps. A tool's button takes it up and
// lays it down again; so does Escape.
const STEP = 2; // pixels between two corners of a line drawn by hand

// The loop that each tool makes of the pointer's trail.
const SHAPES = {
  rectangle: (trail) => {
    const [[left, top], [right, bottom]] = [trail[0], trail.at(-1)];
    return [[left, top], [right, top], [right, bottom], [left, bottom]];
  },
  lasso: (trail) => trail,
};

function toggleTool(stage, button) {
  const held = button.ariaPressed === "true";
  layDown(stage);
  if (held) return;
  button.ariaPressed = "true";
  const cover = element("div", "net", stage.root);
  cover.innerHTML = "<svg aria-hidden='true'><polygon /></svg>";
  const line = cover.querySelector("polygon");
  const shape = SHAPES[button.dataset.action];
  let trail = [];
  const draw = (event) => {
    const origin = cover.getBoundingClientRect();
    trail.push([event.clientX - origin.x, event.clientY - origin.y]);
    line.setAttribute("points", shape(trail).join(" "));
  };
  const far = (event) => {
    const origin = cover.getBoundingClientRect(), [x, y] = trail.at(-1);
    return Math.hypot(event.clientX - origin.x - x, event.clientY - origin.y - y) >= STEP;
  };
  cover.onpointerdown = (event) => {
    if (!event.isPrimary || event.button) return;
    cover.setPointerCapture(event.pointerId);
    draw(event);
  };
  cover.onpointermove = (event) => event.isPrimary && trail.length && far(event) && draw(event);
  cover.onpointercancel = () => { trail = []; line.removeAttribute("points"); };
  cover.onpointerup = (event) => {
    if (!event.isPrimary || !trail.length) return;
    draw(event);
    const found = sitesWithin(stage, shape(trail));
    layDown(stage);
    if (found.length) stage.send("sites", found);
  };
  stage.held = new AbortController();
  const escape = (event) => event.key === "Escape" && layDown(stage);
  document.addEventListener("keydown", escape, { signal: stage.held.signal });
}

function layDown(stage) {
  stage.held?.abort();
  stage.root.querySelector(".net")?.remove();
  for (const action of Object.keys(SHAPES)) {
    const button = stage.root.querySelector(`[data-action=${action}]`);
    if (button) button.ariaPressed = "false";
  }
}
