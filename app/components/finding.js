// A button on the map, and beside it once it is asked for, a box that finds a sensor by its id or a
// place by its name, takes the camera there and marks it.
const FOUND_MOST = 8;
const CLOSER = { place: 1.5, site: 2 }; // zoom levels beyond the whole, at least, that a find is shown at
const FOUND = [230, 80, 0, 255];
const FIND_KEY = "/"; // while the maps have the focus
const LENS = '<svg width="14" height="14" viewBox="0 0 14 14" fill="none" stroke="currentColor" ' +
  'stroke-width="1.8" stroke-linecap="round" aria-hidden="true"><circle cx="5.7" cy="5.7" r="4.2" /><path d="M9 9l4 4" /></svg>';

function buildFinder(stage) {
  const { data } = stage;
  const box = element("div", "find", stage.frames[data.views[0]]);
  const input = element("input", "", box);
  const button = element("button", "tool", box);
  const list = element("ul", "finds", box);
  const what = data.places ? `place or ${data.words.noun}` : data.words.noun;
  Object.assign(button, { type: "button", innerHTML: LENS, title: `Find a ${what} (${FIND_KEY} while the map has the focus)` });
  Object.assign(button, { ariaLabel: `Find a ${what}`, ariaExpanded: "false", ariaKeyShortcuts: FIND_KEY });
  button.onpointerdown = (event) => event.preventDefault(); // the box keeps the focus
  Object.assign(input, { type: "search", placeholder: `Find a ${what}`, autocomplete: "off", role: "combobox" });
  Object.assign(input, { ariaLabel: `Find a ${what} on the map`, ariaExpanded: "false", ariaAutoComplete: "list" });
  Object.assign(list, { id: `finds-${data.id}`, role: "listbox", ariaLabel: "Found", hidden: true });
  input.setAttribute("aria-controls", list.id);
  stage.finder = { box, button, input, list, found: [], at: -1, places: null };
  button.onclick = () => (box.classList.contains("open") ? closeFinder(stage) : openFinder(stage));
  stage.root.onkeydown = (event) => {
    if (event.key !== FIND_KEY || event.ctrlKey || event.metaKey || event.altKey || data.present) return;
    event.preventDefault(); // else it would be typed into the box
    openFinder(stage);
  };
  input.oninput = () => (input.value ? searchFor(stage) : forget(stage));
  input.onkeydown = (event) => steer(stage, event);
  input.onblur = () => setTimeout(() => { // a click on the list comes first
    if (stage.root.getRootNode().activeElement === input) return;
    openFinds(stage, false);
    if (!input.value) showFinder(stage, false);
  }, 200);
  list.onpointerdown = (event) => {
    event.preventDefault();
    const at = [...list.children].indexOf(event.target.closest("[role=option]"));
    if (at >= 0) goTo(stage, stage.finder.found[at]);
  };
}

function openFinder(stage) {
  showFinder(stage, true);
  stage.finder.input.focus();
}

// Nothing stays found, and the keyboard stays where it was.
function closeFinder(stage) {
  stage.finder.input.value = "";
  forget(stage);
  stage.finder.button.focus();
  showFinder(stage, false);
}

function showFinder(stage, on) {
  const { box, button } = stage.finder;
  box.classList.toggle("open", on);
  button.ariaExpanded = String(on);
}

// Without accents and capitals: "koln" finds Köln.
const plain = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").replace(/ß/g, "ss").toLowerCase();

async function searchFor(stage) {
  const { finder } = stage;
  const asked = plain(finder.input.value.trim());
  if (!asked || !stage.deck) return openFinds(stage, false);
  finder.places ??= await placesOf(stage);
  if (asked !== plain(finder.input.value.trim())) return; // overtaken while places were fetched
  finder.sites ??= stage.ids().map((id) => plain(id));
  const sites = best(finder.sites, asked).map(([rank, row]) => [rank, { row, text: stage.ids()[row] }]);
  const places = best(finder.places.plain, asked).map(([rank, at]) => [rank, { row: -1, at, text: finder.places.names[at] }]);
  finder.found = [...sites, ...places].sort((a, b) => a[0] - b[0]).slice(0, FOUND_MOST).map(([, one]) => one);
  finder.at = finder.found.length ? 0 : -1;
  listFinds(stage);
}

