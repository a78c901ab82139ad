"""Opens report pages in headless Chromium, as people do, and says what is wrong with them.

    report_page.py --shots DIR PAGE...   each page at two widths, light, dark and printed
    report_page.py --stretch DIR RUN_JSON  makes a run.json of an hour, to be rendered
    report_page.py --self-check PAGE     spoils a copy of the page in several ways; each must be noticed

Needs playwright and axe-playwright-python, and Chromium at $CHROMIUM or /usr/bin/chromium.
"""

import argparse
import json
import os
import pathlib
import re
import sys
import tempfile

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import sync_playwright

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
ARGS = [
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]
DESK, PHONE = (1280, 800), (420, 900)
WIDTHS = [DESK, PHONE]
MAX_BYTES = 2_000_000


def axe_problems(page):
    """What axe finds wrong."""
    found = Axe().run(page).response["violations"]
    return [
        f"axe: {rule['id']}: {rule['help']}: {node['html'][:160]}"
        for rule in found
        for node in rule["nodes"][:3]
    ]


def layout_problems(page):
    """What is wider than the window; on a phone nothing scrolls sideways by itself either."""
    wide, view = page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
    problems = [f"the document is {wide} px wide in a window of {view} px"] if wide > view else []
    if view <= PHONE[0]:
        problems += page.evaluate("""() => [...document.querySelectorAll("body *")]
            .filter((one) => one.clientWidth > 1 && one.scrollWidth > one.clientWidth + 1
                && getComputedStyle(one).overflowX !== "visible")
            .map((one) => `${one.tagName}.${one.className} scrolls sideways: ${one.scrollWidth} px in ${one.clientWidth} px`)""")
    return problems


def first_chart_problems(page, height):
    """Whether the first chart begins within a screen below the verdict."""
    below = page.evaluate("""() => document.querySelector(".plot").getBoundingClientRect().top
        - document.querySelector("#verdict").getBoundingClientRect().bottom""")
    return [f"the first chart begins {below:.0f} px below the verdict, a screen has {height}"] if below > height else []


def text_problems(page):
    """Letters of a chart that lie on each other, leave it, or are too small."""
    return page.evaluate("""() => [...document.querySelectorAll(".plot > svg")].flatMap((svg) => {
        const whole = svg.getBoundingClientRect();
        if (whole.width === 0) return [];
        const chart = svg.closest("figure").dataset.chart;
        const texts = [...svg.querySelectorAll("text")].map((one) => ({ said: one.textContent.trim(),
            box: one.getBoundingClientRect(), size: parseFloat(getComputedStyle(one).fontSize) * whole.width / svg.viewBox.baseVal.width }));
        const problems = [];
        texts.forEach(({ said, box, size }, index) => {
            if (size < 10) problems.push(`${chart}: "${said}" is ${size.toFixed(1)} px high`);
            if (box.left < whole.left - 1 || box.right > whole.right + 1) problems.push(`${chart}: "${said}" leaves the chart`);
            for (const other of texts.slice(index + 1)) {
                const across = Math.min(box.right, other.box.right) - Math.max(box.left, other.box.left);
                const down = Math.min(box.bottom, other.box.bottom) - Math.max(box.top, other.box.top);
                if (across > 1 && down > 4) problems.push(`${chart}: "${said}" lies on "${other.said}"`);
            }
        });
        return problems;
    })""")


def values_at(panel, place):
    """The embedded values of a panel at an index of its first series' places."""
    return {series["name"]: series["y"][place] for series in panel["series"]}


def told(kind, value):
    """A value as the page tells it, written down here a second time."""
    def short(scaled):
        return f"{scaled:.2f}" if scaled < 9.995 else f"{scaled:.1f}" if scaled < 99.95 else f"{scaled:.0f}"

    if kind == "log_micros":
        for limit, unit, by in [(1e3, "\u00b5s", 0), (1e6, "ms", 1e3), (120e6, "s", 1e6)]:
            if value < limit:
                return f"{value:.0f} \u00b5s" if by == 0 else f"{short(value / by)} {unit}"
        return f"{short(value / 60e6)} min"
    if kind == "seconds":
        return f"{round(value, 2):g} s"
    return f"{value:,.1f}".removesuffix(".0")


