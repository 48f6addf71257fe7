// The timeline: the loop's own lane, and below it a lane for each task.

// Heights, times the size of the letters; less where the window is low.
const isLow = matchMedia("(max-height: 760px)");
const laneHeight = () => (isLow.matches ? 1.5 : 1.75) * letter;
const LOOP_LANE = 2.1;
const LANES_SEEN = 5;
const LABELS = 7.5;
let scale = null;
let letter = 18;
let left = 0;

function drawTimeline() {
  letter = parseFloat(getComputedStyle(document.documentElement).fontSize);
  const whole = byId("tracks").clientWidth;
  left = Math.min(widestName() + letter, LABELS * letter, whole * 0.28);
  const lanes = byId("lanes");
  // Who has many lanes scrolls them; the bar that shows takes its room from all tracks.
  const crowd = tasks.size > LANES_SEEN;
  lanes.classList.toggle("crowd", crowd);
  if (crowd) lanes.tabIndex = 0;
  const width = (crowd ? lanes.clientWidth : whole) - left - letter;
  scale = makeScale(Math.max(80, width), letter);
  byId("loop-lane").replaceChildren(drawLoop());
  lanes.replaceChildren(drawLanes());
  byId("axis").replaceChildren(drawAxis());
}

function picture(height, words, ...parts) {
  const width = left + scale.width + letter;
  const attributes = { width, height, role: "img", "aria-label": words };
  return draw("svg", attributes, ...parts);
}

function drawLoop() {
  const height = LOOP_LANE * letter;
  const group = draw("g", { transform: `translate(${left} 0)` });
  const parts = [group, label("the loop", height, "")];
  const svg = picture(height, "The loop’s own lane: who held it, and where it was idle", ...parts);
  // Texts are measured where they stand: the drawing has to be in the page by then.
  byId("loop-lane").replaceChildren(svg);
  // As it was recorded: in other gaps the loop was at work itself, or the computer elsewhere.
  for (const [begin, end] of recording.idle) {
    if (end - begin > NOTABLE) drawIdle(group, scale.at(begin), scale.at(end), height, end - begin);
  }
  steps.forEach((step, number) => {
    const [begin, until] = [scale.begins[number], scale.ends[number]];
    if (step.blocked) drawHeld(group, step, begin, until, height);
    else drawTurn(group, step, begin, until, height);
  });
  return svg;
}

function drawIdle(group, from, to, height, seconds) {
  group.append(draw("rect", { class: "idle", ...box(from + 1, to - 1, height, 0.5) }));
  const words = [`idle ${formatSeconds(seconds)}`, "idle"];
  fit(group, words, (from + to) / 2, height, to - from, { class: "quiet", "text-anchor": "middle" });
}

function drawTurn(group, step, from, to, height) {
  const bar = { class: "turn", "data-colour": colours.get(step.task), ...box(from, to, height, 0.86) };
  group.append(draw("rect", bar, draw("title", {}, `${nameOf(step.task)}: ${formatSeconds(step.end - step.start)}`)));
  const name = nameOf(step.task);
  const attributes = { class: "on-colour", "data-colour": colours.get(step.task), "text-anchor": "middle" };
  fit(group, [name, `${name.slice(0, 4)}…`], (from + to) / 2, height, to - from, attributes);
}

function drawHeld(group, step, from, to, height) {
  const { text, line, seconds } = step.blocked;
  const code = text.split("  #")[0];
  const whole = `${nameOf(step.task)}: ${code}, line ${line}`;
  const title = draw("title", {}, `${whole}, ${formatSeconds(seconds)}`);
  group.append(draw("rect", { class: "held", ...box(from, to, height, 1) }, title));
  const time = formatSeconds(seconds);
  const words = [`■ ${whole} · ${time}`, `■ ${code}, line ${line} · ${time}`, `■ ${code} · ${time}`, `■ ${code}`, `■ ${time}`, "■"];
  fit(group, words, (from + to) / 2, height, to - from, { class: "on-held", "text-anchor": "middle" });
}

function drawLanes() {
  const height = laneHeight();
  const words = `A lane for each task: ${recording.tasks.map((task) => task.name).join(", ")}`;
  const svg = picture(height * tasks.size, words);
  byId("lanes").replaceChildren(svg);
  recording.tasks.forEach((task, row) => {
    const group = draw("g", { transform: `translate(${left} ${row * height})`, "data-lane": task.id });
    svg.append(group, label(task.name, height, colours.get(task.id), row * height));
    drawLane(group, task, height);
  });
  return svg;
}

function drawLane(group, task, height) {
  const own = steps.map((step, number) => number).filter((number) => steps[number].task === task.id);
  const bar = (kind, from, to, share) => {
    if (to - from < 0.5) return;
    group.append(draw("rect", { class: kind, "data-colour": colours.get(task.id), ...box(from, to, height, share) }));
  };
  let free = scale.at(task.created);
  own.forEach((number, turn) => {
    const step = steps[number];
    const begin = scale.begins[number];
    const before = turn ? steps[own[turn - 1]] : null;
    const woken = Math.min(begin, Math.max(free, scale.at(step.ready)));
    const late = lateness(step) ? Math.max(free, Math.min(begin, scale.at(step.due))) : null;
    if (before) {
      const until = late ?? woken;
      bar("waits", free, until, 0.56);
      fit(group, [waitOf(before)], (free + until) / 2, height, until - free, { "text-anchor": "middle" });
    }
    if (late === null) bar("ready", before ? woken : free, begin, 0.56);
    else drawLate(group, lateness(step), late, begin, height, bar);
    bar(step.blocked ? "held" : "turn", begin, scale.ends[number], 0.86);
    free = scale.ends[number];
  });
  drawEnding(group, task, own, free, height, bar);
}

