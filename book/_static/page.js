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
const update = (entries) => {
  for (const { target } of entries) {
    if (target.scrollWidth > target.clientWidth) target.tabIndex = 0;
    else target.removeAttribute("tabindex");
  }
};
const observer = new ResizeObserver(update);
wide.forEach((element) => observer.observe(element));
