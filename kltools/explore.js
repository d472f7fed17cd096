// One interactive figure, two hosts. In a live kernel Python answers each move with a frame; on a static page play()
// answers from tables that Python computed when the page was built. Every number shown was made by Python.

const CSS = `
.kl-explorer { --kl-paper: #fff; --kl-ink: #1d2430; --kl-muted: #565d67; --kl-rule: #d6dae1; --kl-grid: #e9ecf0;
  --kl-track: #868e9a; color-scheme: light; color: var(--kl-ink); background: var(--kl-paper);
  border: 1px solid var(--kl-rule); border-radius: 12px; box-sizing: border-box; padding: 16px 18px;
  margin: 0 0 1rem; font-size: 15px; line-height: 1.45; font-variant-numeric: tabular-nums; overflow: hidden; }
html[data-theme="dark"] .kl-explorer, [data-jp-theme-light="false"] .kl-explorer { --kl-paper: #191e26;
  --kl-ink: #e8ecf2; --kl-muted: #aab3bf; --kl-rule: #39414d; --kl-grid: #29303a; --kl-track: #76808e;
  color-scheme: dark; }
.kl-explorer * { box-sizing: border-box; } .kl-explorer legend { float: none; width: auto; }
.kl-explorer :is(p, dl, dt, dd, fieldset, legend, label) { margin: 0; padding: 0; border: 0; font: inherit;
  color: inherit; }
.kl-explorer .kl-title { font-size: 17px; font-weight: 650; line-height: 1.3; margin-bottom: 8px; }
.kl-explorer svg { display: block; width: 100%; font-size: 13px; overflow: visible; }
.kl-explorer svg text { fill: var(--kl-ink); stroke: none; } .kl-explorer svg .kl-quiet { fill: var(--kl-muted); }
.kl-explorer svg .kl-strong { font-weight: 600; }
.kl-explorer svg .kl-tag { font-weight: 650; paint-order: stroke; stroke: var(--kl-paper); stroke-width: 4px;
  stroke-linejoin: round; }
/* the list has no class of its own: themes indent lists that have one, and JupyterLab floats their terms */
.kl-explorer dl { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(160px, 42%), 1fr));
  gap: 10px 20px; margin: 12px 0; padding: 10px 0; border: solid var(--kl-rule); border-width: 1px 0; }
.kl-explorer .kl-sentence { padding-top: 10px; border-top: 1px solid var(--kl-rule); }
@media (max-width: 600px) { .kl-explorer { display: flex; flex-direction: column; }
  .kl-explorer .kl-title { order: -2; } .kl-explorer .kl-controls { order: -1; padding: 0 0 14px; border: 0; }
  .kl-explorer .kl-sentence { padding: 0; border: 0; } }
.kl-explorer dl dt.kl-name { float: none; width: auto; font-size: 13px; font-weight: 400; color: var(--kl-muted); }
.kl-explorer dl dd.kl-number { float: none; width: auto; margin: 0; font-size: 21px; font-weight: 600;
  line-height: 1.25; white-space: nowrap; }
.kl-explorer .kl-controls { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 290px), 1fr));
  gap: 10px 28px; margin: 12px 0; }
.kl-explorer .kl-slider { display: grid; grid-template-columns: 1fr auto; gap: 3px 12px; align-content: start; }
.kl-explorer .kl-value { font-weight: 600; white-space: nowrap; }
.kl-explorer input[type="range"] { grid-column: 1 / -1; -webkit-appearance: none; appearance: none; width: 100%;
  height: 32px; margin: 0; padding: 0; background: none; border-radius: 8px; cursor: pointer; touch-action: pan-y; }
.kl-explorer input[type="range"]::-webkit-slider-runnable-track { height: 6px; border-radius: 3px;
  background: linear-gradient(to right, var(--kl-ink) var(--kl-at), var(--kl-track) var(--kl-at)); }
.kl-explorer input[type="range"]::-moz-range-track { height: 6px; border-radius: 3px; background: var(--kl-track); }
.kl-explorer input[type="range"]::-moz-range-progress { height: 6px; border-radius: 3px; background: var(--kl-ink); }
.kl-explorer input[type="range"]::-webkit-slider-thumb { -webkit-appearance: none; width: 24px; height: 24px;
  margin-top: -9px; border: 4px solid var(--kl-paper); border-radius: 50%; background: var(--kl-ink);
  box-shadow: 0 0 0 1.5px var(--kl-ink), var(--kl-ring, 0 0); }
.kl-explorer input[type="range"]::-moz-range-thumb { width: 16px; height: 16px; border: 4px solid var(--kl-paper);
  border-radius: 50%; background: var(--kl-ink); box-shadow: 0 0 0 1.5px var(--kl-ink), var(--kl-ring, 0 0); }
.kl-explorer .kl-options { display: flex; flex-wrap: wrap; gap: 7px; margin-top: 6px; }
.kl-explorer .kl-options label { display: flex; align-items: center; gap: 7px; min-height: 36px;
  padding: 0 11px 0 8px; cursor: pointer; border: 1px solid var(--kl-track); border-radius: 18px; }
.kl-explorer .kl-options label:has(:checked) { border-color: var(--kl-ink);
  box-shadow: inset 0 0 0 1px var(--kl-ink); font-weight: 600; }
.kl-explorer input[type="radio"] { width: 18px; height: 18px; margin: 0; accent-color: var(--kl-ink); outline: none; }
/* around a slider's thumb: around the whole slider it would cross the label; where colors are forced, there it is */
.kl-explorer input[type="range"]:focus-visible { outline: 3px solid transparent; outline-offset: -1px;
  --kl-ring: 0 0 0 3.5px var(--kl-paper), 0 0 0 6.5px var(--kl-p); }
.kl-explorer .kl-options label:has(:focus-visible) { outline: 3px solid var(--kl-p); outline-offset: 2px; }
.kl-explorer .kl-note { margin-top: 8px; font-size: 13px; color: var(--kl-muted); }
.kl-explorer .kl-status { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%);
  white-space: nowrap; }
`;

