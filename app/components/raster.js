// Cells of a grid as the pixels of one picture a map, and where a place lies among them.
const MOST_OUTLINES = 4000; // more would be a blur, and slow

// The colours of all cells as a picture; `rows` says which row of the table each cell has.
function picture(raster, table, rows) {
  const width = raster.columns.length, height = raster.rows.length;
  const colours = new Uint32Array(table.buffer, table.byteOffset, table.length / 4);
  const pixels = new Uint32Array(width * height);
  const across = raster.x.length - 1;
  for (let line = 0, at = 0; line < height; line++) {
    const first = raster.rows[line] * across;
    for (let column = 0; column < width; column++, at++)
      pixels[at] = colours[rows[first + raster.columns[column]]];
  }
  return new ImageData(new Uint8ClampedArray(pixels.buffer), width, height);
}

// The cell at a place, or -1; the world repeats every 360 degrees.
function cellAt(raster, [x, y], geographic) {
  const row = between(raster.y, y);
  for (const turn of geographic ? [0, 360, -360] : [0]) {
    const column = between(raster.x, x + turn);
    if (row >= 0 && column >= 0) return row * (raster.x.length - 1) + column;
  }
  return -1;
}

// Between which two of some borders, rising or falling, a value lies, or -1.
function between(borders, value) {
  const falling = borders.at(-1) < borders[0];
  const beyond = (index) => (falling ? borders[index] < value : borders[index] > value);
  let low = 0, high = borders.length - 1;
  if (beyond(0) || !(beyond(high) || borders[high] === value)) return -1;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (beyond(middle)) high = middle;
    else low = middle;
  }
  return low;
}

function corners(raster, cell) {
  const across = raster.x.length - 1;
  const row = Math.floor(cell / across), column = cell % across;
  const { x, y } = raster;
  return [[x[column], y[row]], [x[column + 1], y[row]], [x[column + 1], y[row + 1]], [x[column], y[row + 1]]];
}

// Cells whose outline says something: that of a removed cell only says what its white says.
function outlinedCells(table, rows, faint) {
  const messages = [];
  for (let row = 0; row < table.length / 4; row++) {
    const colour = table.slice(4 * row, 4 * row + 4);
    if (colour[3] && colour.some((part, index) => part !== faint[index])) messages[row] = [...colour];
  }
  const found = [];
  if (!messages.length) return found;
  for (let cell = 0; cell < rows.length && found.length <= MOST_OUTLINES; cell++)
    if (messages[rows[cell]]) found.push({ cell, colour: messages[rows[cell]] });
  return found.length > MOST_OUTLINES ? [] : found;
}
