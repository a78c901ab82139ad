"""Opens the page of a run that goes on in headless Chromium, as people do, and says what is wrong with it.

    live_page.py --shots DIR PROGRAM    two runs, one that passes and one that loses an order: each at two widths, light
                                        and dark at one time, while orders are sent, while it settles, at the end, and
                                        with the program gone before its end
    live_page.py --self-check PROGRAM   faults of a page, each of which must be noticed

Needs playwright and axe-playwright-python, and Chromium at $CHROMIUM or /usr/bin/chromium.
"""

import argparse
import pathlib
import re
import subprocess
import sys
import tempfile
import time

from playwright.sync_api import sync_playwright

from report_page import ARGS, CHROMIUM, axe_problems, layout_problems

VIEWS = [(width, height, scheme) for width, height in [(1280, 900), (420, 900)] for scheme in ("light", "dark")]
CHARTS = ["backlog", "rates", "latency", "validity"]
VERDICTS = re.compile(r"\b(PASS|FAIL|INCONCLUSIVE)\b")
SMOKE = "scenarios/smoke.toml"
# The last orders wait a while for their retries.
SLOW = ["--set", "pipeline.visibility_timeout=4s", "--set", "expect.max_schedule_lag_p99=10s"]
LOST = ["--set", 'fault=[{kind="message_vanishes", count=1}]']


def until(page, expression, seconds, *given):
    """Waits until the page answers yes; the page's own policy forbids it to wait by itself."""
    limit = time.monotonic() + seconds
    while not page.evaluate(expression, *given):
        if time.monotonic() > limit:
            raise SystemExit(f"not within {seconds} s: {expression}")
        page.wait_for_timeout(100)


class Run:
    """A run with its page."""

    def __init__(self, program, folder, *arguments):
        self.process = subprocess.Popen(
            [program, "run", SMOKE, "--output-dir", str(folder), "--dashboard", "0", *arguments],
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        )
        while True:
            line = self.process.stderr.readline()
            if not line:
                raise SystemExit("the program said nothing of a page")
            found = re.search(r"http://127\.0\.0\.1:\d+/", line)
            if found:
                self.url = found.group(0)
                return


class Open:
    """An open page, and what went wrong with it."""

    def __init__(self, browser, url, width, height, scheme):
        context = browser.new_context(
            viewport={"width": width, "height": height}, color_scheme=scheme, reduced_motion="reduce"
        )
        self.name = f"{width}-{scheme}"
        self.problems = []
        self.page = page = context.new_page()
        page.on("console", lambda message: self.problems.append(f"console: {message.type}: {message.text}"))
        page.on("pageerror", lambda error: self.problems.append(f"page error: {error}"))
        page.on("request", lambda asked: self.asked(asked.url, url))
        page.goto(url)

    def asked(self, wanted, url):
        if not wanted.startswith((url, "data:")):
            self.problems.append(f"request: {wanted}")

    def look(self, shots, moment):
        """Problems of what is seen now."""
        self.problems += layout_problems(self.page) + axe_problems(self.page)
        if self.page.locator("h1").count() != 1:
            self.problems.append(f"{moment}: not one h1")
        if shots:
            self.page.screenshot(path=shots / f"live-{moment}-{self.name}.png", full_page=True)

    def state(self):
        return self.page.evaluate("document.documentElement.dataset.state")

    def text(self):
        return self.page.locator("main").inner_text()


def growing(pages):
    """Every chart is drawn and grows, and nothing looks like a verdict."""
    for opened in pages:
        page = opened.page
        for chart in CHARTS:
            page.wait_for_selector(f"#chart-{chart} svg:visible", timeout=15_000)
        before = page.locator("#chart-rates svg.wide").inner_html()
        until(page, "before => document.querySelector('#chart-rates svg.wide').innerHTML !== before", 10, before)
        # The word in capitals stands nowhere before the end.
        if VERDICTS.search(opened.text()):
            opened.problems.append("a verdict before the end")
        tone = page.locator(".banner").get_attribute("class")
        if tone != "banner note":
            opened.problems.append(f"the banner looks like {tone} before the end")
        if opened.state() != "live":
            opened.problems.append(f"the page is {opened.state()} while it is told news")
        for wanted in ["acknowledged", "~stored", "dead letters", "response time p50, p99"]:
            if wanted not in opened.text():
                opened.problems.append(f"no {wanted}")


