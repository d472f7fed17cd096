"""Fonts of formulas and icons as `data:` URIs, cut to the characters that the pages show.

Chromium refuses web fonts to a page opened from a file, and the theme's own icons cost half a megabyte
of script. So, when the pages stand, the characters of all their formulas and the names of all their
icons are collected, and two style sheets are written with just these glyphs: ``formulas.css`` and
``icons.css``. The same pages give the same files.
"""

import base64
import functools
import hashlib
import html
import io
import re
from pathlib import Path

import pydata_sphinx_theme
from fontTools import subset
from npm_packages import fetch_katex

SPAN = re.compile(r"<(/?)span\b")
FORMULA = '<span class="katex-html"'
ICON_FONT = "Font Awesome 6 Free"
ICON_STYLES = """\
:root{{--fa-font-solid:normal 900 1em/1 "{font}";--fa-font-regular:var(--fa-font-solid)}}
.fas,.fa-solid{{font:var(--fa-font-solid);display:inline-block;-webkit-font-smoothing:antialiased}}
.fa-lg{{font-size:1.25em;line-height:.05em;vertical-align:-.075em}}
"""


def formulas(page):
    """Yield the HTML of each typeset formula of a page."""
    start = page.find(FORMULA)
    while start >= 0:
        depth = 0
        for tag in SPAN.finditer(page, start):
            depth += -1 if tag[1] else 1
            if not depth:
                break
        yield page[start : tag.end()]
        start = page.find(FORMULA, tag.end())


def glyphs_of_formulas(pages):
    """Return the characters and the classes that occur in the formulas of the pages."""
    characters, classes = set(), {"katex", "katex-display"}
    for page in pages:
        for formula in formulas(page):
            characters.update(html.unescape(re.sub(r"<[^>]*>", "", formula)))
            for names in re.findall(r'class="([^"]*)"', formula):
                classes.update(names.split())
    return characters, classes


def embed(font_file, characters):
    """Return a font cut to some characters as the value of a CSS ``src``."""
    options = subset.Options(flavor="woff2", layout_features=["*"], notdef_outline=True, hinting=False)
    font = subset.load_font(str(font_file), options)
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=sorted(map(ord, characters)))
    subsetter.subset(font)
    buffer = io.BytesIO()
    subset.save_font(font, buffer, options)
    data = base64.b64encode(buffer.getvalue()).decode()
    return f'url(data:font/woff2;base64,{data}) format("woff2")'


def font_face(rule):
    """Return (family, weight, style) of a rule of KaTeX's style sheet."""
    family = re.search(r'font-family:"?KaTeX_(\w+)', rule)
    weight = "bold" if re.search(r"font-weight:(700|bold)", rule) else "normal"
    style = "italic" if "font-style:italic" in rule else "normal"
    return (family[1] if family else "Main", weight, style)


def formula_styles(katex, characters, classes):
    """Return KaTeX's style sheet with the fonts that these classes select, cut to these characters."""
    sheet = (katex / "katex.min.css").read_text("utf8")
    needed = {("Main", "normal", "normal")}
    for selectors, rule in re.findall(r"([^{}]+)\{([^{}]*)\}", sheet):
        if re.search(r"font-(family:KaTeX|weight|style)", rule) and not selectors.startswith("@"):
            for selector in selectors.split(","):
                if set(re.findall(r"\.([\w-]+)", selector)) <= classes:
                    needed.add(font_face(rule))

    def replace(match):
        rule = match[0]
        if not characters or font_face(rule) not in needed:
            return ""
        file = re.search(r"url\((fonts/[^)]*\.woff2)\)", rule)[1]
        return re.sub(r"src:[^;}]*", lambda _: f"src:{embed(katex / file, characters)}", rule)

    return re.sub(r"@font-face\{[^}]*\}", replace, sheet)


def icons_named(pages):
    """Return the names that may be those of icons."""
    return {name for page in pages for name in re.findall(r"\bfa-([a-z0-9-]+)", page)}


def icon_styles(names, sheets):
    """Return the style sheet of the icons that pages name or that the theme's style sheets show."""
    theme = Path(pydata_sphinx_theme.__file__).parent / "theme/pydata_sphinx_theme/static/vendor/fontawesome"
    (folder,) = (path for path in theme.iterdir() if path.is_dir())
    every = (folder / "css/all.min.css").read_text("utf8")
    codes = {}
    for selectors, code in re.findall(r'([^{}]*)\{content:"\\([0-9a-f]+)"\}', every):
        codes.update(dict.fromkeys(re.findall(r"\.fa-([\w-]+):before", selectors), chr(int(code, 16))))
    named = sorted(names & codes.keys())
    shown = {character for sheet in sheets for character in sheet if "\ue000" <= character <= "\uf8ff"}
    shown |= {chr(int(code, 16)) for sheet in sheets for code in re.findall(r'"\\([ef][0-9a-f]{3})"', sheet)}
    source = embed(folder / "webfonts/fa-solid-900.woff2", shown | {codes[name] for name in named})
    rules = [f'@font-face{{font-family:"{ICON_FONT}";font-weight:900;src:{source}}}\n']
    rules.append(ICON_STYLES.format(font=ICON_FONT))
    rules += [f'.fa-{name}:before{{content:"{codes[name]}"}}\n' for name in named]
    return "".join(rules)


def write(path, make, *inputs):
    """Write a style sheet unless it stands there, made by this file from the same inputs."""
    made_from = hashlib.sha256(Path(__file__).read_bytes() + repr([sorted(part) for part in inputs]).encode())
    head = f"/* {made_from.hexdigest()} */\n"
    if not (path.is_file() and path.read_text("utf8").startswith(head)):
        path.write_text(head + make(*inputs), encoding="utf8")


def write_styles(app, exception):
    """Write both style sheets for the pages as they now are."""
    if exception or app.builder.format != "html":
        return
    files = [Path(app.builder.get_outfilename(name)) for name in (*app.env.found_docs, "search")]
    pages = [file.read_text("utf8") for file in files if file.is_file()]
    static, katex = Path(app.outdir, "_static"), fetch_katex(app)
    sheets = [file.read_text("utf8") for file in static.glob("styles/*.css")]
    write(static / "formulas.css", functools.partial(formula_styles, katex), *glyphs_of_formulas(pages))
    write(static / "icons.css", icon_styles, icons_named(pages), sheets)


def setup(app):
    """Write the style sheets at the end of the build."""
    app.connect("build-finished", write_styles)
