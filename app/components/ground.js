// The ground beneath the sites: its colours in the light and the dark theme, and streets on it.
const GROUND = { land: "getFillColor", coast: "getColor", borders: "getColor", links: "getColor", frame: "getColor", ticks: "getColor" };
const LETTER = 7.5, LINE = 9; // pixels: a letter of a name, and half of its height
const BESIDE = [[0, 0], [0, 1], [0, -1], [0.5, 1], [-0.5, 1], [0.5, -1], [-0.5, -1], [0.62, 0], [-0.62, 0], [0, 2], [0, -2]];
const DOT = 8, MOST_AVOIDED = 3000; // a dot's reach in pixels, and how many dots are avoided
const REST = 250; // milliseconds without a movement
const TRY = 5000; // milliseconds within which a street tile must come

// --- the theme ----------------------------------------------------------------------------------

function isDark(root) {
  const stated = getComputedStyle(root).getPropertyValue("--st-background-color").trim();
  const short = /^#[0-9a-f]{3,4}$/i.test(stated);
  const parts = stated.startsWith("#")
    ? [0, 1, 2].map((at) => parseInt(short ? stated[1 + at].repeat(2) : stated.slice(1 + 2 * at, 3 + 2 * at), 16))
    : (stated.match(/[\d.]+/g) ?? [255, 255, 255]).map(Number);
  return 0.299 * parts[0] + 0.587 * parts[1] + 0.114 * parts[2] < 128;
}

// Called with every rerun of the page, which a change of theme brings too.
function useTheme(stage) {
  const dark = isDark(stage.root);
  if (dark === stage.dark) return;
  stage.dark = dark;
  stage.root.classList.toggle("dark", dark);
  for (const frame of Object.values(stage.frames)) frame.style.background = stage.data.background[Number(dark)];
  redraw(stage);
}

function watchTheme(stage) {
  const again = () => setTimeout(() => stage.closed || useTheme(stage), 300);
  stage.leaving = new AbortController();
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", again, { signal: stage.leaving.signal });
}

// A layer of the ground in the colours of the theme. Lines above cells have a colour in the dark that
// reads on cells, which are as light in both themes, and on the ground round them.
function themed(layer, stage) {
  const part = stage.data.views.reduce((id, view) => (id.startsWith(`${view}-`) ? id.slice(view.length + 1) : id), layer.id);
  if (part === "names") return named(layer, stage);
  const accessor = GROUND[part];
  if (!accessor) return layer;
  const above = stage.raster && stage.geographic && part !== "land";
  const colour = stage.dark ? stage.scene.dark[above ? `${part} above cells` : part] : layer.props[accessor];
  return layer.clone({ [accessor]: colour, updateTriggers: { [accessor]: stage.dark } });
}

// The dark rim of pinned sensors is a light one on dark ground.
function rimmed(table, part, { dark, scene }) {
  if (!dark || part !== "line") return table;
  const lighter = table.slice();
  for (let at = 0; at < table.length; at += 4)
    if (scene.pin.every((value, channel) => table[at + channel] === value)) lighter.set(scene.dark.pin, at);
  return lighter;
}

function rim(stated, { dark, raster, scene }) {
  const css = ([red, green, blue]) => `rgb(${red}, ${green}, ${blue})`;
  const probe = element("i", "", document.createElement("i"));
  probe.style.color = stated;
  return dark && !raster && probe.style.color === css(scene.pin) ? css(scene.dark.pin) : stated;
}

// Names of places are there from the zoom on at which they touch no larger place's. Those on cells
// are dark in the dark theme too.
function named(layer, stage) {
  if (stage.streets && stage.data.tiles.kind === "raster") return []; // which have their own
  const names = namesShown(layer.props.data, stage, stage.data.views.find((view) => layer.id.startsWith(`${view}-`)));
  layer = layer.clone({ getPixelOffset: ({ shift }) => shift });
  if (!stage.dark) return names.below.length ? layer.clone({ data: names.below }) : [];
  const { names: getColor, halo: outlineColor } = stage.scene.dark;
  const light = { getColor, outlineColor };
  if (!stage.raster) return names.below.length ? layer.clone({ data: names.below, ...light, updateTriggers: { getColor: true } }) : [];
  return [
    ...(names.inside.length ? [layer.clone({ data: names.inside })] : []),
    ...(names.outside.length ? [layer.clone({ id: `${layer.id}-outside`, data: names.outside, ...light })] : []),
  ];
}

