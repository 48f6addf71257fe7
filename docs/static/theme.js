// Pictures and replays follow Jupyter's theme: the book says its own in the same words.
const page = document.documentElement;
function tellTheme() {
  document.body.dataset.jpThemeLight = page.dataset.theme === "dark" ? "false" : "true";
}
// What is wider than the page can be moved by keys, too.
function letKeysScroll() {
  for (const part of document.querySelectorAll(".bd-article .text_html, .bd-article pre")) {
    if (part.scrollWidth > part.clientWidth) part.tabIndex = 0;
  }
}
// What the theme and Sphinx leave without a name or a role, for those who hear the page.
function nameParts() {
  for (const fold of document.querySelectorAll("summary:not([aria-label])")) {
    if (!fold.textContent.trim()) fold.setAttribute("aria-label", "The pages below it");
  }
  const home = document.querySelector(".sidebar-primary-item:has(.navbar-brand)");
  home?.setAttribute("role", "navigation");
  home?.setAttribute("aria-label", "Home");
  // A signature of several lines is no list of definitions.
  for (const list of document.querySelectorAll("dt.sig > dl")) {
    const lines = document.createElement("div");
    lines.className = "sig-lines";
    for (const line of list.children) {
      const plain = document.createElement("div");
      plain.append(...line.childNodes);
      lines.append(plain);
    }
    list.replaceWith(lines);
  }
}
addEventListener("DOMContentLoaded", () => {
  tellTheme();
  letKeysScroll();
  nameParts();
  new MutationObserver(tellTheme).observe(page, { attributes: true, attributeFilter: ["data-theme"] });
});
