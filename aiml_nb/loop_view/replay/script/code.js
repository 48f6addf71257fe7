// The code: the line that runs, and for each paused task an arrow at its `await`.

const PYTHON = new RegExp(
  [
    /(?<comment>#.*)/,
    /(?<string>[rbfuRBFU]{0,2}(?:"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'))/,
    /(?<pause>\b(?:async|await)\b)/,
    /(?<keyword>\b(?:and|as|assert|break|class|continue|def|del|elif|else|except|finally|for|from|if|import|in|is|lambda|not|or|pass|raise|return|try|while|with|yield|None|True|False)\b)/,
    /(?<number>\b\d[\d_.]*\b)/,
  ].map((pattern) => pattern.source).join("|"),
  "g",
);
const MANY = 4;
const rows = new Map();

const rowKey = (source, line) => `${source}:${line}`;

/** A line of Python as nodes, its words in their colours. */
function coloured(line) {
  const nodes = [];
  let end = 0;
  for (const found of line.matchAll(PYTHON)) {
    const kind = Object.entries(found.groups).find(([, text]) => text !== undefined)[0];
    nodes.push(line.slice(end, found.index), make("span", { class: kind }, found[0]));
    end = found.index + found[0].length;
  }
  return [...nodes, line.slice(end)];
}

function margin(lines) {
  const indents = lines.filter((line) => line.trim()).map((line) => line.search(/\S/));
  return indents.length ? Math.min(...indents) : 0;
}

function buildCode() {
  recording.sources.forEach((source, number) => {
    const cut = margin(source.lines);
    const block = make("div", { class: "source" }, make("h3", {}, source.file));
    source.lines.forEach((line, offset) => {
      const at = source.first_line + offset;
      const tags = make("span", { class: "tags" });
      const row = make(
        "div",
        { class: "line" },
        make("span", { class: "number", "aria-hidden": "true" }, String(at)),
        make("code", {}, ...coloured(line.slice(cut))),
        tags,
      );
      const code = row.querySelector("code");
      code.style.setProperty("--hanging", `${Math.max(line.search(/\S/) - cut, 0) + 4}ch`);
      rows.set(rowKey(number, at), { row, tags, code });
      block.append(row);
    });
    byId("lines").append(block);
  });
}

function tag(id, state) {
  const sign = { runs: "▶ ", waits: "", blocks: "■ " }[state];
  const words = { runs: "runs here", waits: "is paused here", blocks: "holds the loop here" }[state];
  return make(
    "span",
    { class: `tag ${state}`, "data-colour": colours.get(id), title: `${nameOf(id)} ${words}` },
    make("span", { "aria-hidden": "true" }, sign),
    nameOf(id),
    make("span", { class: "unseen" }, ` ${words}`),
  );
}

/** Where the arrows are at a moment: for each row, the tasks that are paused or run there. */
function arrows(moment) {
  const found = new Map();
  const add = (source, line, id) => {
    const key = rowKey(source, line);
    found.set(key, [...(found.get(key) ?? []), id]);
  };
  if (moment.phase === "run") {
    const step = steps[moment.step];
    add(...whereItRuns(step), step.task);
  }
  const last = lastSteps(moment);
  for (const id of [...moment.ready, ...moment.waiting]) {
    const step = steps[last.get(id)];
    if (step) add(step.source, step.line, id);
  }
  return found;
}

function whereItRuns(step) {
  const held = step.blocked;
  return held ? [held.source, held.line] : [step.source, step.first_line ?? step.line];
}

/** Put the arrows of a row below it, where at some moment they would cover its code. */
function placeArrows() {
  const room = byId("lines").clientWidth - 3.3 * letter;
  const widest = new Map();
  for (const moment of moments) {
    for (const [key, ids] of arrows(moment)) {
      const width = ids.slice(0, MANY).reduce((sum, id) => sum + Math.min(widthOf(nameOf(id)) + 2.6 * letter, 11 * letter), 0);
      widest.set(key, Math.max(widest.get(key) ?? 0, width + (ids.length > MANY ? 3 * letter : 0)));
    }
  }
  // As wide as the code is: in a row with arrows below it, it takes the whole width.
  for (const { row } of rows.values()) row.classList.remove("below");
  const widths = new Map([...rows].map(([key, { code }]) => [key, code.offsetWidth]));
  for (const [key, { row }] of rows) {
    const needed = widest.get(key) ?? 0;
    row.classList.toggle("below", needed > 0 && widths.get(key) + needed > room);
  }
}

function drawCode(moment) {
  for (const { row, tags } of rows.values()) {
    row.classList.remove("ran", "current", "stopped", "blocks");
    tags.replaceChildren();
  }
  for (const [key, ids] of arrows(moment)) {
    const tags = rows.get(key)?.tags;
    if (!tags) continue;
    tags.append(...ids.slice(0, MANY).map((id) => tag(id, stateOf(id, moment))));
    if (ids.length > MANY) tags.append(make("span", { class: "tag more" }, `+ ${ids.length - MANY}`));
  }
  if (moment.step >= 0) mark(moment, steps[moment.step]);
}

function stateOf(id, moment) {
  if (id !== moment.running) return "waits";
  return steps[moment.step].blocked ? "blocks" : "runs";
}

function mark(moment, step) {
  const runs = moment.phase === "run";
  for (const line of runs ? step.lines ?? [] : []) {
    rows.get(rowKey(step.source, line))?.row.classList.add("ran");
  }
  const [source, line] = runs ? whereItRuns(step) : [step.source, step.line];
  const found = rows.get(rowKey(source, line));
  if (!found) return;
  found.row.classList.add(runs ? (step.blocked ? "blocks" : "current") : "stopped");
  reveal(byId("lines"), found.row);
}

/** Scroll a box, and only it, so that a row of it is seen with what stands around it. */
function reveal(box, row) {
  const top = row.getBoundingClientRect().top - box.getBoundingClientRect().top + box.scrollTop;
  const height = row.offsetHeight;
  const seen = top > box.scrollTop + height && top + 2 * height < box.scrollTop + box.clientHeight;
  if (!seen) box.scrollTop = top - (box.clientHeight - height) / 2;
}

function drawPrinted(moment) {
  const until = Math.max(0, moment.step) + (moment.phase === "leave" ? 1 : 0);
  const printed = steps.slice(0, until).map((step) => step.printed ?? "").join("");
  byId("printed").hidden = !steps.some((step) => step.printed);
  const box = byId("printed").querySelector("pre");
  box.textContent = printed.replace(/\n$/, "") || " ";
  box.scrollTop = box.scrollHeight;
}
