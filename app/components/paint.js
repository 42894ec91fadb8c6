// Hands new colours to the maps that linked_maps.js drew, and leaves them for maps still loading
// and for the same maps put anew on the page.
// They come with the message, or it names the file they lie in, which the maps may have fetched.
const registry = (globalThis.dynstMaps ??= { stages: new Map(), latest: null, turn: 0 });

export default function ({ data }) {
  const turn = ++registry.turn;
  unpack(data).then(complete).then((look) => {
    if (turn !== registry.turn) return; // a later one overtook it
    registry.latest = look;
    registry.stages.get(look.stage)?.paint(look);
  });
}

async function complete(look) {
  if (!look.file) return look;
  const picture = registry.stages.get(look.stage)?.pictures.get(look.file) ?? await fetched(look.file);
  return { ...picture, selected: look.selected };
}
