// Paper is white, whatever the screen is.
let theme;
addEventListener("beforeprint", () => {
  theme = document.documentElement.dataset.theme;
  document.documentElement.dataset.theme = "light";
});
addEventListener("afterprint", () => {
  document.documentElement.dataset.theme = theme;
});

// Columns that are printed one under the other would be unreadable if they broke: they scroll instead.
const aligned = (line) => /\S {2,}\S/.test(line);
for (const printed of document.querySelectorAll("div.cell_output pre")) {
  if (printed.textContent.split("\n").filter(aligned).length > 2) printed.classList.add("columns");
}

// What scrolls sideways must be reached with the keyboard, and what does not must not be a stop on the way.
const wide = document.querySelectorAll(".katex-display, .pst-scrollable-table-container, div.cell_output .output");
const update = (element) => {
  const hidden = element.scrollWidth - element.clientWidth;
  if (hidden > 0) element.tabIndex = 0;
  else element.removeAttribute("tabindex");
  element.classList.toggle("more", element.scrollLeft < hidden - 1); // something lies off the right edge
};
const observer = new ResizeObserver((entries) => entries.forEach(({ target }) => update(target)));
for (const element of wide) {
  observer.observe(element);
  element.addEventListener("scroll", () => update(element), { passive: true });
}
