// Draws a pydeck Deck of some views on one camera. Called again on every rerun of the page, it
// does nothing unless the stage is a new one; colours arrive through paint.js.
const registry = (globalThis.dynstMaps ??= { stages: new Map(), waiting: new Map() });
const SITES = "-sites";
const TIP_WIDTH = 240;
const CAMERA = ["longitude", "latitude", "zoom", "target"];

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".maps");
  if (root.stage?.id !== data.id) {
    root.stage?.close();
    root.stage = openStage(root, data);
  }
  root.stage.send = setTriggerValue;
  root.stage.showTiles(data.tiles);
  return () => root.stage.close();
}

function openStage(root, data) {
  const frames = buildCards(root, data);
  const stage = {
    id: data.id, root, data, frames, importance: floats(data.importance), deck: null, look: null,
    camera: null, tiles: false, alone: false, closed: false,
    paint: (look) => { stage.look = decode(look); redraw(stage); },
    showTiles: (on) => {
      if (on === stage.tiles) return;
      stage.tiles = on;
      root.classList.toggle("tiled", on);
      redraw(stage);
    },
    close: () => {
      stage.closed = true;
      stage.observer?.disconnect();
      stage.deck?.finalize();
      if (registry.stages.get(data.id) === stage) registry.stages.delete(data.id);
    },
  };
  registry.stages.set(data.id, stage);
  const waiting = registry.waiting.get(data.id);
  if (waiting) stage.look = decode(waiting);
  registry.waiting.clear();
  load(data.library)
    .then(() => !stage.closed && start(stage))
    .catch((error) => fail(root, error));
  return stage;
}

function load(address) {
  registry.library ??= import(new URL(address, location.href).href);
  return registry.library;
}

function fail(root, error) {
  console.error(error);
  root.querySelector(".trouble").textContent =
    `The maps need WebGL and could not be drawn (${error.message}); reload the page, or try another browser. ` +
    "Figures and curve are complete without the maps.";
}

function start(stage) {
  const { deck } = globalThis;
  const configuration = { classes: deck, enumerations: { COORDINATE_SYSTEM: deck.COORDINATE_SYSTEM } };
  const converter = new deck.JSONConverter({ configuration });
  const spec = converter.convert(JSON.parse(stage.data.deck));
  Object.assign(stage, { layers: spec.layers, views: spec.views, first: spec.initialViewState });
  stage.camera = fitted(stage);
  stage.deck = new deck.Deck({
    parent: stage.root.querySelector(".canvas"),
    views: placedViews(stage),
    viewState: stage.camera,
    layers: drawnLayers(stage),
    layerFilter: ({ layer, viewport }) => layer.id.startsWith(viewport.id),
    onViewStateChange: ({ viewState }) => moveTo(stage, viewState),
    onLoad: () => reachByKeyboard(stage.root),
    onAfterRender: () => report(stage),
    onError: (error) => fail(stage.root, error),
    onClick: (info) => pick(stage, info),
    getTooltip: (info) => tooltip(stage, info),
    getCursor: ({ isDragging, isHovering }) =>
      isDragging ? "grabbing" : isHovering ? "pointer" : "grab",
    touchAction: "pan-y",
    pickingRadius: 4,
  });
  stage.observer = new ResizeObserver(() => resize(stage));
  stage.observer.observe(stage.root);
  for (const button of stage.root.querySelectorAll("button"))
    button.onclick = () => press(stage, button.dataset.action, button);
  redraw(stage);
}

// deck.gl would put itself first in the page's tab order.
function reachByKeyboard(root) {
  for (const part of root.querySelectorAll("[tabindex]")) {
    part.tabIndex = 0;
    part.ariaLabel = "All maps: arrow keys move them, plus and minus zoom";
  }
}

// --- camera -----------------------------------------------------------------------------------

// The camera fits a map of the reference size; a larger or smaller frame shows the same ground.
function fitted(stage) {
  const [width, height] = stage.data.reference;
  const box = Object.values(stage.frames)[0];
  const scale = Math.min(box.clientWidth / width, box.clientHeight / height);
  stage.fittedZoom = stage.first.zoom + Math.log2(Math.max(scale, 0.1));
  return { ...stage.first, zoom: stage.fittedZoom };
}

