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
