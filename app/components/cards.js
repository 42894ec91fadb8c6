// The page's part of each map: its card with caption, frame, tools and legend.
function element(tag, name, parent, text = "") {
  const made = document.createElement(tag);
  made.className = name;
  made.textContent = text;
  parent.append(made);
  return made;
}

// No font is sure to have a sign for it.
const CORNERS = '<svg width="13" height="13" viewBox="0 0 14 14" fill="none" stroke="currentColor" ' +
  'stroke-width="1.6" aria-hidden="true"><path d="M1 5V1h4M9 1h4v4M13 9v4H9M5 13H1V9" /></svg>';

function buildCards(root, data) {
  root.replaceChildren();
  root.removeAttribute("data-painted");
  root.classList.toggle("wide", data.wide);
  element("div", "canvas", root);
  const frames = {};
  for (const view of data.views) {
    const card = element("figure", "card", root);
    card.setAttribute("role", "group");
    const caption = element("figcaption", "caption", card);
    element("div", "title", caption);
    element("div", "subtitle", caption);
    frames[view] = element("div", `frame ${view}`, card);
    if (data.tiles) element("div", "thanks", frames[view], data.tiles.credit).ariaHidden = "true";
    if (data.credit) element("div", "source", frames[view], data.credit);
    element("div", "legend", card);
  }
  const tools = element("div", "tools", frames[data.views[0]]);
  for (const [action, sign, label] of [
    ["in", "+", "Zoom in"], ["out", "\u2212", "Zoom out"], ["fit", "\u2922", "Show all"],
    ...(data.swiping ? [["swipe", "\u25eb", "Both layers on one map, with a swipe"]] : []),
    ...(data.selecting ? [["rectangle", "\u2b1a", `Select ${data.words.noun}s by a rectangle`],
      ["lasso", "\u25cc", `Select ${data.words.noun}s by a loop`]] : []),
    ...(data.tiles ? [["streets", "\u2630", "Streets"]] : []),
    ...(document.fullscreenEnabled ? [["full", "", "Full screen"]] : [])]) {
    const button = element("button", "tool", tools, sign);
    Object.assign(button, { title: label, ariaLabel: label, type: "button" });
    button.dataset.action = action;
    if (action === "streets") button.hidden = true; // until a tile has come
    if (action === "full") button.innerHTML = CORNERS;
  }
  element("div", "trouble", root);
  return frames;
}

function fillLegend(line, legend, stage) {
  line.replaceChildren();
  if (legend.gradient) fillScale(element("div", "scale", line), legend);
  for (const swatch of legend.swatches) {
    const entry = element("div", "swatch", line);
    const dot = element("span", "dot", entry);
    const borderRadius = swatch.round ? "50%" : "1px";
    Object.assign(dot.style, { background: swatch.fill, borderColor: rim(swatch.line, stage), borderRadius });
    element("span", "", entry, swatch.label);
  }
}

function fillScale(scale, legend) {
  element("div", "bar", scale).style.background = legend.gradient;
  const labels = element("div", "labels", scale);
  legend.ticks.forEach(([at, text], index) => {
    const label = element("span", "label", labels, text);
    label.style.left = `${100 * at}%`;
    const last = legend.ticks.length - 1;
    label.dataset.end = index === 0 ? "first" : index === last ? "last" : "";
  });
}
