// One slide at a time, by keys, buttons, swipes and the address; what does not fit gets smaller.
const slides = [...document.querySelectorAll(".slide")];
const place = document.getElementById("place");
const SMALLEST = 0.62;
let shown = -1;

function fit(slide) {
  slide.style.setProperty("--fit", 1);
  const parts = [slide, slide.querySelector(".body")];
  const isTooLong = () => parts.some(part =>
    part.scrollHeight > part.clientHeight + 1 || part.scrollWidth > part.clientWidth + 1);
  for (let size = 0.95; isTooLong() && size >= SMALLEST; size -= 0.03) {
    slide.style.setProperty("--fit", size);
  }
}

function show(number) {
  const next = Math.max(0, Math.min(slides.length - 1, number));
  if (next !== shown) {
    shown = next;
    slides.forEach((slide, index) => { slide.hidden = index !== shown; });
    for (const frame of slides[shown].querySelectorAll("iframe[data-srcdoc]")) {
      frame.srcdoc = frame.dataset.srcdoc;
      delete frame.dataset.srcdoc;
    }
    place.textContent = `${shown + 1} / ${slides.length}`;
    history.replaceState(null, "", `#${shown + 1}`);
  }
  fit(slides[shown]);
}

const STEPS = {
  ArrowRight: 1, ArrowDown: 1, PageDown: 1, " ": 1, ArrowLeft: -1, ArrowUp: -1, PageUp: -1,
  Home: -Infinity, End: Infinity,
};
addEventListener("keydown", event => {
  const isTyped = event.target.closest?.("button, summary, a") && [" ", "Enter"].includes(event.key);
  if (event.ctrlKey || event.metaKey || event.altKey || isTyped) return;
  if (event.key === "f") document.documentElement.requestFullscreen?.();
  if (!(event.key in STEPS)) return;
  event.preventDefault();
  show(shown + STEPS[event.key]);
});
document.getElementById("back").onclick = () => show(shown - 1);
document.getElementById("on").onclick = () => show(shown + 1);
document.getElementById("whole").onclick = () =>
  document.fullscreenElement ? document.exitFullscreen() : document.documentElement.requestFullscreen();
let touched = null;
addEventListener("touchstart", event => { touched = event.changedTouches[0].clientX; });
addEventListener("touchend", event => {
  const moved = event.changedTouches[0].clientX - touched;
  if (Math.abs(moved) > 60) show(shown + (moved < 0 ? 1 : -1));
});
addEventListener("hashchange", () => show(Number(location.hash.slice(1)) - 1));
addEventListener("resize", () => fit(slides[shown]));
document.documentElement.classList.add("is-deck");
show((Number(location.hash.slice(1)) || 1) - 1);
