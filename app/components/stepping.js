// Keys on the map, while it has the focus: from site to site, to a site's card, to keep or remove it.
const WAYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const TURNS = { n: 1, p: -1 };
const STAND = [[6, [255, 255, 255, 255]], [2.5, [20, 20, 20, 255]]]; // seen on any ground and colour

function listenForSteps(stage) {
  const { root, data } = stage;
  stage.at = -1; // the row of the site that the keys stand on
  stage.voice = element("div", "voice", root);
  stage.voice.setAttribute("role", "status"); // read out when it changes
  const hint = element("div", "keys-hint", root,
    `Shift+arrows, N, P: from ${data.words.noun} to ${data.words.noun} \u00b7 Enter: its card` +
    (data.switching ? " \u00b7 Space: keep or remove" : ""));
  hint.ariaHidden = "true"; // the map's label says so
  root.addEventListener("keydown", (event) => {
    if (!active(stage) || stage.data.present || !stage.deck || event.ctrlKey || event.metaKey || event.altKey) return;
    if (!answered(stage, event)) return;
    event.preventDefault();
    event.stopPropagation(); // deck.gl would turn the map with Shift and an arrow
  }, { capture: true, signal: stage.leaving.signal });
}

// Whether a key was one of ours.
function answered(stage, { key, shiftKey }) {
  if (shiftKey && key in WAYS) return stepTo(stage, nextOnMap(stage, WAYS[key]));
  if (key.toLowerCase() in TURNS) return stepTo(stage, nextInOrder(stage, TURNS[key.toLowerCase()]));
  if (stage.at < 0) return false;
  if (key === "Enter") stage.send("site", stage.ids()[stage.at]);
  else if (key === " " && stage.data.switching) stage.send("switch", stage.ids()[stage.at]);
  else if (key === "Escape") stepTo(stage, -1);
  else return false;
  return true;
}

function stepTo(stage, row) {
  stage.at = row;
  if (row >= 0) bringIntoView(stage, row);
  redraw(stage);
  sayStanding(stage);
  return true;
}

function bringIntoView(stage, row) {
  const view = stage.deck.getViewports()[0], [x, y] = view.project(placeOf(stage, row));
  if (x > 20 && y > 20 && x < view.width - 20 && y < view.height - 20) return;
  const at = placeOf(stage, row);
  moveTo(stage, { ...stage.camera, ...(stage.geographic ? { longitude: at[0], latitude: at[1] } : { target: [...at, 0] }) });
}

// Said once, and again when a switch or another plan changes it.
function sayStanding(stage) {
  if (!stage.voice) return;
  const { at, look, data } = stage;
  const keys = `Enter opens its card${data.switching ? ", Space keeps or removes it" : ""}.`;
  const said = at < 0 || !look ? "" : `${siteText(stage, at).replaceAll("\n", ". ")}. ${keys}`;
  if (stage.voice.textContent !== said) stage.voice.textContent = said;
}

// By importance, the first to go first.
function nextInOrder(stage, turn) {
  const { importance } = stage;
  stage.order ??= Uint32Array.from(importance.keys()).sort((a, b) => importance[a] - importance[b]);
  const { order } = stage, count = order.length;
  if (stage.at < 0) return order[turn > 0 ? 0 : count - 1];
  return order[(order.indexOf(stage.at) + turn + count) % count];
}

// The site nearest in a direction on the screen; at first the one nearest to the middle of the map.
function nextOnMap(stage, way) {
  const view = stage.deck.getViewports()[0];
  if (stage.raster) return nextCell(stage, way, view);
  const { data } = stage.layers.find((one) => one.id.endsWith(SITES)).props;
  const places = data.map(({ position }) => view.project(position));
  if (stage.at < 0) return nearest(places, [view.width / 2, view.height / 2], () => 1);
  const from = places[stage.at];
  const found = nearest(places, from, ([x, y], row) => {
    const along = x * way[0] + y * way[1], aside = Math.abs(x * way[1]) + Math.abs(y * way[0]);
    return row !== stage.at && along > 0 && aside <= along ? 1 : row !== stage.at && along > 1 ? 4 : 0;
  });
  return found < 0 ? stage.at : found;
}

// The row of the least distance, each weighed; a weight of 0 leaves one out.
function nearest(places, [x0, y0], weigh) {
  let best = -1, least = Infinity;
  places.forEach(([x, y], row) => {
    const weight = weigh([x - x0, y - y0], row), far = weight * Math.hypot(x - x0, y - y0);
    if (weight && far < least) [best, least] = [row, far];
  });
  return best;
}

function nextCell(stage, [right, down], view) {
  const { raster, at } = stage, across = raster.x.length - 1, rows = raster.y.length - 1;
  if (at < 0) {
    const middle = cellAt(raster, view.unproject([view.width / 2, view.height / 2]), stage.geographic);
    return middle < 0 ? 0 : middle;
  }
  const south = raster.y.at(-1) < raster.y[0] ? 1 : -1; // the next row lies south, or north
  const east = raster.x.at(-1) > raster.x[0] ? 1 : -1;
  const row = Math.min(Math.max(Math.floor(at / across) + down * south, 0), rows - 1);
  const column = Math.min(Math.max((at % across) + right * east, 0), across - 1);
  return row * across + column;
}

// A white and a dark ring round the site that the keys stand on.
function standingRings(view, stage) {
  if (!(stage.at >= 0)) return [];
  const { deck } = globalThis;
  return STAND.map(([width, colour], turn) => stage.raster
    ? new deck.PolygonLayer({
      id: `${view}-stand-${turn}`, data: [corners(stage.raster, stage.at)], pickable: false, filled: false, stroked: true,
      getPolygon: (ring) => ring, getLineColor: colour, getLineWidth: width, lineWidthUnits: "pixels",
    })
    : new deck.ScatterplotLayer({
      id: `${view}-stand-${turn}`, data: [placeOf(stage, stage.at)], getPosition: (at) => at, pickable: false,
      filled: false, stroked: true, radiusUnits: "pixels", getRadius: 13, getLineColor: colour, getLineWidth: width, lineWidthUnits: "pixels",
    }));
}
