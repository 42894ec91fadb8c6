// A scale bar and the way north, on the first map; the camera never turns, so north is up.
const RULER_MOST = 110; // pixels
const METRES_ROUND = 40_075_016.686; // round the equator
const NUMBERS = [5, 2, 1];

function buildRuler(stage) {
  const frame = stage.frames[stage.data.views[0]];
  stage.ruler = element("div", "ruler", frame);
  element("div", "length", stage.ruler);
  element("div", "line", stage.ruler);
  stage.north = element("div", "north", frame, "N");
  stage.north.title = "North is up";
  stage.north.hidden = true;
}

// The longest round number of metres that fits, drawn at its true length in the middle of the map.
function measure(stage) {
  const { camera, geographic, ruler } = stage;
  if (!camera) return;
  const scale = 2 ** camera.zoom; // pixels of a unit, or of a 512th of the world
  const metres = geographic
    ? (METRES_ROUND * Math.cos((camera.latitude * Math.PI) / 180)) / (WORLD * scale)
    : 1 / scale;
  const most = metres * RULER_MOST, power = 10 ** Math.floor(Math.log10(most));
  const length = NUMBERS.map((number) => number * power).find((number) => number <= most);
  if (!length) return;
  ruler.querySelector(".length").textContent = length >= 1000 ? `${length / 1000} km` : `${+length.toPrecision(3)} m`;
  ruler.querySelector(".line").style.width = `${length / metres}px`;
  stage.north.hidden = !geographic;
}
