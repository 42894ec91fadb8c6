// Keys of the Plan view's meeting mode: arrows step the cut, Escape leaves.
const STEPS = { ArrowRight: 1, ArrowUp: 1, PageDown: 1, ArrowLeft: -1, ArrowDown: -1, PageUp: -1 };
const SETTLED = 1500; // milliseconds after which the page's level counts again
const TYPING = "input[type=text], input[type=number], textarea, [role=combobox]";

export default function ({ data, parentElement, setTriggerValue }) {
  const state = (parentElement.dynstKeys ??= { aim: data.level, sent: 0 });
  if (performance.now() - state.sent > SETTLED || state.aim === data.level) state.aim = data.level;
  state.listening?.abort();
  state.listening = new AbortController();
  const { signal } = state.listening;
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest?.(TYPING)) return;
    if (event.key === "Escape") return setTriggerValue("leave", true);
    if (!(event.key in STEPS)) return;
    event.preventDefault();
    event.stopPropagation(); // else the slider or the map would take the same key
    state.aim = Math.min(Math.max(state.aim + STEPS[event.key], 0), data.last);
    state.sent = performance.now();
    setTriggerValue("level", state.aim);
  }, { signal, capture: true });
  return () => state.listening.abort();
}
