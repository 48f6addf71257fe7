// The controls and the keys; the last file: it starts the page.

function onClick(id, action) {
  byId(id).addEventListener("click", action);
}

function byHand(action) {
  return () => {
    pause();
    action();
  };
}

const acts = {
  first: byHand(() => goTo(0)),
  back: byHand(() => goTo(player.at - 1)),
  play: () => (player.playing ? pause() : play()),
  on: byHand(() => goOn()),
  last: byHand(() => goTo(moments.length - 1)),
};
const KEYS = { Home: "first", ArrowLeft: "back", " ": "play", ArrowRight: "on", End: "last" };

function onKey(event) {
  if (event.defaultPrevented || event.altKey || event.ctrlKey || event.metaKey) return;
  const tag = event.target.tagName;
  if (!byId("quiz").hidden && /^[1-9]$/.test(event.key)) {
    byId("answers").children[Number(event.key) - 1]?.click();
    return;
  }
  const name = KEYS[event.key];
  // A button has its own space, a menu its own arrows.
  if (!name || tag === "SELECT" || (event.key === " " && (tag === "BUTTON" || tag === "SUMMARY"))) return;
  event.preventDefault();
  acts[name]();
}

function switchTheme() {
  const root = document.documentElement;
  const dark = root.dataset.theme
    ? root.dataset.theme === "dark"
    : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = dark ? "light" : "dark";
}

/** A notebook tells which of its themes is on, and when that changes. */
function takeTheme(event) {
  const theme = event.data?.theme;
  if (event.source !== window.parent || !["light", "dark"].includes(theme)) return;
  document.documentElement.dataset.theme = theme;
}

function switchTable() {
  const shown = byId("static").hidden;
  byId("static").hidden = !shown;
  byId("table").setAttribute("aria-expanded", String(shown));
  if (shown) byId("static").scrollIntoView();
}

function switchFull() {
  if (document.fullscreenElement) document.exitFullscreen();
  else document.documentElement.requestFullscreen().catch(() => {});
}

function goToPlace(event) {
  const x = event.clientX - byId("tracks").getBoundingClientRect().left - left;
  const distances = moments.map((moment) => Math.abs(placeOf(moment) - x));
  pause();
  goTo(distances.indexOf(Math.min(...distances)));
}

function buildControls() {
  for (const name of Object.keys(ICONS)) if (byId(name)) byId(name).append(icon(name));
  for (const [name, act] of Object.entries(acts)) onClick(name, act);
  onClick("ask", () => {
    switchQuiz();
    show(player.at);
  });
  onClick("theme", switchTheme);
  onClick("table", switchTable);
  onClick("full", switchFull);
  onClick("tracks", goToPlace);
  byId("full").hidden = !document.fullscreenEnabled;
  for (const speed of SPEEDS) byId("speed").append(new Option(`${speed} ×`, speed, speed === 1, speed === 1));
  byId("speed").addEventListener("change", () => markPlaying());
  byId("scrubber").max = moments.length - 1;
  byId("scrubber").addEventListener("input", () => {
    pause();
    goTo(Number(byId("scrubber").value));
  });
  document.addEventListener("keydown", onKey);
  window.addEventListener("message", takeTheme);
}

function redraw() {
  drawTimeline();
  placeArrows();
  if (player.frame === null) show(player.at);
  else revealLane(moments[player.at]); // a step that is under way goes on
}

byId("replay").hidden = false;
byId("static").hidden = true;
buildCode();
buildStage();
buildControls();
markPlaying();
redraw();
new ResizeObserver(() => requestAnimationFrame(redraw)).observe(byId("tracks"));
