// A mesh as one shaded surface a map: each corner of a triangle has the colour of its node.

// Corners of all triangles, (3 f, 3): places in metres of the frame, or from the first node on.
function meshPlaces(stage) {
  if (stage.surface) return stage.surface;
  const { triangles, nodes } = stage.scene.arrays;
  const origin = stage.geographic ? [nodes[0], nodes[1]] : [0, 0];
  const metres = 111320;
  const scale = stage.geographic ? [metres * Math.cos((origin[1] * Math.PI) / 180), metres] : [1, 1];
  const places = new Float32Array(3 * triangles.length);
  for (let at = 0; at < triangles.length; at++) {
    const node = triangles[at];
    places[3 * at] = (nodes[2 * node] - origin[0]) * scale[0];
    places[3 * at + 1] = (nodes[2 * node + 1] - origin[1]) * scale[1];
  }
  stage.surface = { places, origin };
  return stage.surface;
}

// The colours of all corners, 0 to 1, over white as far as they are transparent.
function meshColours(stage, view) {
  const { arrays } = stage.look;
  const table = arrays[`fill/table/${view}`], rows = arrays[`fill/rows/${view}`];
  const { triangles } = stage.scene.arrays;
  const colours = new Float32Array(4 * triangles.length);
  for (let at = 0; at < triangles.length; at++) {
    const from = 4 * rows[triangles[at]], share = table[from + 3] / 255;
    for (let part = 0; part < 3; part++)
      colours[4 * at + part] = share * (table[from + part] / 255) + 1 - share;
    colours[4 * at + 3] = 1;
  }
  return colours;
}

function surface(view, stage) {
  const { places, origin } = meshPlaces(stage);
  const images = (stage.look.images ??= {});
  images[`mesh/${view}`] ??= {
    positions: { value: places, size: 3 },
    colors: { value: meshColours(stage, view), size: 4 },
  };
  return new globalThis.deck.SimpleMeshLayer({
    id: `${view}-mesh`, data: [{ position: [...origin, 0] }], mesh: images[`mesh/${view}`],
    getPosition: (one) => one.position, getColor: [255, 255, 255], material: { ambient: 1, diffuse: 0, shininess: 1, specularColor: [0, 0, 0] },
    sizeScale: 1, pickable: false, parameters: { cullMode: "none", depthCompare: "always" },
  });
}