def chart_problems(page, figure):
    """Whether pointing and keys tell the values that are embedded."""
    name = figure.get_attribute("data-chart")
    data = json.loads(figure.locator("script[type='application/json']").inner_text())
    panels = [panel for panel in data["panels"] if any(series["y"] for series in panel["series"])]
    if not panels:
        return []
    reach, readout = figure.locator(".reach"), figure.locator(".readout")
    if reach.count() != 1:
        return [f"{name}: no way to read its values"]
    problems = []
    panel = panels[0]
    series = panel["series"][0]
    place = len(series["x"]) // 2
    axis = panel["x"]
    frame = data["frames"][1 if figure.locator(".plot > .narrow").is_visible() else 0]
    plot = frame["plots"][data["panels"].index(panel)]
    def point(place):
        share = (series["x"][place] - axis["from"]) / (axis["to"] - axis["from"])
        across, down = plot["x"][0] + share * (plot["x"][1] - plot["x"][0]), sum(plot["y"]) / 2
        reach.scroll_into_view_if_needed()
        scale = reach.bounding_box()["width"] / frame["size"][0]
        reach.hover(position={"x": across * scale, "y": (down - frame["top"]) * scale})
    for fifth in range(5):
        point(len(series["x"]) * fifth // 5)
        problems += covered(figure, name)
    point(place)
    if not readout.is_visible():
        problems.append(f"{name}: pointing at it tells nothing")
    rows = dict(zip(readout.locator("th[scope=row]").all_inner_texts(), readout.locator("td").all_inner_texts()))
    value = series["y"][place]
    if value is not None and rows.get(series["name"]) != told(panel["y"]["kind"], value):
        problems.append(f"{name}: {series['name']} is {told(panel['y']['kind'], value)}, pointing says {rows}")

    said = figure.locator("[aria-live]")
    reach.focus()
    page.keyboard.press("Home")
    first, first_aloud = readout.inner_text(), said.inner_text()
    start = reach.get_attribute("aria-valuetext")
    page.keyboard.press("ArrowRight")
    if reach.get_attribute("aria-valuenow") != "1":
        problems.append(f"{name}: an arrow key does not move the cursor by one")
    page.keyboard.press("End")
    if readout.inner_text() == first or said.inner_text() == first_aloud or not first_aloud.startswith(start):
        problems.append(f"{name}: keys do not change what is told: {first_aloud!r}")
    if reach.get_attribute("aria-valuenow") != reach.get_attribute("aria-valuemax"):
        problems.append(f"{name}: End does not go to the end")
    page.keyboard.press("Escape")
    if readout.is_visible():
        problems.append(f"{name}: Escape does not hide the readout")

    details = figure.locator("details")
    details.locator("summary").click()
    if not details.locator("table").first.is_visible():
        problems.append(f"{name}: its table does not open")
    details.locator("summary").click()
    return problems


def covered(figure, name):
    """The names of phases that the readout lies on."""
    names = figure.evaluate("""(figure) => {
        const readout = figure.querySelector(".readout").getBoundingClientRect();
        const svg = [...figure.querySelectorAll(".plot > svg")].find((one) => one.getBoundingClientRect().width > 0);
        return [...svg.querySelectorAll("text[font-weight='bold'][fill='#6E6E6E']")].filter((one) => {
            const box = one.getBoundingClientRect();
            return box.left < readout.right && box.right > readout.left && box.top < readout.bottom && box.bottom > readout.top;
        }).map((one) => one.textContent.trim());
    }""")
    return [f"{name}: what is read lies on the name of phase {each}" for each in names]


def watched(browser, url, width, height, scheme):
    """A page that writes down what it says, what goes wrong and what it asks for."""
    context = browser.new_context(
        viewport={"width": width, "height": height}, color_scheme=scheme, reduced_motion="reduce"
    )
    page = context.new_page()
    problems = []
    page.on("console", lambda message: problems.append(f"console: {message.type}: {message.text}"))
    page.on("pageerror", lambda error: problems.append(f"page error: {error}"))
    page.on("request", lambda request: request.url.split("#")[0] == url or problems.append(f"request: {request.url}"))
    page.goto(url)
    return page, problems


def check(browser, path, shots, name, widths=WIDTHS, schemes=("light", "dark")):
    """Every problem of a page, each with the width and the colors it shows in."""
    found = []
    if path.stat().st_size > MAX_BYTES:
        found.append(f"{name}: {path.stat().st_size} bytes")
    for width, height in widths:
        for scheme in schemes:
            page, problems = watched(browser, path.as_uri(), width, height, scheme)
            problems += layout_problems(page) + axe_problems(page) + text_problems(page)
            problems += first_chart_problems(page, height)
            if page.locator("h1").count() != 1:
                problems.append("not one h1")
            figures = page.locator("figure[data-chart]").all()
            if not figures:
                problems.append("no charts")
            for figure in figures:
                problems += chart_problems(page, figure)
            if shots:
                page.screenshot(path=shots / f"{name}-{width}-{scheme}.png", full_page=True)
                page.locator(".reach").first.hover()
                page.locator("figure").first.screenshot(path=shots / f"{name}-{width}-{scheme}-pointed.png")
            problems += theme_problems(page, scheme)
            page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
            problems += layout_problems(page) + axe_problems(page)
            found += [f"{name} at {width} px, {scheme}: {problem}" for problem in problems]
            page.context.close()
    found += [f"{name} printed: {problem}" for problem in print_problems(browser, path, shots, name)]
    return found


def theme_problems(page, scheme):
    """Whether the button changes the colors, and a second press brings them back."""
    color = lambda: page.evaluate("getComputedStyle(document.body).backgroundColor")
    button = page.locator(".top button")
    if button.count() == 0:
        return ["no button for the colors"]
    before = color()
    button.click()
    changed = color()
    problems = axe_problems(page)
    page.reload()
    if color() != changed:
        problems.append("the colors chosen are not remembered")
    button.click()
    if changed == before or color() != before:
        problems.append(f"the button does not change the colors of {scheme}")
    return problems


def print_problems(browser, path, shots, name):
    """Whether paper gets light colors, no controls, and no chart in two parts."""
    page, problems = watched(browser, path.as_uri(), 1024, 900, "dark")
    page.emulate_media(media="print", color_scheme="dark")
    if page.evaluate("getComputedStyle(document.body).backgroundColor") != "rgb(255, 255, 255)":
        problems.append("paper is not white")
    if page.evaluate("getComputedStyle(document.querySelector('h2')).color") == "rgb(230, 233, 238)":
        problems.append("dark colors on paper")
    for control in ["button", ".reach", "details"]:
        if any(each.is_visible() for each in page.locator(control).all()):
            problems.append(f"{control} is printed")
    if page.evaluate("[...document.querySelectorAll('figure')].some((f) => getComputedStyle(f).breakInside !== 'avoid')"):
        problems.append("a chart may be split")
    if shots:
        page.screenshot(path=shots / f"{name}-print.png", full_page=True)
        page.pdf(path=shots / f"{name}.pdf", format="A4", print_background=True)
    page.context.close()
    return problems


def spoiled(text):
    """The page with one fault planted, and what the check must say of it."""
    unguarded = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", text)
    return {
        "a console error": (unguarded.replace("</body>", "<script>console.error('planted')</script></body>"), "console: error"),
        "a script that is not the page's": (text.replace("</body>", "<script>alert(1)</script></body>"), "console: error"),
        "a script that fails": (unguarded.replace("</body>", "<script>null.planted</script></body>"), "page error"),
        "a request": (unguarded.replace("</body>", "<img alt='' src='planted.png'></body>"), "request:"),
        "an overflow": (unguarded.replace("</main>", "<pre style='width:3000px;overflow:visible'>wide</pre></main>"), "px wide"),
        "no title": (re.sub(r"<title>.*?</title>", "", text, count=1), "document-title"),
        "an image without a name": (unguarded.replace("</main>", "<img src='data:,'></main>"), "image-alt"),
        "a value told wrongly": (unguarded.replace("maximumFractionDigits: 1 })", "maximumFractionDigits: 1 }) + 1"), "pointing says"),
        "a drawing without a name": (re.sub(r' aria-labelledby="title-[^"]*"', "", re.sub(r"<title id=.*?</title>", "", text)), "svg-img-alt"),
        "a first chart far down": (unguarded.replace('<section aria-labelledby="rates">', "<p style='height:900px'></p>" '<section aria-labelledby="rates">'), "the first chart begins"),
        "texts that lie on each other": (text.replace("</text>", "</text><text x='110' y='60'>planted</text><text x='112' y='62'>planted</text>", 1), 'lies on "planted"'),
        "a readout over a phase's name": (unguarded.replace("+ 30) * scale", "- 60) * scale"), "lies on the name of phase"),
        "text too faint": (unguarded.replace("</main>", "<p style='color:#999;background:#aaa'>faint</p></main>"), "color-contrast"),
        "a box that scrolls on a phone": (unguarded.replace("</main>", "<div style='overflow-x:auto' tabindex='0'><div style='width:900px'>wide</div></div></main>"), "scrolls sideways", PHONE),
        "letters too small for a phone": (unguarded.replace(".plot > .narrow { display: block; }", "").replace(".plot > .wide { display: none; }", ""), "px high", PHONE),
        "no page script": (text.replace('"use strict";', '"use strict"; '), "no way to read"),
    }


def hour_long(source, target):
    """A run.json stretched to an hour by repeating its seconds."""
    report = json.loads(source.read_text())
    seconds, intervals = report["timeline"], {each["time_s"]: each for each in report.get("intervals", [])}
    stretched = [(at, seconds[at % len(seconds)]) for at in range(3600)]
    report["timeline"] = [{**row, "time_s": at} for at, row in stretched]
    report["intervals"] = [
        {**intervals[row["time_s"]], "time_s": at} for at, row in stretched if row["time_s"] in intervals
    ]
    phases = len(report["phases"])
    for index, phase in enumerate(report["phases"]):
        phase["start"] = {"secs": 3600 * index // phases, "nanos": 0}
        phase["end"] = {"secs": 3600 * (index + 1) // phases, "nanos": 0}
        report["scenario"]["phases"][index]["duration"] = {"secs": 3600 // phases, "nanos": 0}
    target.mkdir(parents=True, exist_ok=True)
    (target / "run.json").write_text(json.dumps(report))


def self_check(browser, path):
    """Faults that were not noticed."""
    text = path.read_text()
    missed = []
    with tempfile.TemporaryDirectory() as folder:
        for fault, (page, expected, *width) in spoiled(text).items():
            if page == text:
                missed.append(f"{fault}: could not be planted")
                continue
            copy = pathlib.Path(folder) / "report.html"
            copy.write_text(page)
            found = check(browser, copy, None, "spoiled", width or [DESK], ["light"])
            noticed = [problem for problem in found if expected in problem]
            print(f"  {fault}: {noticed[0][:120] if noticed else 'NOT NOTICED'}")
            if not noticed:
                missed.append(f"{fault}: not noticed; found {found[:3]}")
    return missed


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("pages", nargs="+", type=pathlib.Path)
    arguments.add_argument("--shots", type=pathlib.Path)
    arguments.add_argument("--self-check", action="store_true")
    arguments.add_argument("--stretch", type=pathlib.Path, metavar="DIR")
    given = arguments.parse_args()
    if given.stretch:
        hour_long(given.pages[0], given.stretch)
        return
    if given.shots:
        given.shots.mkdir(parents=True, exist_ok=True)
    failed = False
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGS)
        for path in given.pages:
            path = path.resolve()
            if given.self_check:
                problems = self_check(browser, path)
            else:
                problems = check(browser, path, given.shots, path.parent.name)
            for problem in problems:
                print(problem, file=sys.stderr, flush=True)
            failed = failed or bool(problems)
        browser.close()
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
