"""The interactive figure in a real browser: what Python computed is what is shown, in both hosts."""

import base64
import re

import pytest

from kltools.explore import SCRIPT, Explorer, Panel, Rule, Slider


@pytest.fixture
def show(tmp_path, open_page):
    """Open a page with figures between paragraphs, as a built chapter has them."""

    def open_with(*figures, **options):
        body = "".join(f"<p>Before.</p>{figure.page()}" for figure in figures)
        page = (
            '<!doctype html><html lang="en" data-theme="light"><head><meta charset="utf-8"><title>Figure</title>'
            '<meta name="viewport" content="width=device-width, initial-scale=1">'
            "<style>body { margin: 0 auto; padding: 12px; max-width: 800px; background: #fff }"
            'html[data-theme="dark"] body { background: #14181e; color: #ddd }</style>'
            f"</head><body>{body}<p>After.</p></body></html>"
        )
        (tmp_path / "page.html").write_text(page, "utf-8")
        return open_page((tmp_path / "page.html").as_uri(), **options)

    return open_with


def readouts(page, figure=0):
    return page.locator(".kl-explorer").nth(figure).locator("dd").all_inner_texts()


def test_the_keyboard_alone_reaches_every_control_and_the_numbers_are_pythons(strange, show):
    opened = show(strange.make())
    page = opened.page
    assert readouts(page) == strange.readouts(0.4, 0.2, "bit")
    assert page.get_by_role("slider").count() == 3
    assert page.locator("input:not([data-lm-suppress-shortcuts])").count() == 0
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowRight")
    assert readouts(page) == strange.readouts(0.6, 0.2, "bit")
    first = page.get_by_role("slider", name="P(a)")
    assert first.get_attribute("aria-valuetext") == "P(a) 0.60"
    page.keyboard.press("Home")
    assert readouts(page) == strange.readouts(0.0, 0.2, "bit")
    assert readouts(page)[0].startswith("∞")
    page.keyboard.press("End")
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowLeft")
    assert readouts(page) == strange.readouts(1.0, 0.0, "bit")
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowRight")
    assert page.get_by_role("slider", name="scale").get_attribute("aria-valuetext") == "scale 3\xa0cm"
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowRight")
    assert page.get_by_role("radio", name="nat").is_checked()
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    assert readouts(page) == strange.readouts(0.6, 0.0, "nat")
    assert page.locator(".kl-value").all_inner_texts() == ["0.60", "0.00", "3\xa0cm"]
    assert opened.outside == []
    assert opened.errors == []


def test_the_sentence_is_the_name_of_the_picture_and_is_said_once_the_reader_stops(strange, show):
    figure = strange.make()
    page = show(figure).page
    status, picture = page.get_by_role("status"), page.locator("svg[role=img]")
    assert status.text_content() == ""
    assert picture.get_attribute("aria-label") == figure.sentence
    page.evaluate(
        """() => { window.said = []; new MutationObserver(() => said.push(document.querySelector('[role=status]')
          .textContent)).observe(document.querySelector('[role=status]'), { childList: true }); }"""
    )
    page.focus("input")
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    figure.values = {"p": 1.0}
    assert picture.get_attribute("aria-label") == figure.sentence
    page.wait_for_function("said.length > 0")
    assert page.evaluate("said") == [figure.sentence]
    assert status.inner_text() == page.locator(".kl-sentence").inner_text() == figure.sentence


def test_every_setting_of_the_page_shows_what_python_computes(strange, show):
    figure = strange.make()
    shown = show(figure).page.evaluate(
        """() => {
          const [p, q, s] = document.querySelectorAll("input[type=range]");
          const radios = document.querySelectorAll("input[type=radio]");
          const move = (input, value) => { input.value = value; input.dispatchEvent(new Event("input")); };
          const texts = (selector) => [...document.querySelectorAll(selector)].map((node) => node.textContent);
          const all = [];
          for (let i = 0; i <= p.max; i++) for (let j = 0; j <= q.max; j++) for (let k = 0; k <= s.max; k++)
            for (const radio of radios) {
              move(p, i); move(q, j); move(s, k); radio.click();
              all.push([...texts("dd"), ...texts(".kl-sentence")]);
            }
          return all;
        }"""
    )
    expected = []
    for values in strange.all_values(figure):
        figure.values = values
        expected.append([*strange.readouts(values["p"], values["q"], values["unit"]), figure.sentence])
    assert shown == expected