function drawLate(group, seconds, from, to, height, bar) {
  bar("late", from, to, 0.56);
  const words = [`late by ${formatSeconds(seconds)}`, "late"];
  fit(group, words, (from + to) / 2, height, to - from, { class: "on-late", "text-anchor": "middle" });
}

function drawEnding(group, task, own, free, height, bar) {
  if (task.ending === "unfinished" || task.finished === null) {
    const until = steps[own.at(-1)]?.waits_for?.until ?? scale.total;
    const late = scale.total - until >= LATE;
    bar("waits", free, late ? scale.at(until) : scale.width, 0.56);
    if (late) drawLate(group, scale.total - until, scale.at(until), scale.width, height, bar);
    return;
  }
  const [sign, word] = { returned: ["✓", "done"], raised: ["✗", "failed"], cancelled: ["⊘", "cancelled"] }[task.ending];
  const room = scale.width + letter - free;
  const words = [`${sign} ${word}`, sign];
  fit(group, words, free + 0.3 * letter, height, room, { class: `ending ${task.ending}`, "text-anchor": "start" });
}

/** Where a bar stands in its lane, `share` of the lane's height. */
function box(from, to, height, share) {
  const tall = height * share;
  return { x: from, y: (height - tall) / 2, width: Math.max(1, to - from), height: tall, rx: Math.max(0, Math.min(3, (to - from) / 3)) };
}

/** Write the first of some texts that has room; none, if none has. */
function fit(group, words, x, height, room, attributes) {
  const text = draw("text", { x, y: height / 2, "dominant-baseline": "central", ...attributes });
  group.append(text);
  for (const each of words) {
    text.textContent = each;
    if (each && text.getComputedTextLength() + 0.25 * letter <= room) return;
  }
  text.remove();
}

function label(name, height, colour, top = 0) {
  const text = draw("text", { x: left - 0.6 * letter, y: top + height / 2, class: "lane-name", "dominant-baseline": "central", "text-anchor": "end" }, short(name));
  const mark = draw("rect", { class: "turn", "data-colour": colour, x: left - 0.4 * letter, y: top + height * 0.1, width: 4, height: height * 0.8, rx: 2 });
  return draw("g", {}, draw("title", {}, name), text, ...(colour ? [mark] : []));
}

const ruler = document.createElement("canvas").getContext("2d");

function widthOf(text) {
  ruler.font = `600 ${letter}px ${getComputedStyle(document.body).fontFamily}`;
  return ruler.measureText(text).width;
}

const widestName = () => Math.max(...["the loop", ...recording.tasks.map((task) => task.name)].map(widthOf));

/** A name that has room beside its lane; what is left out is in the title. */
function short(name) {
  const room = left - 0.7 * letter;
  if (widthOf(name) <= room) return name;
  const letters = [...name];
  while (letters.length > 1 && widthOf(`${letters.join("")}…`) > room) letters.pop();
  return `${letters.join("")}…`;
}

function drawAxis() {
  const group = draw("g", { transform: `translate(${left} 0)` });
  for (const { x, middle, text } of ticks(scale, letter)) {
    group.append(
      draw("line", { x1: x, x2: x, y1: 0, y2: letter * 0.3 }),
      draw("text", { x: middle, y: letter * 1.2, "text-anchor": "middle" }, text),
    );
  }
  return picture(letter * 1.5, "Seconds", group);
}

/** Where the cursor stands at a moment; a time between two moments is on the scale. */
function placeOf(moment) {
  if (moment.step < 0) return 0;
  const [begin, end] = [scale.begins[moment.step], scale.ends[moment.step]];
  if (moment.phase === "leave") return end;
  return moment.time > moment.begin ? end : (begin + end) / 2;
}

function drawCursor(x) {
  const at = left + x;
  byId("cursor").style.transform = `translateX(${at}px)`;
  byId("veil").style.left = `${at}px`;
  hideBehind(x);
}

/** In the quiz nothing is seen of what comes: no half of a label either. */
function hideBehind(x) {
  for (const text of byId("tracks").querySelectorAll(quiz.on ? "text:not(.lane-name)" : ".behind")) {
    const { x: begin, width } = text.getBBox();
    text.classList.toggle("behind", quiz.on && begin + width > x);
  }
}

/** Of many lanes, show the one whose task has the chair. */
function revealLane(moment) {
  const lanes = byId("lanes");
  if (moment.step < 0 || lanes.scrollHeight <= lanes.clientHeight + 1) return;
  const row = recording.tasks.findIndex((task) => task.id === steps[moment.step].task);
  const [top, height] = [row * laneHeight(), laneHeight()];
  if (top < lanes.scrollTop) lanes.scrollTop = top;
  else if (top + height > lanes.scrollTop + lanes.clientHeight) lanes.scrollTop = top + height - lanes.clientHeight;
}
