// The wheel scrolls the page, as everywhere else on it, until the map is active: clicked or focused,
// on the whole screen, or asked for with Ctrl, which a pinch on a touchpad counts as too.
const HINT = 1600; // milliseconds for which it is said how the wheel zooms

function guardWheel(stage) {
  const hint = element("div", "wheel-hint", stage.root, "Click the map or hold Ctrl to zoom with the wheel");
  hint.ariaHidden = "true";
  const guard = (event) => {
    if (event.ctrlKey || event.metaKey || document.fullscreenElement || active(stage)) return;
    event.stopPropagation(); // deck.gl would zoom, and keep the page from scrolling
    hint.classList.add("shown");
    clearTimeout(stage.hinted);
    stage.hinted = setTimeout(() => hint.classList.remove("shown"), HINT);
  };
  stage.root.addEventListener("wheel", guard, { capture: true, passive: true, signal: stage.leaving.signal });
}

function active(stage) {
  const focused = stage.root.getRootNode().activeElement;
  return Boolean(focused && stage.root.querySelector(".canvas").contains(focused));
}