def test_a_bar_is_drawn_as_high_as_its_number(strange, show):
    """Heights of the drawn bars in pixels stand in the ratio of the numbers, and an infinite one leaves the panel."""
    page = show(strange.make()).page
    area = "[...document.querySelectorAll('svg g path')][1].getAttribute('d')"

    def tops():
        path = page.evaluate(area)
        parts = re.findall(r"M\S+ (\S+)V(\S+)H\S+V\S+Z", path)
        return [float(base) - float(top) for base, top in parts]

    drawn, exact = tops(), strange.heights(0.4, "bit")
    assert drawn[0] / drawn[1] == pytest.approx(exact[0] / exact[1], abs=0.01)
    assert page.locator(".kl-tag").all_text_contents() == ["a", "b"]
    page.focus("input")
    page.keyboard.press("End")
    assert tops()[1] > 2000
    assert page.locator(".kl-tag").all_text_contents() == ["a"]  # b has no width left to stand on


def test_without_java_script_there_is_the_still_picture_and_its_sentence(strange, show):
    figure = strange.make()
    opened = show(figure, java_script_enabled=False)
    picture = opened.page.get_by_role("img", name=figure.sentence)
    assert picture.bounding_box()["height"] > 100
    assert picture.bounding_box()["width"] == pytest.approx(680)
    assert opened.page.get_by_text(figure.sentence, exact=True).is_visible()
    assert opened.page.get_by_role("slider").count() == 0


def test_the_still_picture_is_an_image_the_browser_can_draw(strange, show):
    figure = strange.make()
    opened = show(figure, java_script_enabled=False)
    assert opened.page.locator("img").evaluate("image => image.decode().then(() => image.naturalWidth)") > 300


def test_a_phone_scrolls_no_line_sideways_and_reads_the_text(strange, show):
    page = show(strange.make(), strange.make(), width=390).page
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    sizes = """() => { const svg = document.querySelector("svg"), scale = svg.clientWidth / svg.viewBox.baseVal.width;
      return [...svg.querySelectorAll("text")].map((node) => parseFloat(getComputedStyle(node).fontSize) * scale) }"""
    assert min(page.evaluate(sizes)) >= 12
    for box in [slider.bounding_box() for slider in page.get_by_role("slider").all()]:
        assert box["height"] >= 24
        assert box["width"] > 300
    assert all(label.bounding_box()["height"] >= 24 for label in page.locator(".kl-options label").all())
    outside = """() => { const edges = document.querySelector("svg").getBoundingClientRect();
      return [...document.querySelectorAll("svg text")].map((t) => t.getBoundingClientRect()).filter((box) =>
        box.width && (box.right > innerWidth || box.left < 0)).length }"""
    assert page.evaluate(outside) == 0


