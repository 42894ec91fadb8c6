// Hands new colours to the maps that linked_maps.js drew, or leaves them for maps still loading.
const registry = (globalThis.dynstMaps ??= { stages: new Map(), waiting: new Map(), turn: 0 });

export default function ({ data }) {
  const turn = ++registry.turn;
  unpack(data).then((look) => {
    if (turn !== registry.turn) return; // a later one overtook it
    const stage = registry.stages.get(look.stage);
    if (stage) stage.paint(look);
    else registry.waiting.set(look.stage, look);
  });
}