// One camera for all views: whichever moved, both are given its state.
function moveTo(stage, state) {
  const zoom = Math.min(Math.max(state.zoom, stage.fittedZoom - 3), stage.fittedZoom + 8);
  state = { ...state, zoom };
  stage.camera = Object.fromEntries(CAMERA.filter((k) => k in state).map((k) => [k, state[k]]));
  stage.deck.setProps({ viewState: stage.camera });
}

function press(stage, action, button) {
  if (action === "rectangle") return toggleRectangle(stage, button);
  if (action === "fit") return moveTo(stage, fitted(stage));
  const zoom = stage.camera.zoom + (action === "in" ? 0.75 : -0.75);
  moveTo(stage, { ...stage.camera, zoom });
}

// A camera the planner has not moved keeps fitting its frame; a moved one stays where it is.
function resize(stage) {
  const untouched = stage.camera.zoom === stage.fittedZoom;
  stage.deck.setProps({ views: placedViews(stage) });
  if (untouched) moveTo(stage, fitted(stage));
}

function placedViews(stage) {
  const origin = stage.root.querySelector(".canvas").getBoundingClientRect();
  return stage.views.filter((view) => stage.frames[view.id].clientWidth).map((view) => {
    const box = stage.frames[view.id].getBoundingClientRect();
    const place = { x: box.x - origin.x, y: box.y - origin.y, width: box.width, height: box.height };
    return new view.constructor({ ...view.props, ...place });
  });
}

// --- colours ----------------------------------------------------------------------------------

const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
const floats = (text) => new Float32Array(bytes(text).buffer);
const each = (object, change) =>
  Object.fromEntries(Object.entries(object).map(([key, value]) => [key, change(value)]));

function decode(look) {
  return {
    ...look, fill: each(look.fill, bytes), line: each(look.line, bytes),
    kept: bytes(look.kept), error: floats(look.error),
    others: look.others && { kept: bytes(look.others.kept), error: floats(look.others.error) },
    readings: each(look.readings, (told) => ({ ...told, values: floats(told.values) })),
  };
}

function redraw(stage) {
  if (!stage.deck || !stage.look) return;
  stage.pending = stage.look.version;
  if (stage.root.classList.toggle("alone", stage.look.alone) !== stage.alone) {
    stage.alone = stage.look.alone;
    resize(stage);
  }
  stage.deck.setProps({ layers: drawnLayers(stage) });
  stage.deck.redraw("paint"); // now, and not behind whatever else the page redraws
  for (const [view, caption] of Object.entries(stage.look.captions)) {
    const card = stage.frames[view].parentElement;
    card.querySelector(".title").textContent = caption.title;
    card.querySelector(".subtitle").textContent = caption.subtitle;
    fillLegend(card.querySelector(".legend"), stage.look.legends[view]);
    card.setAttribute("aria-label", `Map. ${caption.title}: ${caption.subtitle}`);
  }
}

function drawnLayers(stage) {
  if (!stage.look) return stage.layers.filter((layer) => !layer.id.endsWith(SITES));
  const layers = stage.layers.map((layer) => {
    if (layer.id.endsWith(SITES)) return coloured(layer, stage.look);
    // Land hides beneath tiles rather than leave: deck.gl cannot take a layer back.
    return layer.id.endsWith("-land") ? layer.clone({ visible: !stage.tiles }) : layer;
  });
  const rings = stage.layers.filter((layer) => layer.id.endsWith(SITES)).map((layer) => ring(layer, stage));
  for (const [view, data] of Object.entries(stage.look.shapes)) {
    const own = layers.findIndex((layer) => layer.id.startsWith(view) && !layer.id.endsWith("-land"));
    layers.splice(own, 0, areas(view, data));
  }
  return [...(stage.tiles ? stage.data.views.map(tileLayer) : []), ...layers, ...rings];
}

// Areas beneath the sites, above the land.
function areas(view, data) {
  return new globalThis.deck.PolygonLayer({
    id: `${view}-areas`, data, pickable: false, stroked: true, filled: true, opacity: 0.75,
    getPolygon: (area) => area.polygon, getFillColor: (area) => area.fill,
    getLineColor: [255, 255, 255, 255], getLineWidth: 1.5, lineWidthUnits: "pixels",
  });
}

