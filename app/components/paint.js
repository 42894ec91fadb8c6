// Hands new colours to the maps that linked_maps.js drew, or leaves them for maps still loading.
const registry = (globalThis.dynstMaps ??= { stages: new Map(), waiting: new Map() });

export default function ({ data }) {
  const stage = registry.stages.get(data.stage);
  if (stage) stage.paint(data);
  else registry.waiting.set(data.stage, data);
}