def luminance(color):
    parts = [float(part) / 255 for part in re.findall(r"[\d.]+", color)[:3]]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(first, second):
    high, low = sorted((luminance(first), luminance(second)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("host", ["html", "jupyter"])
def test_both_schemes_have_contrast(strange, show, theme, host):
    page = show(strange.make()).page
    if host == "html":
        page.evaluate("theme => document.documentElement.dataset.theme = theme", theme)
    else:
        page.evaluate("theme => document.body.dataset.jpThemeLight = String(theme === 'light')", theme)
    colors = page.evaluate(
        """(names) => { const probe = document.querySelector(".kl-explorer").appendChild(document.createElement("i"));
          const color = (name) => { probe.style.color = `var(--kl-${name})`; return getComputedStyle(probe).color };
          return Object.fromEntries(names.map((name) => [name, color(name)])) }""",
        ["paper", "ink", "muted", "track", "p", "q", "neutral", "accent"],
    )
    assert (luminance(colors["paper"]) < 0.05) == (theme == "dark")
    assert min(contrast(colors[name], colors["paper"]) for name in ("ink", "muted", "p", "q", "neutral")) >= 4.5
    assert min(contrast(colors[name], colors["paper"]) for name in ("track", "accent")) >= 3
    background = page.locator(".kl-explorer").evaluate("host => getComputedStyle(host).backgroundColor")
    assert background == colors["paper"]


SHIFTS = """window.shift = 0;
new PerformanceObserver((list) => { for (const entry of list.getEntries()) shift += entry.value; })
  .observe({ type: "layout-shift", buffered: true });"""


@pytest.mark.parametrize("width", [390, 1280])
def test_the_page_does_not_move_when_the_script_takes_over(strange, show, width):
    page = show(strange.make(), strange.make(), width=width, script=SHIFTS).page
    page.wait_for_timeout(300)
    assert page.evaluate("shift") < 0.02
    page.evaluate("document.querySelector('p').style.height = '300px'")  # the observer does see a page that moves
    page.wait_for_function("shift > 0.02")


def test_longer_numbers_do_not_push_what_stands_below(show):
    """Sentences of some lines of a phone, each a word longer than the last: one is about to need another line."""
    for_every_length = [
        Explorer(
            f"Sentence {words}",
            parameters=[Slider("n", "n", steps=[1, 1000, 10**9], start=1, digits=0)],
            panels=[Panel("", xlabel="x", ylabel="y", xlim=(0, 1), ylim=(0, 1), marks=[Rule(lambda: 0.5, "p")])],
            sentence="and " * words + "{n}.",
        )
        for words in range(50, 63)
    ]
    page = show(*for_every_length, width=390).page
    heights = "[...document.querySelectorAll('.kl-explorer')].map((card) => card.offsetHeight)"
    before = page.evaluate(heights)
    for slider in page.get_by_role("slider").all():
        slider.press("End")
    assert page.locator(".kl-sentence").first.inner_text().endswith(" 1000000000.")
    assert page.evaluate(heights) == before


def test_the_ring_of_the_focus_is_seen_and_crosses_no_label(strange, show):
    page = show(strange.make()).page
    label, slider = page.locator(".kl-slider label").first, page.get_by_role("slider", name="P(a)")
    unfocused = label.screenshot(), slider.screenshot()
    page.keyboard.press("Tab")
    assert slider.evaluate("(node) => node.matches(':focus-visible')")
    assert label.screenshot() == unfocused[0]
    assert slider.screenshot() != unfocused[1]


def test_two_figures_on_one_page_leave_each_other_alone(strange, show):
    page = show(strange.make(), strange.make()).page
    page.get_by_role("slider", name="P(a)").nth(1).press("End")
    page.get_by_role("radio", name="nat").nth(1).check()
    assert readouts(page, 0) == strange.readouts(0.4, 0.2, "bit")
    assert readouts(page, 1) == strange.readouts(1.0, 0.2, "nat")
    assert page.get_by_role("radio", name="bit").first.is_checked()
    ids = page.evaluate("[...document.querySelectorAll('[id]')].map(node => node.id)")
    assert len(ids) == len(set(ids))
    assert page.locator("style#kl-explorer-style").count() == 1


# The same file as a module beside a kernel; the kernel here is the Python object itself.
MOUNT = """async ([source, spec, values, frame]) => {
  const { default: widget } = await import("data:text/javascript;base64," + source);
  const state = { spec, values, frame }, listeners = {};
  const set = (key, value) => { state[key] = value; for (const f of listeners["change:" + key] ?? []) f(); };
  window.model = {
    get: (key) => state[key], set, on: (event, f) => (listeners[event] ??= []).push(f),
    off: (event, f) => { listeners[event] = listeners[event].filter((other) => other !== f); },
    save_changes: async () => set("frame", await kernel(state.values)),
  };
  const el = document.body.appendChild(document.createElement("div"));
  window.cleanup = widget.render({ model, el });
  window.listening = () => Object.values(listeners).flat().length;
}"""


def test_in_a_live_kernel_python_answers_each_move_and_moves_the_sliders(strange, tmp_path, open_page):
    (tmp_path / "empty.html").write_text("<!doctype html><title>Kernel</title>")
    opened = open_page((tmp_path / "empty.html").as_uri())
    page, figure = opened.page, strange.make()

    def kernel(values):
        figure.values = values
        return figure.frame

    page.expose_function("kernel", kernel)
    source = base64.b64encode(SCRIPT.read_bytes()).decode()
    page.evaluate(MOUNT, [source, figure.spec, figure.values, figure.frame])
    slider = page.get_by_role("slider", name="P(a)")
    for value in (0.6, 0.8, 1.0):
        slider.press("ArrowRight")
        page.wait_for_function("value => model.get('frame').values.p === value", arg=value)
        assert figure.values["p"] == value
        assert readouts(page) == strange.readouts(value, 0.2, "bit")
    figure.values = {"p": 0.2, "unit": "nat"}
    page.evaluate(
        "([values, frame]) => { model.set('values', values); model.set('frame', frame); }",
        [figure.values, figure.frame],
    )
    assert slider.input_value() == "1"
    assert page.get_by_role("radio", name="nat").is_checked()
    assert readouts(page) == strange.readouts(0.2, 0.2, "nat")
    page.evaluate("cleanup()")
    assert page.evaluate("listening()") == 0
    assert opened.errors == []