// A ring around each selected site, in a colour that no scale uses.
function ring(layer, stage) {
  const { data, getPosition, getPolygon, getRadius, radiusUnits } = layer.props;
  const chosen = stage.look.selected.map((row) => data[row]);
  return new layer.constructor({
    id: `${layer.id.slice(0, -SITES.length)}-selected`,
    data: chosen,
    getPosition, getPolygon, radiusUnits,
    getRadius: typeof getRadius === "number" ? getRadius + 3 : getRadius,
    filled: false, stroked: true, pickable: false,
    getLineColor: stage.data.ring, getLineWidth: 3, lineWidthUnits: "pixels",
  });
}

// Only the colour attributes are computed anew: the data and every other property stay the same.
function coloured(layer, look) {
  const view = layer.id.slice(0, -SITES.length);
  const pick = (colours) => (_, { index, target }) => {
    for (let part = 0; part < 4; part++) target[part] = colours[4 * index + part];
    return target;
  };
  return layer.clone({
    getFillColor: pick(look.fill[view]),
    getLineColor: pick(look.line[view]),
    ...(layer.props.getPolygon ? { stroked: look.outlined[view] } : {}),
    updateTriggers: { getFillColor: look.version, getLineColor: look.version },
  });
}

// The element names the picture that both maps now show, for tests and measurements.
function report(stage) {
  if (stage.pending && stage.deck.layerManager?.getLayers().every((layer) => layer.isLoaded)) {
    stage.root.dataset.painted = stage.pending;
    stage.pending = null;
  }
  if (stage.camera) stage.root.dataset.camera = JSON.stringify(stage.camera);
}

// --- street tiles, when asked for ---------------------------------------------------------------

function tileLayer(view) {
  const { deck } = globalThis;
  return new deck.TileLayer({
    id: `${view}-tiles`,
    data: "https://tile.openstreetmap.org/{z}/{x}/{y}.png",
    maxZoom: 19,
    tileSize: 256,
    opacity: 0.6,
    renderSubLayers: (props) => {
      const { west, south, east, north } = props.tile.bbox;
      return new deck.BitmapLayer(props, {
        data: null, image: props.data, bounds: [west, south, east, north],
      });
    },
  });
}

// --- picking, tooltip and page ------------------------------------------------------------------

function pick(stage, { index, layer }) {
  if (index >= 0 && layer?.id.endsWith(SITES)) stage.send("site", stage.data.sites[index]);
}

function tooltip(stage, { index, layer, x }) {
  if (index < 0 || !layer?.id.endsWith(SITES) || !stage.look) return null;
  const { words, sites } = stage.data;
  const told = ({ error }) => Number.isFinite(error[index])
    ? `${error[index].toFixed(words.digits)} ${words.unit}` : "no data";
  const kept = (plan) => (plan.kept[index] ? "kept" : "removed");
  const own = stage.look.readings[layer.id.slice(0, -SITES.length)];
  const value = own?.values[index];
  const reading = !own ? "" : `\n${own.label}: ` +
    (Number.isFinite(value) ? `${value.toFixed(own.digits)} ${own.unit}` : "not known");
  const site = words.noun[0].toUpperCase() + words.noun.slice(1);
  const { look } = stage;
  const text = look.others
    ? `${site} ${sites[index]}\nA: ${kept(look)}, ${told(look)}\nB: ${kept(look.others)}, ${told(look.others)}`
    : `${site} ${sites[index]}: ${kept(look)}\n${words.error}: ${told(look)}\n` +
      `Importance: ${standing(stage.importance[index], words.noun)}`;
  return {
    text: text + reading,
    className: "deck-tooltip tip",
    // Near the right edge it opens to the left, so that it is never cut.
    style: { marginLeft: x > stage.root.clientWidth - TIP_WIDTH ? `-${TIP_WIDTH}px` : "0" },
  };
}

// Importance is the share of sites that go no later than this one: 1 for the last to stay.
function standing(importance, noun) {
  return importance === 1 ? "the highest" : `above ${Math.floor(100 * importance)} % of ${noun}s`;
}

