// What was recorded, and how its parts are written. All of it is untrusted: it becomes text, never
// markup.

const { recording, moments: moments_as_lists } = JSON.parse(document.getElementById("data").textContent);
const steps = recording.steps;
// One before the first step; then two for each: its task has taken the chair, and has left it.
const moments = moments_as_lists.map(([begin, time, ready, waiting, done, sentence, outlook], place) => {
  const step = Math.ceil(place / 2) - 1;
  const phase = place === 0 ? "start" : place % 2 ? "run" : "leave";
  const running = phase === "run" ? steps[step].task : null;
  return { step, phase, begin, time, running, ready, waiting, done, sentence, outlook };
});
const tasks = new Map(recording.tasks.map((task) => [task.id, task]));
// Shorter ones are shown at once: the eye sees no time pass.
const NOTABLE = 0.005;
const LATE = 0.02;

const byId = (id) => document.getElementById(id);

/** An element with attributes and children; strings become text. */
function make(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  return fill(made, attributes, children);
}

/** The same for a piece of a drawing. */
function draw(tag, attributes = {}, ...children) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  return fill(made, attributes, children);
}

function fill(made, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined) made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
}

function formatSeconds(seconds) {
  if (seconds < 0.0995) return `${Math.max(0, seconds * 1000).toFixed(0)} ms`;
  return seconds < 99.5 ? `${seconds.toFixed(2)} s` : `${seconds.toFixed(0)} s`;
}

// A clock of hundredths would stand still while all of a short recording passes.
const SHORT = 0.5;
const formatClock = (seconds) => `${Math.max(0, seconds).toFixed(recording.seconds < SHORT ? 3 : 2)} s`;

/** How much of a time has passed: `0.12 of 0.30 s`, `3 of 20 ms`. */
function formatShare(seconds, whole) {
  const part = whole < 0.0995 ? (seconds * 1000).toFixed(0) : seconds.toFixed(2);
  return `${part} of ${formatSeconds(whole)}`;
}

// The task that started all others stands back, as do those of a library; the others take the
// colours in turn.
const roots = recording.tasks.filter((task) => task.started_by === null && task.yours !== false);
const standsBack = (task) =>
  task.yours === false || (roots.length === 1 && task === roots[0] && tasks.size > 1);
const COLOURS = 6;
const colours = new Map();
for (const task of recording.tasks) {
  const others = [...colours.values()].filter((colour) => colour !== "main").length;
  colours.set(task.id, standsBack(task) ? "main" : String(others % COLOURS));
}

const nameOf = (id) => tasks.get(id).name;

/** The last step of each task up to a moment, the one in the chair included. */
function lastSteps(moment) {
  const found = new Map();
  for (let number = 0; number <= moment.step; number += 1) found.set(steps[number].task, number);
  return found;
}

/** The step before the one that runs at a moment: why the task was waiting. */
function stepBefore(number) {
  for (let earlier = number - 1; earlier >= 0; earlier -= 1) {
    if (steps[earlier].task === steps[number].task) return steps[earlier];
  }
  return null;
}

function lateness(step) {
  if (step.due === null || step.due === undefined) return 0;
  const late = step.start - step.due;
  return late >= LATE ? late : 0;
}

/** What a step ends in waiting for, in a word or two. */
function waitOf(step) {
  const wait = step.waits_for;
  if (!wait) return "";
  const most = wait.timeout ? `, at most ${round(wait.timeout.seconds)} s` : "";
  const sleeps = wait.kind === "sleep" && typeof wait.seconds === "number";
  return `${sleeps ? `sleep ${round(wait.seconds)} s` : wait.text}${most}`;
}

const round = (seconds) => Number(seconds.toPrecision(3));

/** The parts of a sentence as nodes: prose, code, names. */
function written(parts) {
  return parts.map((part) => {
    if (typeof part === "string") return part;
    if (Array.isArray(part)) return make("code", {}, part[0]);
    return make("b", { class: "name", "data-colour": colours.get(part) }, nameOf(part));
  });
}

const ICONS = {
  chair: "M8 3v18M8 12.5h9v8.5",
  first: "M5 4v16M19 5v14l-11-7z",
  back: "M17 5v14l-11-7z",
  play: "M7 4v16l13-8z",
  pause: "M8 5v14M16 5v14",
  on: "M7 5v14l11-7z",
  last: "M19 4v16M5 5v14l11-7z",
  theme: "M12 4a8 8 0 1 0 0 16a8 8 0 1 0 0-16zM12 4a8 8 0 0 1 0 16z",
  full: "M4 9V4h5M15 4h5v5M20 15v5h-5M9 20H4v-5",
  table: "M4 5h16v14H4zM4 10h16M4 14.5h16M10 5v14",
};

function icon(name) {
  return draw("svg", { viewBox: "0 0 24 24", class: `icon ${name}`, "aria-hidden": "true" }, draw("path", { d: ICONS[name] }));
}