// The name of the largest place, where no side of it is free of sensors: above them, to be read.
function topName(view, stage) {
  const own = stage.layers.find(({ id }) => id === `${view}-names`);
  if (!own || (stage.streets && stage.data.tiles.kind === "raster")) return [];
  const { top } = namesShown(own.props.data, stage, view);
  if (!top.length || stage.raster) return [];
  const { names: getColor, halo: outlineColor } = stage.scene.dark;
  return own.clone({
    id: `${view}-top-name`, data: top, getPixelOffset: ({ shift }) => shift,
    ...(stage.dark ? { getColor, outlineColor } : {}), updateTriggers: { getColor: stage.dark },
  });
}

function namesFrom({ camera, geographic }) {
  return geographic ? Math.floor(camera.zoom) : 0;
}

// The names that fit, kept while the map stands as it does so that they are not laid out anew. Each is
// there in full, beside the sensors and the map's tools, or not at all.
function namesShown(data, stage, view) {
  const { camera, frames, raster, data: { alone, swipe } } = stage, frame = frames[view];
  const stands = JSON.stringify([camera, frame.clientWidth, frame.clientHeight, alone, swipe, toolsOf(frame)]);
  const kept = (stage.names ??= {})[view];
  if (kept?.stands === stands) return kept;
  const all = placedNames(data, stage, view);
  const same = kept && JSON.stringify(kept.all) === JSON.stringify(all);
  const [west, south, east, north] = raster?.bounds ?? [];
  const within = ({ at: [x, y] }) => x >= west && x <= east && y >= south && y <= north;
  const below = all.filter(({ above }) => !above), top = all.filter(({ above }) => above);
  const lists = same ? kept : { all, below, top, inside: all.filter(within), outside: all.filter((name) => !within(name)) };
  return (stage.names[view] = { ...lists, stands });
}

// The names of this zoom, the largest places first, each with how far it stands from its place.
function placedNames(data, stage, view) {
  const { camera } = stage, from = namesFrom(stage), frame = stage.frames[view];
  const world = WORLD * 2 ** camera.zoom, middle = mercator(camera.latitude);
  const [width, height] = [frame.clientWidth, frame.clientHeight];
  const flat = ([longitude, latitude]) => [
    width / 2 + ((longitude - camera.longitude) / 360) * world, height / 2 - (mercator(latitude) - middle) * world];
  const dots = dotsOf(stage, view).map(flat), taken = toolsOf(frame), found = [];
  let largest = true;
  for (const name of data) {
    if (name.zoom > from) continue;
    const half = (LETTER * name.text.length) / 2, [x, y] = flat(name.at);
    if (x < -half || x > width + half || y < -LINE || y > height + LINE) {
      found.push({ ...name, shift: [0, 0] }); // comes in when the map is moved
      continue;
    }
    const box = ([right, down]) => [x + right - half, y + down - LINE, x + right + half, y + down + LINE];
    const open = BESIDE.map(([right, down]) => [right * 2 * half, down * 2 * LINE]).filter((shift) => {
      const [left, top, end, foot] = box(shift);
      return left > 0 && top > 0 && end < width && foot < height && !taken.some((other) => overlap(other, box(shift)));
    });
    if (!open.length) continue;
    const covered = (shift) => dots.filter(([a, b]) => overlap([a - DOT, b - DOT, a + DOT, b + DOT], box(shift))).length;
    const free = open.find((shift) => !covered(shift));
    if (!free && !largest) continue;
    largest = false; // it stays, for a map is known by it
    const shift = free ?? open.reduce((one, other) => (covered(other) < covered(one) ? other : one));
    taken.push(box(shift));
    found.push({ ...name, shift, above: !free });
  }
  return found;
}

const overlap = (one, other) => one[0] < other[2] && other[0] < one[2] && one[1] < other[3] && other[1] < one[3];

// Where the dots of a network lie; of very many none is avoided, since there would be no room beside.
function dotsOf(stage, view) {
  if (stage.raster) return [];
  const { data } = stage.layers.find(({ id }) => id === view + SITES).props;
  return data.length > MOST_AVOIDED ? [] : data.map(({ position }) => position);
}

// The boxes of what lies on a map, in pixels from its corner.
function toolsOf(frame) {
  const { x, y } = frame.getBoundingClientRect();
  return [...frame.querySelectorAll(".tools, .find, .ruler, .north, .source, .thanks")]
    .map((part) => part.getBoundingClientRect()).filter(({ width }) => width)
    .map((box) => [box.x - x - 3, box.y - y - 3, box.right - x + 3, box.bottom - y + 3]);
}

// Height on the world's map, whose width is 1.
function mercator(latitude) {
  return Math.log(Math.tan(Math.PI / 4 + (latitude * Math.PI) / 360)) / (2 * Math.PI);
}

