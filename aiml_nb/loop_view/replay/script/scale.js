// From seconds to pixels. A step lasts microseconds and a sleep half a second: on a plain scale no
// step could be seen. So each step is given some width, and the rest is shared by the seconds.

const STEP_SHARE = 0.6;
const WIDEST_STEP = 4.8; // times the size of the letters

function makeScale(width, letter) {
  const total = Math.max(recording.seconds, steps.at(-1)?.end ?? 0, 1e-9);
  const count = Math.max(1, steps.length);
  const own = Math.min(WIDEST_STEP * letter, (STEP_SHARE * width) / count);
  const rate = (width - own * count) / total;
  const begins = [];
  const ends = [];
  const edges = [[0, 0]];
  let [time, x] = [0, 0];
  const pass = (until, extra) => {
    x += Math.max(0, until - time) * rate + extra;
    time = Math.max(time, until);
    edges.push([time, x]);
    return x;
  };
  for (const step of steps) {
    begins.push(pass(step.start, 0));
    ends.push(pass(step.end, own));
  }
  pass(total, 0);
  return { begins, ends, width, total, at: (when) => interpolate(edges, when) };
}

/** Where a time is, between the edges on both sides of it; of a step that is its share of it. */
function interpolate(edges, when) {
  let [low, high] = [0, edges.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (edges[middle][0] < when) low = middle + 1;
    else high = middle;
  }
  const [time, x] = edges[low];
  if (low === 0 || time <= when) return x;
  const [earlier, left] = edges[low - 1];
  return left + ((when - earlier) / (time - earlier)) * (x - left);
}

/** Round numbers of seconds, the roundest first, as many as have room for their labels. */
function ticks(scale, letter) {
  if (!steps.length) return [];
  const room = 4 * letter;
  // The first label would reach into the names of the lanes.
  const middle = (time) => Math.max(scale.at(time), 1.6 * letter);
  const isApart = (one, other) => Math.abs(middle(one) - middle(other)) >= room;
  const finest = 10 ** Math.floor(Math.log10((scale.total * room) / scale.width));
  let found = [];
  let digits = 0;
  for (const unit of [100, 50, 20, 10, 5, 2, 1].map((times) => times * finest)) {
    const count = Math.floor((scale.total / unit) * 1.0001) + 1;
    const times = Array.from({ length: count }, (_, number) => number * unit);
    const fits = times.filter((time) => found.every((other) => isApart(other, time)));
    const added = fits.filter((time, place) => !place || isApart(fits[place - 1], time));
    // Where only few of a kind have room, they would make no pattern.
    if (found.length > 1 && added.length < (times.length - found.length) / 2) break;
    found = [...found, ...added];
    if (added.length) digits = Math.max(0, -Math.floor(Math.log10(unit) + 1e-9));
  }
  return found.map((time) => ({ x: scale.at(time), middle: middle(time), text: `${time.toFixed(digits)} s` }));
}
