// "Who runs next?": stops before each step that somebody else could have had, asks, keeps the score.

const MOST_ANSWERS = 5;
const quiz = { on: false, asked: null, right: 0, answered: 0 };

/** The tasks to choose from before the step after a moment; none where there is no choice. */
function candidates(at) {
  const following = moments[at + 1];
  if (!following || following.phase !== "run") return [];
  const alive = recording.tasks
    .map((task) => task.id)
    .filter((id) => moments[at].ready.includes(id) || moments[at].waiting.includes(id) || id === following.running);
  return alive.length > 1 ? nearest(alive, following.running) : [];
}

/** Of many, the right one and some beside it, where it stands by chance. */
function nearest(ids, right) {
  if (ids.length <= MOST_ANSWERS) return ids;
  const from = Math.min(Math.max(0, ids.indexOf(right) - (right % MOST_ANSWERS)), ids.length - MOST_ANSWERS);
  return ids.slice(from, from + MOST_ANSWERS);
}

/** Ask before the step after a moment; false where nothing is to be asked. */
function askBefore(at, onAnswer) {
  const choices = candidates(at);
  if (!choices.length) return false;
  quiz.asked = at;
  const buttons = choices.map((id, place) => {
    const key = make("kbd", { "aria-hidden": "true" }, String(place + 1));
    const button = make("button", { type: "button", class: "answer", "data-colour": colours.get(id) }, key, nameOf(id));
    button.addEventListener("click", () => answer(id, onAnswer));
    return button;
  });
  byId("answers").replaceChildren(...buttons);
  byId("quiz").hidden = false;
  byId("verdict").textContent = "";
  return true;
}

function answer(id, onAnswer) {
  const at = quiz.asked;
  const right = moments[at + 1].running;
  quiz.answered += 1;
  if (id === right) quiz.right += 1;
  stopAsking();
  const verdict = id === right
    ? [make("b", { class: "right" }, "✓ Right: "), nameOf(right), ` ${because(at)} `]
    : [make("b", { class: "wrong" }, "✗ No: "), nameOf(right), ` runs next. It ${because(at)} `];
  byId("on").focus();
  onAnswer();
  byId("verdict").replaceChildren(...verdict, make("b", { class: "score" }, score()));
}

const score = () => `${quiz.right} of ${quiz.answered} right`;

/** Why the right one is it. */
function because(at) {
  const [now, step] = [moments[at], steps[moments[at + 1].step]];
  if (now.ready.includes(step.task)) return now.ready.length > 1 ? "stands first in READY." : "is the only one in READY.";
  if (step.due !== null && step.due !== undefined) {
    return step.due <= now.time ? "has the timer that rang first." : `has the timer that rings first, at ${formatSeconds(step.due)}.`;
  }
  return "is the first that can go on.";
}

function stopAsking() {
  quiz.asked = null;
  byId("quiz").hidden = true;
  byId("answers").replaceChildren();
}

function switchQuiz() {
  quiz.on = !quiz.on;
  [quiz.right, quiz.answered] = [0, 0];
  byId("ask").setAttribute("aria-pressed", String(quiz.on));
  document.documentElement.classList.toggle("quiz", quiz.on);
  byId("verdict").textContent = "";
  stopAsking();
}
