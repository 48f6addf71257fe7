// The player: which moment is shown, how one goes to another, and what the controls do.

const DWELL = 1500; // milliseconds a moment is shown at speed 1
const SPEEDS = [0.1, 0.25, 0.5, 1, 2, 4, 10];
const calm = matchMedia("(prefers-reduced-motion: reduce)");
const player = { at: 0, playing: false, timer: null, frame: null };

/** Show a moment at once. */
function show(at, { move = false } = {}) {
  stopGliding();
  const moment = moments[at];
  player.at = at;
  drawStage(moment, { move: move && !calm.matches });
  drawCode(moment);
  drawPrinted(moment);
  revealLane(moment);
  showTime(moment, moment.time, placeOf(moment));
  say(moment);
  byId("scrubber").value = at;
  byId("scrubber").setAttribute("aria-valuetext", counted(moment));
  byId("counter").replaceChildren(make("span", { class: "word" }, "step "), `${moment.step + 1} of ${steps.length}`);
  byId("replay").dataset.moment = at;
  disable("first", at === 0);
  disable("back", at === 0);
  disable("on", at === moments.length - 1);
  disable("last", at === moments.length - 1);
}

/** Buttons that would do nothing stay where they are, also for the one whose focus is on them. */
function disable(id, off) {
  byId(id).setAttribute("aria-disabled", String(off));
}

/** Where a moment is; the sentence, which is read out by itself, tells what happens. */
function counted(moment) {
  const place = `step ${moment.step + 1} of ${steps.length}`;
  return moment.running === null ? place : `${place}, ${nameOf(moment.running)} runs`;
}

function showTime(moment, time, x) {
  byId("clock").textContent = formatClock(time);
  drawWaits(moment, time);
  drawCursor(x);
}

function say(moment) {
  const parts = quiz.on ? moment.sentence : [...moment.sentence, " ", ...moment.outlook];
  byId("sentence").replaceChildren(...written(parts));
}

/** Go on by one moment, and let the time between be seen to pass. */
function glide(at) {
  const [from, to] = [moments[player.at], moments[at]];
  const speed = player.playing ? Number(byId("speed").value) : 1;
  const idles = to.begin - from.time > NOTABLE;
  const holds = to.time - to.begin > NOTABLE;
  if (calm.matches || !(idles || holds)) {
    show(at, { move: true });
    return;
  }
  const length = (idles ? 700 : 900) / Math.max(0.5, speed);
  const arrive = () => {
    show(at, { move: true });
    if (holds) sweep(to, to.begin, to.time, scale.begins[to.step], placeOf(to), length, () => {});
  };
  if (idles) sweep(from, from.time, to.begin, placeOf(from), scale.begins[to.step], length, arrive);
  else arrive();
}

function sweep(moment, from, to, left, right, length, then) {
  let start = null;
  showTime(moment, from, left); // before anything is painted that shows the end
  const step = (now) => {
    start ??= now;
    const share = Math.min(1, (now - start) / length);
    showTime(moment, from + share * (to - from), left + share * (right - left));
    if (share < 1) player.frame = requestAnimationFrame(step);
    else {
      player.frame = null;
      then();
    }
  };
  player.frame = requestAnimationFrame(step);
}

function stopGliding() {
  if (player.frame !== null) cancelAnimationFrame(player.frame);
  player.frame = null;
}

function goTo(at) {
  stopAsking();
  show(Math.min(moments.length - 1, Math.max(0, at)), { move: Math.abs(at - player.at) === 1 });
}

/** One moment on: asks first, where the quiz is on and has not asked yet. */
function goOn({ asked = false } = {}) {
  if (player.at >= moments.length - 1) {
    pause();
    return;
  }
  if (quiz.on && !asked && quiz.asked === null && askBefore(player.at, () => goOn({ asked: true }))) {
    pause();
    byId("answers").querySelector("button").focus();
    return;
  }
  stopAsking();
  byId("verdict").textContent = "";
  glide(player.at + 1);
}

function play() {
  if (player.at >= moments.length - 1) goTo(0);
  player.playing = true;
  markPlaying();
  tick();
}

function tick() {
  if (!player.playing) return;
  const speed = Number(byId("speed").value);
  player.timer = setTimeout(() => {
    if (player.frame === null) goOn();
    tick();
  }, DWELL / speed);
}

function pause() {
  player.playing = false;
  clearTimeout(player.timer);
  markPlaying();
}

function markPlaying() {
  const button = byId("play");
  button.replaceChildren(icon(player.playing ? "pause" : "play"));
  button.setAttribute("aria-label", player.playing ? "Pause" : "Play");
  // Read out while somebody steps; at a run it would only stammer.
  byId("sentence").setAttribute("aria-live", player.playing && Number(byId("speed").value) > 1 ? "off" : "polite");
}