def ended(pages, word):
    """The verdict stands, with its rules, and the page knows that nothing follows."""
    for opened in pages:
        until(opened.page, "document.documentElement.dataset.state === 'ended'", 60)
        text = opened.text()
        if word not in opened.page.locator("h1").inner_text():
            opened.problems.append(f"no {word} at the end")
        for wanted in ["Rules", "report.html"]:
            if wanted not in text:
                opened.problems.append(f"no {wanted} at the end")
        if "no longer changes" not in opened.page.locator("#connection").inner_text():
            opened.problems.append("nothing says that the run has ended")


def lost(pages):
    """Nobody takes old figures for live ones."""
    for opened in pages:
        until(opened.page, "document.documentElement.dataset.state === 'lost'", 15)
        words = opened.page.locator("#connection").inner_text()
        if "Connection lost" not in words or "no longer live" not in words:
            opened.problems.append(f"the page says {words!r} of a program that is gone")
        # The browser itself says that it could not connect.
        opened.problems = [each for each in opened.problems if "net::ERR" not in each]


def follow(browser, program, folder, shots, name, word, arguments):
    """Problems of the page of one run, from its first order to its verdict."""
    run = Run(program, folder / name, *SLOW, *arguments)
    pages = [Open(browser, run.url, *view) for view in VIEWS]
    growing(pages)
    for opened in pages:
        opened.look(shots, f"{name}-sending")
    until(pages[0].page, "/^(Settling|Reading)/.test(document.querySelector('h1').innerText)", 30)
    for opened in pages[:1] + pages[-1:]:
        opened.look(shots, f"{name}-settling")
    ended(pages, word)
    for opened in pages:
        opened.look(shots, f"{name}-ended")
    run.process.communicate(timeout=60)
    return told(name, pages)


def gone(browser, program, folder, shots):
    """Problems of a page whose program is killed."""
    run = Run(program, folder / "gone", *SLOW)
    pages = [Open(browser, run.url, *view) for view in VIEWS[:1] + VIEWS[-1:]]
    growing(pages)
    run.process.kill()
    run.process.communicate()
    lost(pages)
    for opened in pages:
        opened.look(shots, "gone")
        opened.problems = [each for each in opened.problems if "net::ERR" not in each]
    return told("gone", pages)


def told(name, pages):
    problems = [f"{name} at {opened.name}: {problem}" for opened in pages for problem in opened.problems]
    for opened in pages:
        opened.page.context.close()
    return problems


def self_check(browser, program, folder):
    """Faults that were not noticed."""
    missed = []

    def noticed(fault, expected, problems):
        found = [problem for problem in problems if expected in problem]
        print(f"  {fault}: {found[0][:110] if found else 'NOT NOTICED'}")
        if not found:
            missed.append(f"{fault}: not noticed; found {problems[:3]}")

    # Each fault is planted in a page of its own, one after the other.
    run = Run(program, folder / "spoiled", *SLOW, "--set", "pipeline.visibility_timeout=6s")
    planted = {
        "a verdict before the end": ("verdict before", "document.querySelector('main').append('PASS')"),
        "a console error": ("console: error", "console.error('planted')"),
        "a request elsewhere": ("Content Security Policy", "fetch('http://127.0.0.1:9/').catch(() => {})"),
        "an overflow": ("px wide", "document.querySelector('main').insertAdjacentHTML('beforeend', '<pre>' + 'w'.repeat(999) + '</pre>'); document.querySelector('main > pre').style.overflow = 'visible'"),
    }
    for fault, (expected, script) in planted.items():
        opened = Open(browser, run.url, *VIEWS[0])
        opened.page.wait_for_selector("#chart-rates svg.wide")
        opened.page.evaluate(script)
        growing([opened])
        opened.look(None, "spoiled")
        noticed(fault, expected, opened.problems)
        opened.page.context.close()
    opened = Open(browser, run.url, *VIEWS[0])
    run.process.communicate()
    ended([opened], "FAIL")
    noticed("another verdict", "no FAIL at the end", opened.problems)
    opened.page.context.close()
    return missed


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("program")
    arguments.add_argument("--shots", type=pathlib.Path)
    arguments.add_argument("--self-check", action="store_true")
    given = arguments.parse_args()
    if given.shots:
        given.shots.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGS)
        if given.self_check:
            problems = self_check(browser, given.program, folder)
        else:
            problems = follow(browser, given.program, folder, given.shots, "passed", "PASS", [])
            problems += follow(browser, given.program, folder, given.shots, "failed", "FAIL", LOST)
            problems += gone(browser, given.program, folder, given.shots)
        browser.close()
    print(f"live page: {time.monotonic() - began:.0f} s, {len(problems)} problems")
    for problem in problems:
        print(problem, file=sys.stderr)
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