// A rectangle drawn over a map selects the sites in it; the tool's button starts and ends that.
function toggleRectangle(stage, button) {
  const net = stage.root.querySelector(".net");
  if (net) return leaveRectangle(stage);
  button.ariaPressed = "true";
  const cover = element("div", "net", stage.root);
  const box = element("div", "box", cover);
  let from = null;
  const at = (event) => {
    const origin = cover.getBoundingClientRect();
    return [event.clientX - origin.x, event.clientY - origin.y];
  };
  const spanned = (event) => {
    const to = at(event);
    return [0, 1].map((axis) => [Math.min(from[axis], to[axis]), Math.max(from[axis], to[axis])]);
  };
  cover.onpointerdown = (event) => { from = at(event); cover.setPointerCapture(event.pointerId); };
  cover.onpointermove = (event) => {
    if (!from) return;
    const [[left, right], [top, bottom]] = spanned(event);
    Object.assign(box.style, {
      left: `${left}px`, top: `${top}px`, width: `${right - left}px`, height: `${bottom - top}px`,
    });
  };
  cover.onpointerup = (event) => {
    if (!from) return;
    const found = sitesWithin(stage, from, spanned(event));
    leaveRectangle(stage);
    if (found.length) stage.send("sites", found);
  };
}

function leaveRectangle(stage) {
  stage.root.querySelector(".net")?.remove();
  stage.root.querySelector("[data-action=rectangle]").ariaPressed = "false";
}

function sitesWithin(stage, from, [across, down]) {
  const view = stage.deck.getViewports().find((v) =>
    from[0] >= v.x && from[0] <= v.x + v.width && from[1] >= v.y && from[1] <= v.y + v.height);
  if (!view) return [];
  const { data } = stage.layers.find((layer) => layer.id === view.id + SITES).props;
  return stage.data.sites.filter((_, row) => {
    const [x, y] = view.project(middle(data[row]));
    const within = (value, [low, high]) => value >= low && value <= high;
    return within(x + view.x, across) && within(y + view.y, down);
  });
}

function middle({ position, polygon }) {
  if (position) return position;
  return [0, 1].map((axis) => polygon.reduce((sum, corner) => sum + corner[axis], 0) / polygon.length);
}

function element(tag, name, parent, text = "") {
  const made = document.createElement(tag);
  made.className = name;
  made.textContent = text;
  parent.append(made);
  return made;
}

function buildCards(root, data) {
  root.replaceChildren();
  root.removeAttribute("data-painted");
  element("div", "canvas", root);
  const frames = {};
  for (const view of data.views) {
    const card = element("figure", "card", root);
    card.setAttribute("role", "group");
    const caption = element("figcaption", "caption", card);
    element("div", "title", caption);
    element("div", "subtitle", caption);
    frames[view] = element("div", `frame ${view}`, card);
    frames[view].style.background = data.background;
    const thanks = element("div", "thanks", frames[view], "© OpenStreetMap contributors");
    thanks.ariaHidden = "true";
    element("div", "legend", card);
  }
  const tools = element("div", "tools", frames[data.views[0]]);
  for (const [action, sign, label] of [
    ["in", "+", "Zoom in"], ["out", "\u2212", "Zoom out"], ["fit", "\u2922", "Show all"],
    ...(data.rectangle ? [["rectangle", "\u2b1a", `Select ${data.words.noun}s by a rectangle`]] : [])]) {
    const button = element("button", "tool", tools, sign);
    Object.assign(button, { title: label, ariaLabel: label, type: "button" });
    button.dataset.action = action;
  }
  element("div", "trouble", root);
  return frames;
}

function fillLegend(line, legend) {
  line.replaceChildren();
  if (legend.gradient) fillScale(element("div", "scale", line), legend);
  for (const swatch of legend.swatches) {
    const entry = element("div", "swatch", line);
    const dot = element("span", "dot", entry);
    const borderRadius = swatch.round ? "50%" : "1px";
    Object.assign(dot.style, { background: swatch.fill, borderColor: swatch.line, borderRadius });
    element("span", "", entry, swatch.label);
  }
}

function fillScale(scale, legend) {
  element("div", "bar", scale).style.background = legend.gradient;
  const labels = element("div", "labels", scale);
  legend.ticks.forEach(([at, text], index) => {
    const label = element("span", "label", labels, text);
    label.style.left = `${100 * at}%`;
    const last = legend.ticks.length - 1;
    label.dataset.end = index === 0 ? "first" : index === last ? "last" : "";
  });
}