// The texts that match best, with how well: 0 the same, 1 begins so, 2 a word begins so, 3 within.
function best(texts, asked) {
  const found = [[], [], [], []];
  for (let at = 0; at < texts.length && found[0].length < FOUND_MOST; at++) {
    const from = texts[at].indexOf(asked);
    if (from < 0) continue;
    const rank = texts[at] === asked ? 0 : from === 0 ? 1 : /[\s,-]/.test(texts[at][from - 1]) ? 2 : 3;
    if (found[rank].length < FOUND_MOST) found[rank].push([rank, at]);
  }
  return found.flat().slice(0, FOUND_MOST);
}

// Names of places round the map, the largest first, fetched when first asked for.
async function placesOf(stage) {
  const none = { names: [], plain: [], longitude: [], latitude: [] };
  if (!stage.data.places) return none;
  const packed = await fetched(stage.data.places).catch(() => null);
  if (!packed) return none;
  const { names, longitude, latitude } = packed.arrays;
  const texts = names.length ? new TextDecoder().decode(names).split("\n") : [];
  return { names: texts, plain: texts.map(plain), longitude, latitude };
}

function listFinds(stage) {
  const { finder } = stage;
  finder.list.replaceChildren();
  finder.found.forEach(({ row, text }, at) => {
    const entry = element("li", "", finder.list, text);
    Object.assign(entry, { role: "option", id: `${finder.list.id}-${at}`, ariaSelected: String(at === finder.at) });
    element("span", "kind", entry, row < 0 ? "place" : stage.data.words.noun);
  });
  if (!finder.found.length)
    element("li", "none", finder.list, `No ${stage.data.places ? "place or " : ""}${stage.data.words.noun} of that name round here`);
  openFinds(stage, true);
}

function openFinds(stage, on) {
  const { input, list, at } = stage.finder;
  list.hidden = !on;
  input.ariaExpanded = String(on);
  if (on && at >= 0) input.setAttribute("aria-activedescendant", `${list.id}-${at}`);
  else input.removeAttribute("aria-activedescendant");
}

function steer(stage, event) {
  event.stopPropagation(); // letters typed here are no shortcuts of the page
  const { finder } = stage;
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step && finder.found.length) {
    event.preventDefault();
    finder.at = (finder.at + step + finder.found.length) % finder.found.length;
    listFinds(stage);
  } else if (event.key === "Enter" && finder.at >= 0) {
    event.preventDefault();
    goTo(stage, finder.found[finder.at]);
  } else if (event.key === "Escape") {
    closeFinder(stage);
  }
}

function goTo(stage, one) {
  const { finder, raster, camera, fit } = stage;
  const { longitude, latitude } = finder.places;
  const at = one.row < 0 ? [longitude[one.at], latitude[one.at]] : placeOf(stage, one.row);
  finder.input.value = one.text;
  openFinds(stage, false);
  stage.found = { at, text: one.text, site: one.row >= 0 };
  const zoom = Math.max(camera.zoom, fit.zoom + CLOSER[one.row < 0 || raster ? "place" : "site"]);
  moveTo(stage, { ...camera, zoom, ...(stage.geographic ? { longitude: at[0], latitude: at[1] } : { target: [...at, 0] }) });
  redraw(stage);
  if (one.row >= 0) stage.send("site", one.text);
}

function placeOf(stage, row) {
  if (!stage.raster) return stage.layers.find((one) => one.id.endsWith(SITES)).props.data[row].position.slice(0, 2);
  const ring = corners(stage.raster, row).slice(0, 4);
  return [0, 1].map((axis) => ring.reduce((sum, corner) => sum + corner[axis], 0) / ring.length);
}

function forget(stage) {
  stage.finder.found = [];
  stage.finder.at = -1;
  openFinds(stage, false);
  if (!stage.found) return;
  stage.found = null;
  redraw(stage);
}

// A ring and, for a place, its name: above all else, on every map.
function marks(view, { found }) {
  const { deck } = globalThis;
  if (!found) return [];
  const data = [found];
  return [
    new deck.ScatterplotLayer({
      id: `${view}-found`, data, getPosition: ({ at }) => at, pickable: false, filled: false, stroked: true,
      radiusUnits: "pixels", getRadius: 15, lineWidthUnits: "pixels", getLineWidth: 3, getLineColor: FOUND,
    }),
    new deck.TextLayer({
      id: `${view}-found-name`, data: data.filter(({ site }) => !site), getPosition: ({ at }) => at, pickable: false,
      getText: ({ text }) => text, getPixelOffset: [0, -26], getSize: 14, getColor: FOUND, fontWeight: 700,
      fontFamily: "sans-serif", characterSet: "auto", outlineWidth: 3, outlineColor: [255, 255, 255, 230],
      fontSettings: { fontSize: 32, buffer: 6, sdf: true },
    }),
  ];
}
