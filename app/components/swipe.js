// Both layers on one map of the full width: left of a divider the left one, right of it the right.
// Each side is a view of its own, whose camera is turned so far aside that the ground lies as on a map
// of the full width.
const NUDGE = 0.02; // of the width, by an arrow key

// One map or two, as the page says.
function arrange(stage) {
  const { classList } = stage.root;
  const before = classList.value;
  const alone = Boolean(stage.data.alone);
  const swiped = Boolean(stage.data.swipe && !alone);
  classList.toggle("alone", alone);
  classList.toggle("swiped", swiped);
  classList.toggle("present", Boolean(stage.data.present));
  const button = stage.root.querySelector("[data-action=swipe]");
  if (button) button.ariaPressed = String(swiped);
  if (!stage.deck || classList.value === before) return;
  resize(stage);
  redraw(stage);
}

function buildDivider(stage) {
  const divider = element("div", "divider", stage.frames[stage.data.views[0]]);
  Object.assign(divider, {
    role: "slider", tabIndex: 0, ariaOrientation: "horizontal", ariaValueMin: "0", ariaValueMax: "100",
    ariaLabel: "Divider between the left and the right layer",
  });
  const move = (share) => {
    stage.share = Math.min(Math.max(share, 0), 1);
    divider.style.left = `${100 * stage.share}%`;
    divider.ariaValueNow = String(Math.round(100 * stage.share));
    divider.ariaValueText = `Left layer on ${divider.ariaValueNow} % of the map`;
    if (stage.deck) place(stage);
  };
  divider.onpointerdown = (event) => divider.setPointerCapture(event.pointerId);
  divider.onpointermove = (event) => {
    if (!divider.hasPointerCapture(event.pointerId)) return;
    const frame = divider.parentElement.getBoundingClientRect();
    move((event.clientX - frame.x) / frame.width);
  };
  divider.onkeydown = (event) => {
    const aims = { ArrowLeft: stage.share - NUDGE, ArrowRight: stage.share + NUDGE, Home: 0, End: 1 };
    if (!(event.key in aims)) return;
    event.preventDefault(); // the page stays where it is
    move(aims[event.key]);
  };
  move(0.5);
}

// The part of its frame that a view is drawn on, in pixels of the frame.
function sideOf(stage, view, width) {
  if (!stage.root.classList.contains("swiped")) return [0, width];
  const divider = Math.round(stage.share * width);
  return view.id === stage.views[0].id ? [0, divider] : [divider, width];
}

// The shared camera as one view has it: aside by the pixels between the middles of side and frame.
function turnedAside(stage, camera, pixels) {
  if (!pixels) return camera;
  const units = pixels / 2 ** camera.zoom;
  if (!stage.geographic) {
    const [x, ...rest] = camera.target;
    return { ...camera, target: [x + units, ...rest] };
  }
  return { ...camera, longitude: camera.longitude + (360 / WORLD) * units };
}