const NOTE = "The values move in steps, each computed by kltools when this page was built. "
  + "Type your own numbers in the notebook.";
const SAY_AFTER = 400; // ms: a screen reader hears where the reader stopped, not every step on the way
const LINE = 18; // px, one line of text in the picture
const LETTER = 7; // px, a generous mean width of its letters
const AROUND = [[1, 0], [-1, 0], [0, -1], [0, 1], [1, -1], [-1, -1], [1, 1], [-1, 1]]; // where a point's name may be
const SVG = "http://www.w3.org/2000/svg";

function make(namespace, tag, attributes, children) {
  const node = document.createElementNS(namespace, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}
const element = (tag, attributes = {}, ...children) => make("http://www.w3.org/1999/xhtml", tag, attributes, children);
const shape = (tag, attributes = {}, ...children) => make(SVG, tag, attributes, children);

// The same text as format_value in Python: an infinite number comes as text already.
function format(value, { digits = 0, unit = "" }) {
  const text = typeof value === "string" ? value : value.toFixed(digits).replace("-", "−");
  return unit ? `${text}\u00a0${unit}` : text;
}

function fill(spec, { values, readouts }) {
  const shown = Object.fromEntries(spec.parameters.map((part) => [part.name, format(values[part.name], part)]));
  spec.readouts.forEach((part, i) => { shown[part.name] = format(readouts[i], part); });
  return spec.sentence.replace(/\{(.*?)\}/g, (_, name) => shown[name]);
}

// The places to mark on a linear axis, in units, and their labels.
function ticks([low, high], most, units) {
  const power = 10 ** Math.floor(Math.log10((high - low) / most));
  const step = [1, 2, 5, 10].map((k) => k * power).find((size) => (high - low) / size <= most);
  const digits = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  const list = [];
  for (let k = Math.ceil(low / step - 1e-9); k * step <= high + 1e-9 * step; k++) {
    list.push([((k * step - low) / (high - low)) * units, format(k * step, { digits })]);
  }
  return list;
}

function wrap(text, width) {
  const lines = [];
  for (const word of text.split(" ").filter(Boolean)) {
    const longer = `${lines.at(-1)} ${word}`;
    if (lines.length && longer.length * LETTER <= width) lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  return lines;
}

// How a mark's line and its area look; points are all area, with a rim that parts those that touch.
function look(mark, roles, pattern) {
  const color = `var(--kl-${mark.role})`, thin = ["band", "rule"].includes(mark.kind);
  const ink = { stroke: color, "stroke-width": thin ? 1.2 : 2.2, "stroke-linejoin": "round", fill: "none",
    "stroke-dasharray": roles[mark.role].dash };
  const rim = { stroke: "var(--kl-paper)", "stroke-width": 1, "stroke-dasharray": "none" };
  return [ink, mark.kind === "points" ? { ...rim, fill: color } : { fill: pattern }];
}

// The parts of a row, all of one length.
const split = (row, n, size = row.length / n) => Array.from(Array(n), (_, i) => row.slice(i * size, (i + 1) * size));

function hatch(id, name, role) {
  const color = `var(--kl-${name})`;
  const tint = shape("rect", { width: 9, height: 9, fill: color, "fill-opacity": 0.14 });
  const dash = role.hatch.startsWith(".") ? "1.5 3" : "none";
  const stroke = { stroke: color, "stroke-width": 1.2, "stroke-opacity": 0.8, "stroke-dasharray": dash };
  const turn = `rotate(${role.hatch.startsWith("/") ? 45 : -45})`;
  const tile = { width: 9, height: 9, patternUnits: "userSpaceOnUse", patternTransform: turn };
  return shape("pattern", { id, ...tile }, tint, shape("path", { d: role.hatch && "M4.5 0V9", ...stroke }));
}

// A panel draws its frame of axes once and gives back draw(rows) for what moves.
function drawPanel(svg, spec, panel, uid, index, { x: start, y: above, width, plot }) {
  const { units, roles } = spec;
  const text = (words, x, y, attributes = {}) => svg.append(shape("text", { x, y, ...attributes }, words));
  const quiet = (words, x, y, anchor) => text(words, x, y, { class: "kl-quiet", "text-anchor": anchor });
  const sample = (mark, x, y) => {
    const [ink, area] = look(mark, roles, `url(#${uid}-look-${mark.role})`);
    let d = mark.vertical ? `M${x + 13} ${y - 13}v17` : `M${x} ${y - 4.5}h26`;
    if (mark.kind === "points") d = `M${x + 13} ${y - 4.5}${roles[mark.role].marker}`;
    if (["bars", "band"].includes(mark.kind) || mark.fill) d = `M${x + 1} ${y - 11}h24v13h-24Z`;
    svg.append(shape("path", { ...ink, ...(d.endsWith("Z") ? area : {}), d }));
  };
  // a logarithmic axis brings its ticks along
  const marked = (axis, most) => panel.ticks[axis] ?? ticks(panel[`${axis}lim`], most, units);
  const rows = marked("y", Math.max(2, plot / 45));
  const left = start + 8 + LETTER * Math.max(...rows.map(([, label]) => label.length));
  const right = start + width - 10;
  let y = above;
  for (const words of wrap(panel.title, width)) text(words, start, y += LINE, { class: "kl-strong" });
  let x = start;
  const named = panel.marks.filter((mark) => mark.label);
  named.forEach((mark, i) => {
    const room = 34 + LETTER * mark.label.length;
    if (i === 0 || x + room > start + width) { x = start; y += LINE + 5; }
    sample(mark, x, y);
    text(mark.label, x + 34, y);
    x += room + 16;
  });
  if (panel.ylabel) quiet(panel.ylabel, start, y += LINE + 4, "start");
  const top = y + 10, bottom = top + plot;
  const atX = (unit) => left + (unit / units) * (right - left), atY = (unit) => bottom - (unit / units) * plot;

  for (const [unit, label] of rows) {
    const height = atY(unit);
    svg.append(shape("path", { d: `M${left} ${height}H${right}`, stroke: "var(--kl-grid)" }));
    quiet(label, left - 7, height + 4.5, "end");
  }
  svg.append(shape("path", { d: `M${left} ${bottom}H${right}`, stroke: "var(--kl-muted)", "stroke-width": 1.2 }));
  for (const [unit, label] of marked("x", (right - left) / 45)) {
    const across = atX(unit);
    svg.append(shape("path", { d: `M${across} ${bottom}v5`, stroke: "var(--kl-muted)" }));
    quiet(label, across, bottom + LINE, "middle");
  }
  y = bottom + LINE + 2;
  for (const words of wrap(panel.xlabel, right - left)) quiet(words, right, y += LINE, "end");

  const clip = `${uid}-clip${index}`;
  const inside = { x: left - 2, y: top - 2, width: right - left + 4, height: plot + 4 };
  svg.append(shape("clipPath", { id: clip }, shape("rect", inside)));
  const base = atY(panel.floor); // where bars stand
  const drawn = panel.marks.map((mark) => {
    const [line, area] = look(mark, roles, `url(#${uid}-look-${mark.role})`).map((ink) => shape("path", ink));
    svg.append(shape("g", mark.kind === "points" ? {} : { "clip-path": `url(#${clip})` }, area, line));
    return { area, line, tags: shape("g", { "text-anchor": "middle" }) };
  });
  svg.append(...drawn.map(({ tags }) => tags)); // in front of every mark

  let taken = []; // the middles and half widths of points and of their names
  const within = (unit) => unit >= 0 && unit <= units;
  const join = (xs, ys) => ys.map((unit, i) => `${atX(xs[i]).toFixed(1)} ${atY(unit).toFixed(1)}`);
  const kinds = {
    bars({ area, line, tags }, mark, row) {
      const [starts, ends, tops] = split(row, 3), path = [], names = [];
      tops.forEach((unit, i) => {
        const [from, to, height] = [atX(starts[i]), atX(ends[i]), atY(unit)];
        path.push(`M${from.toFixed(1)} ${base}V${height.toFixed(1)}H${to.toFixed(1)}V${base}Z`);
        const name = (unit > units ? "↑" : "") + (mark.labels[i] ?? "");
        if (to - from < LETTER * name.length || unit < 0 || !within((starts[i] + ends[i]) / 2)) return;
        const level = height < top + LINE ? Math.max(height, top) + LINE : height - 6; // above the bar if there is room
        names.push(shape("text", { class: "kl-tag", x: (from + to) / 2, y: level }, name));
      });
      for (const node of [area, line]) node.setAttribute("d", path.join(""));
      tags.replaceChildren(...names);
    },
    curve({ area, line }, mark, row) {
      const [xs, ys] = mark.x ? [mark.x, row] : split(row, 2), path = join(xs, ys).join("L");
      line.setAttribute("d", `M${path}`);
      if (mark.fill) area.setAttribute("d", `M${atX(xs[0])} ${base}L${path}L${atX(xs.at(-1))} ${base}Z`);
    },
    points({ area, tags }, mark, row) {
      const [xs, ys] = split(row, 2), path = join(xs, ys);
      const seen = [...path.keys()].filter((i) => within(xs[i]) && within(ys[i]));
      area.setAttribute("d", seen.map((i) => `M${path[i]}${roles[mark.role].marker}`).join(""));
      tags.replaceChildren(...seen.filter((i) => mark.labels?.[i]).map((i) => {
        const half = 2 + (LETTER / 2) * mark.labels[i].length;
        const side = xs[i] > units / 2 ? -1 : 1; // towards the middle there is room
        const spots = AROUND.map(([h, v]) => [atX(xs[i]) + side * h * (half + 8), atY(ys[i]) + 16 * v, half]);
        const clear = ([x, y]) => taken.every((by) => Math.abs(by[0] - x) >= by[2] + half || Math.abs(by[1] - y) >= 12);
        const spot = spots.find(clear) ?? spots[0];
        taken.push(spot);
        return shape("text", { class: "kl-tag", x: spot[0], y: spot[1] + 4.5 }, mark.labels[i]);
      }));
    },
    band({ area, line }, mark, row) {
      const [lower, upper] = split(row, 2).map((ys) => join(mark.x, ys));
      line.setAttribute("d", `M${lower.join("L")}M${upper.join("L")}`);
      area.setAttribute("d", `M${[...lower, ...upper.reverse()].join("L")}Z`);
    },
    rule({ line }, { vertical }, row) {
      const across = (unit) => (vertical ? `M${atX(unit)} ${top}V${bottom}` : `M${left} ${atY(unit)}H${right}`);
      line.setAttribute("d", row.filter(within).map(across).join(""));
    },
  };
  const draw = (data) => {
    const dots = data.filter((_, i) => panel.marks[i].kind === "points").map((row) => split(row, 2));
    taken = dots.flatMap(([xs, ys]) => xs.map((unit, i) => [atX(unit), atY(ys[i]), 5]));
    panel.marks.forEach((mark, i) => kinds[mark.kind](drawn[i], mark, data[i]));
  };
  return { draw, bottom: y + 6 };
}

// Panels stand side by side where there is room. One unit of the viewBox is one pixel, so text keeps its size.
function drawPicture(svg, spec, uid, width) {
  const count = spec.panels.length, gap = 28;
  const columns = width >= 320 * count ? count : 1;
  const share = (width - gap * (columns - 1)) / columns;
  const defs = Object.entries(spec.roles).map(([name, role]) => hatch(`${uid}-look-${name}`, name, role));
  svg.replaceChildren(shape("defs", {}, ...defs));
  let y = 0, next = 0;
  const panels = spec.panels.map((panel, i) => {
    const corner = columns > 1 ? { x: i * (share + gap), y: 0 } : { x: 0, y };
    const box = { ...corner, width: share, plot: share > 560 ? 290 : 230 };
    const { draw, bottom } = drawPanel(svg, spec, panel, uid, i, box);
    y = Math.max(y, bottom);
    const first = next, last = (next += panel.marks.length);
    return (marks) => draw(marks.slice(first, last));
  });
  svg.setAttribute("viewBox", `0 0 ${width} ${Math.ceil(y)}`);
  svg.style.height = `${Math.ceil(y)}px`;
  return (marks) => panels.forEach((draw) => draw(marks));
}

// Each control is native; move(values) sets it from outside. JupyterLab leaves its keys alone where told on the input.
function slider(part, change, uid) {
  const id = `${uid}-set-${part.name}`;
  const range = { type: "range", min: 0, max: part.steps.length - 1, step: 1 };
  const input = element("input", { id, ...range, "data-lm-suppress-shortcuts": "" });
  const output = element("span", { class: "kl-value", "aria-hidden": "true" }); // the input says its value itself
  input.addEventListener("input", () => change(part.steps[input.value]));
  const move = (value) => {
    const at = part.steps.indexOf(value), last = part.steps.length - 1, shown = format(value, part);
    input.value = at;
    input.style.setProperty("--kl-at", `calc(${at / last} * (100% - 24px) + 12px)`);
    input.setAttribute("aria-valuetext", `${part.label} ${shown}`);
    output.textContent = shown;
  };
  const label = element("label", { for: id }, part.label);
  return { node: element("div", { class: "kl-slider" }, label, output, input), move };
}

function choice(part, change, uid) {
  const inputs = part.options.map((option) => {
    const radio = { type: "radio", name: `${uid}-set-${part.name}`, value: option };
    const input = element("input", { ...radio, "data-lm-suppress-shortcuts": "" });
    input.addEventListener("change", () => change(option));
    return input;
  });
  const labels = inputs.map((input) => element("label", {}, input, input.value));
  const move = (value) => inputs.forEach((input) => { input.checked = input.value === value; });
  const options = element("div", { class: "kl-options" }, ...labels);
  return { node: element("fieldset", {}, element("legend", {}, part.label), options), move };
}

function schemes({ roles }) {
  const colors = (key) => Object.entries(roles).map(([name, role]) => `--kl-${name}: ${role[key]};`).join(" ");
  return `.kl-explorer { ${colors("color")} }
    html[data-theme="dark"] .kl-explorer, [data-jp-theme-light="false"] .kl-explorer { ${colors("dark")} }`;
}

function render({ model, el }) {
  const spec = model.get("spec");
  const uid = `kl-explorer-${(globalThis.klExplorers = (globalThis.klExplorers ?? 0) + 1)}`;
  const svg = shape("svg", { role: "img" });
  const numbers = spec.readouts.map(() => element("dd", { class: "kl-number" }));
  const sentence = element("p", { class: "kl-sentence", "aria-hidden": "true" }); // the picture's name says it already
  const status = element("div", { class: "kl-status", role: "status" });
  const controls = spec.parameters.map((part) => {
    const change = (value) => {
      model.set("values", { ...model.get("values"), [part.name]: value });
      model.save_changes();
    };
    return part.steps ? slider(part, change, uid) : choice(part, change, uid);
  });

  let width = 0, drawMarks = () => {}, timer;
  const draw = () => {
    const frame = model.get("frame"), said = fill(spec, frame);
    drawMarks(frame.marks);
    spec.readouts.forEach((part, i) => { numbers[i].textContent = format(frame.readouts[i], part); });
    svg.setAttribute("aria-label", said);
    sentence.textContent = said;
    return said;
  };
  const answer = () => {
    const said = draw();
    clearTimeout(timer);
    timer = setTimeout(() => { status.textContent = said; }, SAY_AFTER);
  };
  const move = () => spec.parameters.forEach((part, i) => controls[i].move(model.get("values")[part.name]));
  const fit = () => {
    const room = Math.floor(svg.getBoundingClientRect().width);
    if (!room || room === width) return;
    width = room;
    drawMarks = drawPicture(svg, spec, uid, width);
    sentence.style.minHeight = "0";
    sentence.textContent = `${draw()} 0000 0000 0000`; // with longer numbers it must not push what stands below
    sentence.style.minHeight = `${sentence.offsetHeight}px`;
    draw();
  };

  if (!document.getElementById("kl-explorer-style")) {
    document.head.append(element("style", { id: "kl-explorer-style" }, CSS + schemes(spec)));
  }
  el.classList.add("kl-explorer");
  el.setAttribute("role", "group");
  el.setAttribute("aria-label", spec.title);
  const names = spec.readouts.map((part) => element("dt", { class: "kl-name" }, part.label));
  const readouts = names.map((name, i) => element("div", {}, name, numbers[i]));
  el.replaceChildren(element("p", { class: "kl-title" }, spec.title), svg,
    ...(readouts.length ? [element("dl", {}, ...readouts)] : []),
    element("div", { class: "kl-controls" }, ...controls.map(({ node }) => node)), sentence, status);
  move();
  draw();
  fit();
  model.on("change:values", move);
  model.on("change:frame", answer);
  const watch = new ResizeObserver(fit);
  watch.observe(el);
  return () => {
    watch.disconnect();
    clearTimeout(timer);
    model.off("change:values", move);
    model.off("change:frame", answer);
  };
}

// The static host: a model that answers from the tables.
function play(host) {
  const { spec, values, tables } = JSON.parse(host.querySelector('script[type="application/json"]').textContent);
  const axes = {};
  for (const { name, steps, options: grid = steps } of spec.parameters) {
    axes[name] = { size: grid.length, at: (now) => grid.indexOf(now[name]) };
  }
  for (const [name, [first, second]] of Object.entries(spec.differences)) {
    const [a, b] = [axes[first], axes[second]];
    axes[name] = { size: a.size + b.size - 1, at: (now) => a.at(now) - b.at(now) + b.size - 1 };
  }
  const frame = (now) => {
    const index = (on) => on.reduce((place, name) => place * axes[name].size + axes[name].at(now), 0);
    const number = ({ on, values }) => values[index(on)];
    const row = (columns) => columns.map(number);
    return { values: now, marks: tables.marks.map(row), readouts: tables.readouts.flatMap(row) };
  };
  const state = { spec, values, frame: frame(values) }, listeners = {};
  const set = (key, value) => { state[key] = value; listeners[`change:${key}`]?.forEach((listener) => listener()); };
  const model = {
    get: (key) => state[key],
    set,
    save_changes: () => set("frame", frame(state.values)),
    on: (event, listener) => (listeners[event] ??= []).push(listener),
    off: () => {},
  };
  render({ model, el: host });
  host.append(element("p", { class: "kl-note" }, NOTE));
}

export default { render };
