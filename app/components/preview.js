// Pictures of the run's own levels, fetched ahead, so that the maps follow the slider while it is
// still being moved; the page's own answer comes after and is the same picture.
const AGAIN = 500; // milliseconds until pictures that were not made yet are asked for again
const PATIENCE = 60; // rounds of asking before the maps do without them

// Called with every rerun of the page.
function follow(stage) {
  const slider = document.querySelector(".st-key-level");
  if (slider && slider !== stage.slider) {
    stage.watcher?.disconnect();
    stage.slider = slider;
    stage.watcher = new MutationObserver(() => preview(stage));
    stage.watcher.observe(slider, { subtree: true, attributes: true, attributeFilter: ["aria-valuetext"] });
  }
  const wanted = stage.data.previews ?? [];
  if (wanted.join() === stage.wanted.join()) return;
  stage.wanted = wanted;
  stage.pictures.clear();
  fetchAhead(stage, wanted);
}

// All pictures, those near the slider first.
async function fetchAhead(stage, wanted) {
  const from = position(stage) ?? 0;
  const near = [...wanted.keys()].sort((a, b) => Math.abs(a - from) - Math.abs(b - from));
  for (let round = 0; round < PATIENCE && stage.pictures.size < wanted.length; round++) {
    await new Promise((done) => setTimeout(done, AGAIN));
    for (const address of near.map((level) => wanted[level])) {
      if (stage.closed || stage.wanted !== wanted) return;
      if (stage.pictures.has(address)) continue;
      const look = await fetched(address).catch(() => null);
      if (!look) break; // they are made in about this order
      if (stage.wanted === wanted) stage.pictures.set(address, look);
    }
  }
}

function position(stage) {
  return stage.slider?.querySelector("input")?.valueAsNumber;
}

// The picture of the level that the slider stands at, where it is at hand.
function previewed(stage) {
  return stage.pictures.get(stage.wanted[position(stage)]);
}

// Never over a picture that the page's own answer brought and the slider alone does not tell: of
// another lead time or of a plan with wishes, whose own pictures are not fetched yet.
function preview(stage) {
  const look = previewed(stage);
  if (look && stage.look && look.version !== stage.look.version && foreseen(stage, stage.look))
    show(stage, { ...look, selected: stage.look.selected });
}

// An answer to where the slider was before it went on: the next one is on its way.
function outrun(stage, look) {
  const here = previewed(stage);
  return here && here.version !== look.version && foreseen(stage, look);
}

function foreseen(stage, look) {
  return [...stage.pictures.values()].some((other) => other.version === look.version);
}
