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
  const view = viewportAt(stage, ...from);
  if (!view) return [];
  const { raster, ids } = stage;
  if (raster) {
    const [here, there] = [0, 1].map((end) => view.unproject([across[end] - view.x, down[end] - view.y]));
    return cellsWithin(raster, here, there).map((cell) => ids()[cell]);
  }
  const { data } = stage.layers.find((layer) => layer.id === view.id + SITES).props;
  return ids().filter((_, row) => {
    const [x, y] = view.project(data[row].position);
    const within = (value, [low, high]) => value >= low && value <= high;
    return within(x + view.x, across) && within(y + view.y, down);
  });
}