// Once the map rests, other names may fit.
function settleNames(stage) {
  clearTimeout(stage.resting);
  stage.resting = setTimeout(() => {
    if (!stage.closed && stage.look) stage.deck.setProps({ layers: drawnLayers(stage) });
  }, REST);
}

// --- streets ------------------------------------------------------------------------------------

// The button is there once a tile in the middle of the map has come: never a void to switch on.
async function offerStreets(stage) {
  const { tiles } = stage.data, button = stage.root.querySelector("[data-action=streets]");
  if (!tiles || !button || !stage.geographic) return;
  if (!(await reachable(tiles, stage.camera)) || stage.closed) return;
  button.hidden = false;
  showStreets(stage, Boolean(registry.streets));
}

async function reachable(tiles, { longitude, latitude, zoom }) {
  const z = Math.min(Math.max(Math.round(zoom + 1), tiles.low), tiles.high), across = 2 ** z;
  const radians = (latitude * Math.PI) / 180;
  const x = Math.floor(((longitude + 180) / 360) * across);
  const y = Math.floor((across * (1 - Math.asinh(Math.tan(radians)) / Math.PI)) / 2);
  const address = tiles.address.replace("{z}", z).replace("{x}", (x + across) % across).replace("{y}", y);
  try {
    const answer = await fetch(address, { signal: AbortSignal.timeout(TRY) });
    return answer.ok && answer.status !== 204;
  } catch {
    return false;
  }
}

function showStreets(stage, on) {
  registry.streets = stage.streets = on;
  stage.root.classList.toggle("tiled", on);
  const button = stage.root.querySelector("[data-action=streets]");
  if (button) button.ariaPressed = String(on);
  redraw(stage);
}

// Above the land, which stays where no tile comes.
function streetLayer(view, stage) {
  const { deck } = globalThis;
  const { address, low, high, kind } = stage.data.tiles;
  const shared = { id: `${view}-streets`, data: new URL(address, location.href).href.replaceAll("%7B", "{").replaceAll("%7D", "}"), minZoom: low, maxZoom: high, pickable: false };
  if (kind === "vector") return vectorStreets(shared, stage);
  return new deck.TileLayer({
    ...shared,
    tileSize: 256,
    opacity: stage.dark ? 0.5 : 0.6,
    onTileError: () => {}, // beyond a city's own extract there are none
    renderSubLayers: (props) => {
      const { west, south, east, north } = props.tile.bbox;
      return props.data && new deck.BitmapLayer(props, { data: null, image: props.data, bounds: [west, south, east, north] });
    },
  });
}

// Water and ways of a vector file, which the server has read.
function vectorStreets({ data, ...shared }, stage) {
  const { deck } = globalThis;
  const { water, ways } = stage.dark ? stage.scene.dark : stage.scene.streets;
  const lines = (props, name, width) => new deck.PathLayer({
    id: `${props.id}-${name}`, data: props.data[name], getPath: (path) => path, getColor: ways, getWidth: width,
    widthUnits: "pixels", capRounded: true, jointRounded: true, updateTriggers: { getColor: stage.dark },
  });
  return new deck.TileLayer({
    ...shared,
    tileSize: 512,
    getTileData: ({ index: { x, y, z }, signal }) =>
      fetch(data.replace("{z}", z).replace("{x}", x).replace("{y}", y), { signal })
        .then((answer) => (answer.ok ? answer.json() : null)),
    onTileError: () => {},
    renderSubLayers: (props) => props.data && [
      new deck.SolidPolygonLayer({
        id: `${props.id}-water`, data: props.data.water, getPolygon: (rings) => rings, getFillColor: water,
        updateTriggers: { getFillColor: stage.dark },
      }),
      lines(props, "ways", 0.9),
      lines(props, "broad", 2.2),
    ],
    updateTriggers: { renderSubLayers: stage.dark },
  });
}

// --- zones --------------------------------------------------------------------------------------

// What a planner's zones are called and how many sensors they have, above all but what was found.
function zoneNames(view, { look, scene, dark, raster }) {
  const data = look.borders.filter(({ label }) => label);
  if (!data.length) return [];
  const light = dark && !raster;
  return [new globalThis.deck.TextLayer({
    id: `${view}-zone-names`, data, getPosition: ({ at }) => at, getText: ({ label }) => label, pickable: false,
    getSize: 13, fontWeight: 700, fontFamily: "sans-serif", characterSet: "auto",
    getColor: light ? scene.dark.names : scene.border, outlineWidth: 3,
    outlineColor: light ? scene.dark.halo : [255, 255, 255, 230], fontSettings: { fontSize: 32, buffer: 6, sdf: true },
    updateTriggers: { getColor: light },
  })];
}
