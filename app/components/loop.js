// Which sites lie within a loop drawn over the maps; its corners are pixels of the canvas.

// Sites of the map that a loop began on; it may lead beyond that map's edge.
function sitesWithin(stage, loop) {
  const view = viewportAt(stage, ...loop[0]);
  if (!view) return [];
  const [across, down] = [0, 1].map((axis) => {
    const values = loop.map((corner) => corner[axis]);
    return [Math.min(...values), Math.max(...values)];
  });
  const middle = view.unproject([(across[0] + across[1]) / 2 - view.x, 0])[0];
  const turned = (x) => stage.geographic ? x + 360 * Math.round((middle - x) / 360) : x;
  const pixel = ([x, y]) => {
    const [right, below] = view.project([turned(x), y]);
    return [right + view.x, below + view.y];
  };
  const found = stage.raster
    ? cellsWithin(stage.raster, loop, across, down, pixel)
    : dotsWithin(stage.layers.find((layer) => layer.id === view.id + SITES).props.data, loop, down, pixel);
  return found.map((row) => stage.ids()[row]);
}

function dotsWithin(dots, loop, down, pixel) {
  const found = [];
  dots.forEach(({ position }, row) => {
    const [x, y] = pixel(position);
    if (y >= down[0] && y <= down[1] && spans(loop, y).some(([from, to]) => x >= from && x <= to)) found.push(row);
  });
  return found;
}

// Cells whose middle lies within: each row of the grid is cut by the loop once, for all its cells.
function cellsWithin(raster, loop, across, down, pixel) {
  const { x, y } = raster;
  const near = (borders, at, [low, high]) => [...borders.keys()].slice(1)
    .map((index) => [index - 1, at((borders[index] + borders[index - 1]) / 2)])
    .filter(([, value]) => value >= low && value <= high);
  const columns = near(x, (middle) => pixel([middle, y[0]])[0], across);
  const found = [];
  for (const [row, height] of near(y, (middle) => pixel([x[0], middle])[1], down))
    for (const [from, to] of spans(loop, height))
      for (const [column, place] of columns)
        if (place >= from && place <= to) found.push(row * (x.length - 1) + column);
  return found;
}

// Where a line across, at some height, lies within a loop. What the loop runs round twice is within.
function spans(loop, height) {
  const crossed = loop.map(([x, y], index) => [loop.at(index - 1), [x, y]])
    .filter(([[, y0], [, y1]]) => (y0 <= height) !== (y1 <= height))
    .map(([[x0, y0], [x1, y1]]) => [x0 + (x1 - x0) * (height - y0) / (y1 - y0), Math.sign(y1 - y0)])
    .sort((a, b) => a[0] - b[0]);
  const found = [];
  let turns = 0, from = 0;
  for (const [x, way] of crossed) {
    if (turns === 0) from = x;
    turns += way;
    if (turns === 0) found.push([from, x]);
  }
  return found;
}
