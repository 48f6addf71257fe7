// RUNNING, READY, WAITING, DONE: every task is one card, which moves from place to place.

const CROWD = 6;
const cards = new Map();
const place = (name) => byId(name).querySelector(".place");
const chair = make("p", { class: "free" }, icon("chair"), "free");
const nobody = {
  ready: make("p", { class: "nobody" }, "nobody"),
  waiting: make("p", { class: "nobody" }, "nobody"),
  done: make("p", { class: "nobody" }, "nobody yet"),
};

function buildStage() {
  for (const task of recording.tasks) {
    const card = {
      name: make("b", { class: "name" }, task.name),
      what: make("span", { class: "what" }),
      fill: make("span", { class: "fill" }),
      time: make("span", { class: "time" }),
    };
    card.bar = make("span", { class: "bar", "aria-hidden": "true" }, card.fill);
    card.element = make(
      "div",
      { class: "card", "data-task": task.id, "data-colour": colours.get(task.id), title: task.label ?? task.name },
      card.name, card.what, card.time, card.bar,
    );
    cards.set(task.id, card);
  }
}

function drawStage(moment, { move }) {
  const before = move ? positions() : new Map();
  const last = lastSteps(moment);
  const running = moment.running === null ? [] : [moment.running];
  put("running", running, chair);
  put("ready", moment.ready, nobody.ready);
  put("waiting", moment.waiting, nobody.waiting);
  put("done", moment.done, nobody.done);
  byId("waiting").classList.toggle("crowd", moment.waiting.length > CROWD);
  running.forEach((id) => seat(cards.get(id), steps[moment.step]));
  byId("running").classList.toggle("held", running.length > 0 && steps[moment.step].blocked !== null);
  moment.ready.forEach((id, turn) => lineUp(cards.get(id), turn));
  moment.waiting.forEach((id) => hang(cards.get(id), steps[last.get(id)]));
  const room = place("waiting");
  const few = moment.waiting.length <= CROWD;
  byId("waiting").classList.remove("tight");
  byId("waiting").classList.toggle("tight", few && room.scrollHeight > room.clientHeight + 1);
  byId("done").querySelector("small").textContent = moment.done.length || "";
  moment.done.forEach((id) => finish(cards.get(id), tasks.get(id)));
  place("done").scrollLeft = place("done").scrollWidth; // who ended last is seen
  if (move) slide(before);
}

function put(name, ids, empty) {
  const elements = ids.map((id) => cards.get(id).element);
  place(name).replaceChildren(...(elements.length ? elements : [empty]));
}

function write(card, { what = "", time = "", bar = false, late = false, title = null }) {
  card.what.textContent = what;
  card.time.textContent = time;
  card.bar.hidden = !bar;
  card.element.classList.toggle("late", late);
  if (title !== null) card.element.title = title;
}

function seat(card, step) {
  const [, line] = whereItRuns(step);
  const time = step.blocked ? formatSeconds(step.blocked.seconds) : "";
  const where = line === null ? [step.function] : [`${step.function}, line ${line}`, `line ${line}`];
  const words = step.blocked ? [`holds the loop ${time}`, `holds it ${time}`, time] : where;
  for (const what of words) {
    write(card, { what });
    if (card.what.scrollWidth <= card.what.clientWidth) return;
  }
}

function lineUp(card, turn) {
  write(card, { what: `${turn + 1}.` });
}

function hang(card, step) {
  card.wait = step ? { since: step.end, ...(step.waits_for ?? {}) } : null;
  write(card, { what: step ? waitOf(step) : "its start", bar: true });
}

function finish(card, task) {
  const sign = { returned: "✓", raised: "✗", cancelled: "⊘" }[task.ending] ?? "";
  const title = task.error ?? task.value ?? task.ending;
  write(card, { what: sign, title: `${task.name}: ${title}` });
  card.element.classList.toggle("failed", task.ending === "raised");
}

/** Bring the waiting cards to a time: how long each has waited, and whether it is overdue. */
function drawWaits(moment, time) {
  for (const id of moment.waiting) {
    const card = cards.get(id);
    if (!card.wait) continue;
    const { since, until, seconds } = card.wait;
    const waited = Math.max(0, time - since);
    const end = until ?? (seconds === null || seconds === undefined ? null : since + seconds);
    const late = end !== null && time - end >= LATE;
    card.element.classList.toggle("late", late);
    card.element.classList.toggle("open", end === null);
    card.fill.style.width = end === null ? "" : `${Math.min(100, (100 * waited) / Math.max(1e-9, end - since))}%`;
    card.time.textContent = late
      ? `late by ${formatSeconds(time - end)}`
      : end === null
        ? `for ${formatSeconds(waited)}`
        : formatShare(waited, end - since);
  }
}

function positions() {
  return new Map([...cards].map(([id, { element }]) => [id, element.isConnected ? element.getBoundingClientRect() : null]));
}

/** Let each card glide from where it was to where it is. */
function slide(before) {
  for (const [id, { element }] of cards) {
    const from = before.get(id);
    if (!from || !element.isConnected) continue;
    const to = element.getBoundingClientRect();
    const [x, y] = [from.left - to.left, from.top - to.top];
    if (Math.abs(x) + Math.abs(y) < 2) continue;
    element.animate(
      [{ transform: `translate(${x}px, ${y}px)`, zIndex: 2 }, { transform: "none", zIndex: 2 }],
      { duration: 320, easing: "cubic-bezier(.2, .7, .2, 1)" },
    );
  }
}
