// Draws a pydeck Deck of some views on one camera. Called again on every rerun of the page, it
// does nothing unless the stage is a new one; colours arrive through paint.js.
const registry = (globalThis.dynstMaps ??= { stages: new Map(), latest: null, turn: 0 });
const SITES = "-sites";
const TIP_WIDTH = 240;
const WORLD = 512; // pixels round the world at zoom 0
const PLANS = ["", "/other", "/other2", "/other3"]; // compared, as the arrays name them
const CAMERA = ["longitude", "latitude", "zoom", "target"];

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".maps");
  if (root.stage?.id !== data.id) {
    root.stage?.close();
    root.stage = openStage(root, data);
  }
  Object.assign(root.stage, { data, send: setTriggerValue });
  useTheme(root.stage);
  arrange(root.stage);
  follow(root.stage);
  return () => root.stage.close();
}

function openStage(root, data) {
  const stage = {
    id: data.id, root, data, frames: buildCards(root, data), deck: null, look: null, camera: null,
    streets: false, found: null, dark: null, closed: false, share: 0.5, aside: {}, held: null,
    pictures: new Map(), wanted: [], slider: null, watcher: null,
    paint: (look) => outrun(stage, look) || show(stage, look),
    close: () => {
      stage.closed = true;
      stage.leaving.abort();
      layDown(stage);
      stage.observer?.disconnect();
      stage.watcher?.disconnect();
      stage.deck?.finalize();
      if (registry.stages.get(data.id) === stage) registry.stages.delete(data.id);
    },
  };
  buildDivider(stage);
  buildRuler(stage);
  buildFinder(stage);
  watchTheme(stage);
  guardWheel(stage);
  listenForSteps(stage);
  registry.stages.set(data.id, stage);
  stage.look = registry.latest?.stage === data.id ? registry.latest : null;
  Promise.all([load(data.library), fetched(data.stage)])
    .then(([, scene]) => !stage.closed && start(stage, scene))
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

function start(stage, scene) {
  const { deck } = globalThis;
  const configuration = { classes: deck, enumerations: { COORDINATE_SYSTEM: deck.COORDINATE_SYSTEM } };
  const converter = new deck.JSONConverter({ configuration });
  const spec = converter.convert(JSON.parse(scene.deck));
  let ids = null; // read when first asked for: there may be a million
  Object.assign(stage, {
    scene, layers: spec.layers, views: spec.views, first: spec.initialViewState,
    raster: scene.raster, importance: scene.arrays.importance,
    ids: () => (ids ??= new TextDecoder().decode(scene.arrays.ids).split("\n")),
    geographic: "longitude" in spec.initialViewState,
  });
  arrange(stage);
  stage.camera = fitted(stage);
  stage.deck = new deck.Deck({
    parent: stage.root.querySelector(".canvas"),
    ...placed(stage),
    layers: drawnLayers(stage),
    layerFilter: ({ layer, viewport }) => layer.id.startsWith(viewport.id),
    onViewStateChange: ({ viewState, viewId }) => {
      const state = turnedAside(stage, viewState, -stage.aside[viewId]);
      if (!sameCamera(state, stage.camera)) moveTo(stage, state);
    },
    onLoad: () => reachByKeyboard(stage),
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
  for (const button of stage.root.querySelectorAll("[data-action]"))
    button.onclick = () => press(stage, button.dataset.action, button);
  redraw(stage);
  offerStreets(stage);
}

// deck.gl would put itself first in the page's tab order.
function reachByKeyboard({ root, data }) {
  const { noun } = data.words;
  for (const part of root.querySelectorAll(".canvas [tabindex]")) {
    part.tabIndex = 0;
    part.ariaLabel = "All maps: arrow keys move them, plus and minus zoom. Shift with the arrow keys goes " +
      `from ${noun} to ${noun}, N and P go by importance; Enter opens the card of one` +
      (data.switching ? ", Space keeps or removes it" : "");
  }
}

// --- camera -----------------------------------------------------------------------------------

// The camera fits a map of the reference size; a larger or smaller frame shows the same ground.
function fitted(stage) {
  const [width, height] = stage.scene.reference;
  const box = Object.values(stage.frames)[0];
  const scale = Math.min(box.clientWidth / width, box.clientHeight / height);
  stage.fit = cameraOf({ ...stage.first, zoom: stage.first.zoom + Math.log2(Math.max(scale, 0.1)) });
  return stage.fit;
}

function cameraOf(state) {
  return Object.fromEntries(CAMERA.filter((key) => key in state).map((key) => [key, state[key]]));
}

// To the last digits, which are lost where a camera is turned aside.
function sameCamera(first, second) {
  const numbers = (camera) => CAMERA.flatMap((key) => camera[key] ?? []);
  const others = numbers(second);
  return numbers(first).every((value, at) => Math.abs(value - others[at]) < 1e-9);
}

// One camera for all views: whichever moved, both are given its state.
function moveTo(stage, state) {
  const zoom = Math.min(Math.max(state.zoom, stage.fit.zoom - 3), stage.fit.zoom + 8);
  stage.camera = cameraOf({ ...state, zoom });
  place(stage);
}

function press(stage, action, button) {
  if (action in SHAPES) return toggleTool(stage, button);
  if (action === "streets") return showStreets(stage, !stage.streets);
  if (action === "swipe") return stage.send("swipe", true);
  if (action === "full") return document.fullscreenElement ? document.exitFullscreen() : stage.root.requestFullscreen();
  if (action === "fit") return moveTo(stage, fitted(stage));
  const zoom = stage.camera.zoom + (action === "in" ? 0.75 : -0.75);
  moveTo(stage, { ...stage.camera, zoom });
}

// A camera the planner has not moved keeps fitting its frame; a moved one stays where it is.
function resize(stage) {
  const untouched = sameCamera(stage.camera, stage.fit);
  const fit = fitted(stage);
  if (untouched) stage.camera = fit;
  place(stage);
}

function place(stage) {
  const named = namesFrom(stage) !== stage.namedFrom; // other names fit at this zoom
  stage.deck.setProps({ ...placed(stage), ...(named && stage.look ? { layers: drawnLayers(stage) } : {}) });
  if (stage.geographic) settleNames(stage);
}

// Each view on its part of the canvas, with the camera as it must stand there.
function placed(stage) {
  const origin = stage.root.querySelector(".canvas").getBoundingClientRect();
  const views = [], viewState = {};
  for (const view of stage.views) {
    const box = stage.frames[view.id].getBoundingClientRect();
    // Whole pixels: a part of one would shift the sides of a swipe apart.
    const [x, y, right] = [box.x - origin.x, box.y - origin.y, box.right - origin.x].map(Math.round);
    const width = right - x;
    const [from, to] = sideOf(stage, view, width);
    if (to - from < 1) continue;
    const part = { x: x + from, y, width: to - from, height: box.height };
    views.push(new view.constructor({ ...view.props, ...part }));
    stage.aside[view.id] = (from + to - width) / 2;
    viewState[view.id] = turnedAside(stage, stage.camera, stage.aside[view.id]);
  }
  return { views, viewState };
}

// --- colours ----------------------------------------------------------------------------------

// The same picture again keeps what was drawn of it.
function show(stage, look) {
  const before = stage.look;
  const same = before?.arrays === look.arrays;
  stage.look = same ? { ...look, images: before.images } : look;
  if (!same || before.selected.join() !== look.selected.join()) redraw(stage);
  sayStanding(stage);
}

function redraw(stage) {
  if (!stage.deck || !stage.look) return;
  stage.pending = stage.look.version;
  arrange(stage);
  stage.deck.setProps({ layers: drawnLayers(stage) });
  stage.deck.redraw("paint"); // now, and not behind whatever else the page redraws
  for (const [view, caption] of Object.entries(stage.look.captions)) {
    const card = stage.frames[view].parentElement;
    card.querySelector(".title").textContent = caption.title;
    card.querySelector(".subtitle").textContent = caption.subtitle;
    fillLegend(card.querySelector(".legend"), stage.look.legends[view], stage);
    card.setAttribute("aria-label", `Map. ${caption.title}: ${caption.subtitle}`);
  }
}

function drawnLayers(stage) {
  if (!stage.look) return []; // its colours come at once, and all is drawn with them
  const views = shownViews(stage);
  stage.namedFrom = namesFrom(stage);
  const layers = stage.layers.filter(({ id }) => views.some((view) => id.startsWith(`${view}-`))).flatMap((layer) => {
    if (layer.id.endsWith(SITES)) return stage.raster ? pixels(layer, stage) : coloured(layer, stage);
    return themed(layer, stage);
  });
  if (stage.streets)
    for (const view of views)
      layers.splice(layers.findIndex((layer) => layer.id === `${view}-land`) + 1, 0, streetLayer(view, stage));
  if (stage.scene.arrays.triangles?.length)
    for (const view of views) {
      const own = layers.findIndex((layer) => layer.id === view + SITES);
      if (own >= 0) layers.splice(own, 0, surface(view, stage));
    }
  const rings = views.flatMap((view) => stage.raster ? outlines(view, stage) : ring(view, stage));
  for (const view of views) {
    const data = stage.look.shapes[view];
    if (!data) continue;
    const own = layers.findIndex((layer) => layer.id.startsWith(view) && !layer.id.endsWith("-land"));
    layers.splice(own, 0, areas(view, data));
  }
  if (stage.look.borders.length) rings.unshift(...views.map((view) => borders(view, stage)));
  rings.push(...views.flatMap((view) => [...[topName(view, stage)].flat(), ...zoneNames(view, stage)]));
  return [...layers, ...rings, ...views.flatMap((view) => [...marks(view, stage), ...standingRings(view, stage)])];
}

// What is on the page: a layer that nobody sees costs as much to make as one that is seen.
function shownViews({ data }) {
  return data.alone ? data.views.slice(0, 1) : data.views;
}

// Areas beneath the sites, above the land.
function areas(view, data) {
  return new globalThis.deck.PolygonLayer({
    id: `${view}-areas`, data, pickable: false, stroked: true, filled: true, opacity: 0.75,
    getPolygon: (area) => area.polygon, getFillColor: (area) => area.fill,
    getLineColor: [255, 255, 255, 255], getLineWidth: 1.5, lineWidthUnits: "pixels",
  });
}

// Lines above the sites, such as a planner's zones.
function borders(view, { look, scene, dark, raster }) {
  return new globalThis.deck.PathLayer({
    id: `${view}-zones`, data: look.borders, pickable: false, getPath: (line) => line.path,
    getColor: dark && !raster ? scene.dark.zones : scene.border, getWidth: (line) => (line.broad ? 3.5 : 1.5), widthUnits: "pixels",
  });
}

// A ring around each selected sensor, in a colour that no scale uses.
function ring(view, stage) {
  if (!stage.look.selected.length) return [];
  const { data, getPosition, getRadius, radiusUnits } = stage.layers.find((one) => one.id === view + SITES).props;
  return new globalThis.deck.ScatterplotLayer({
    id: `${view}-selected`, data: stage.look.selected.map((row) => data[row]),
    getPosition, radiusUnits, getRadius: getRadius + 3,
    filled: false, stroked: true, pickable: false,
    getLineColor: stage.scene.ring, getLineWidth: 3, lineWidthUnits: "pixels",
  });
}

// Around cells: those whose outline tells something, and above them the selected ones.
function outlines(view, stage) {
  const { arrays, selected, version } = stage.look;
  const reported = outlinedCells(arrays[`line/table/${view}`], arrays[`line/rows/${view}`], stage.scene.faint);
  return [["outlined", reported, 0.75], ["selected", selected.map((cell) => ({ cell, colour: stage.scene.ring })), 3]]
    .filter(([, data]) => data.length).map(([name, data, width]) => new globalThis.deck.PolygonLayer({
      id: `${view}-${name}`, data, pickable: false, filled: false, stroked: true,
      getPolygon: ({ cell }) => corners(stage.raster, cell), getLineColor: ({ colour }) => colour,
      getLineWidth: width, lineWidthUnits: "pixels", updateTriggers: { getLineColor: version },
    }));
}

// Only the colour attributes are computed anew: the data and every other property stay the same.
function coloured(layer, stage) {
  const { arrays, version } = stage.look;
  const view = layer.id.slice(0, -SITES.length);
  const pick = (part) => {
    const table = rimmed(arrays[`${part}/table/${view}`], part, stage), rows = arrays[`${part}/rows/${view}`];
    return (_, { index, target }) => {
      for (let channel = 0; channel < 4; channel++) target[channel] = table[4 * rows[index] + channel];
      return target;
    };
  };
  return layer.clone({
    getFillColor: pick("fill"), getLineColor: pick("line"),
    updateTriggers: { getFillColor: version, getLineColor: `${version}/${stage.dark}` },
  });
}

// Cells: a new picture for each look, drawn once and kept for as long as the look stays.
function pixels(layer, stage) {
  const view = layer.id.slice(0, -SITES.length);
  const { arrays } = stage.look;
  const images = (stage.look.images ??= {});
  images[view] ??= picture(stage.raster, arrays[`fill/table/${view}`], arrays[`fill/rows/${view}`]);
  return layer.clone({
    image: images[view],
    textureParameters: { minFilter: "nearest", magFilter: "nearest" },
    ...(stage.geographic ? { _imageCoordinateSystem: globalThis.deck.COORDINATE_SYSTEM.LNGLAT } : {}),
  });
}

// The element names the picture that both maps now show, for tests and measurements.
function report(stage) {
  registry.drawn = (registry.drawn ?? 0) + 1;
  if (stage.pending && stage.deck.layerManager?.getLayers().every((layer) => layer.isLoaded)) {
    stage.root.dataset.painted = stage.pending;
    stage.pending = null;
  }
  if (!stage.camera) return;
  const camera = JSON.stringify(stage.camera);
  if (camera === stage.root.dataset.camera) return;
  stage.root.dataset.camera = camera;
  measure(stage);
  if (stage.geographic) settleNames(stage); // the bar may lie where a name was
}

// --- picking, tooltip and page ------------------------------------------------------------------

function pick(stage, info) {
  const { row } = pointed(stage, info);
  if (row >= 0) stage.send("site", stage.ids()[row]);
}

// The site under the pointer, as a row of the stage, and the map that it is on.
function pointed(stage, { index, layer, x, y }) {
  if (!stage.raster) {
    const onSite = index >= 0 && layer?.id.endsWith(SITES);
    return onSite ? { row: index, view: layer.id.slice(0, -SITES.length) } : { row: -1 };
  }
  const view = viewportAt(stage, x, y);
  if (!view) return { row: -1 };
  const place = view.unproject([x - view.x, y - view.y]);
  return { row: cellAt(stage.raster, place, stage.geographic), view: view.id };
}

function viewportAt(stage, x, y) {
  return stage.deck.getViewports().find((view) =>
    x >= view.x && x <= view.x + view.width && y >= view.y && y <= view.y + view.height);
}

function tooltip(stage, info) {
  const { look } = stage;
  const { row, view } = look ? pointed(stage, info) : { row: -1 };
  if (row < 0) return null;
  return {
    text: siteText(stage, row, view),
    className: "deck-tooltip tip",
    // Near the right edge it opens to the left, so that it is never cut.
    style: { marginLeft: info.x > stage.root.clientWidth - TIP_WIDTH ? `-${TIP_WIDTH}px` : "0" },
  };
}

// What is known of a site, in lines; its reading is that of one map's layer.
function siteText(stage, row, view = stage.data.views[0]) {
  const { look } = stage, { words } = stage.data;
  const { arrays } = look;
  const figures = (value, digits) => digits > 6 ? value.toExponential(2) : value.toFixed(digits);
  const shown = (value, digits, unit, none) => Number.isFinite(value) ? `${figures(value, digits)} ${unit}` : none;
  const reported = (plan) => {
    const error = numberAt(arrays[`error${plan}`], look[`scale${plan}`], row);
    return shown(error, look.digits, words.unit, "no data");
  };
  const kept = (plan) => {
    if (look.undecided) return "not decided";
    return bitAt(arrays[`kept${plan}`], row) ? "kept" : "removed";
  };
  const own = look.readings[view];
  const reading = !own ? "" : `\n${own.label}: ` +
    shown(numberAt(arrays[`reading/${view}`], own.scale, row), own.digits, own.unit, "not known");
  const site = `${words.noun[0].toUpperCase()}${words.noun.slice(1)} ${stage.ids()[row]}`;
  const text = "kept/other" in arrays
    ? [site, ...PLANS.filter((plan) => `kept${plan}` in arrays)
      .map((plan, at) => `${"ABCD"[at]}: ${kept(plan)}, ${reported(plan)}`)].join("\n")
    : `${site}: ${kept("")}\n${words.error}: ${reported("")}\n` +
      `Importance: ${standing(stage.importance[row], words.noun)}`;
  return text + reading;
}

// Importance is the share of sites that go no later than this one: 1 for the last to stay.
function standing(importance, noun) {
  return importance === 1 ? "the highest" : `above ${Math.floor(100 * importance)} % of ${noun}s`;
}
