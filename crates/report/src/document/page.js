"use strict";
(() => {
  const root = document.documentElement;
  const make = (name, props, ...children) => {
    const element = Object.assign(document.createElement(name), props);
    element.append(...children);
    return element;
  };
  const drawn = (name, attributes) => {
    const element = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const key in attributes) element.setAttribute(key, attributes[key]);
    return element;
  };

  /* Light or dark; kept where the browser keeps anything. */
  const memory = {
    read() { try { return localStorage.getItem("orderproof-theme"); } catch { return null; } },
    write(theme) { try { localStorage.setItem("orderproof-theme", theme); } catch { /* it lasts as long as the page */ } },
  };
  const system = matchMedia("(prefers-color-scheme: dark)");
  const dark = () => (root.dataset.theme ? root.dataset.theme === "dark" : system.matches);
  const kept = memory.read();
  if (kept === "dark" || kept === "light") root.dataset.theme = kept;
  const button = make("button", { type: "button" });
  const name = () => { button.textContent = dark() ? "Light colors" : "Dark colors"; };
  button.addEventListener("click", () => {
    root.dataset.theme = dark() ? "light" : "dark";
    memory.write(root.dataset.theme);
    name();
  });
  system.addEventListener("change", name);
  name();
  document.querySelector(".top").append(button);

  /* Commands that can be copied. */
  for (const block of document.querySelectorAll("[data-copy]")) {
    const copy = make("button", { type: "button", textContent: "Copy" });
    const said = make("span", { className: "said", role: "status" });
    copy.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(block.textContent);
        said.textContent = copy.textContent = "Copied";
      } catch {
        getSelection().selectAllChildren(block);
        said.textContent = copy.textContent = "Selected";
      }
    });
    block.closest(".run").append(copy, said);
  }

  /* Values as the axes tell them. */
  const grouped = (value) => value.toLocaleString("en-US", { maximumFractionDigits: 1 });
  const short = (value) => (value < 9.995 ? value.toFixed(2) : value < 99.95 ? value.toFixed(1) : value.toFixed(0));
  const micros = (us) => us < 1e3 ? us.toFixed(0) + " \u00b5s" : us < 1e6 ? short(us / 1e3) + " ms"
    : us < 120e6 ? short(us / 1e6) + " s" : short(us / 60e6) + " min";
  const percentile = (nines) => {
    const digits = Math.max(0, Math.ceil(nines) - 1);
    return "p" + Number((100 * (1 - 10 ** -nines)).toFixed(Math.min(digits + 1, 6)));
  };
  const told = {
    seconds: (value) => Number(value.toFixed(2)) + " s",
    quantiles: percentile,
    count: grouped,
    log_micros: micros,
    ratio: (value) => "\u00d7" + value.toFixed(3),
  };
  const place = (axis, [from, to], value) => {
    const at = axis.kind === "log_micros" || axis.kind === "ratio" ? Math.log10(Math.max(value, 1e-9)) : value;
    const share = (at - axis.from) / (axis.to - axis.from || 1);
    return from + Math.min(1, Math.max(0, share)) * (to - from);
  };
  const nearest = (series, x, tolerance) => {
    const xs = series.x;
    let low = 0, high = xs.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (xs[middle] < x) low = middle + 1; else high = middle;
    }
    const at = low > 0 && (low === xs.length || x - xs[low - 1] <= xs[low] - x) ? low - 1 : low;
    const value = series.y[at];
    return at < xs.length && value != null && Math.abs(xs[at] - x) <= tolerance ? value : null;
  };
  const same = (one, other) => one.kind === other.kind && one.from === other.from && one.to === other.to;

  /* A chart whose values can be read by pointer, touch and keys. */
  const readable = (figure) => {
    const source = figure.querySelector("script[type='application/json']");
    const plot = figure.querySelector(".plot");
    if (!source || !plot) return;
    const data = JSON.parse(source.textContent);
    const drawings = [".wide", ".narrow"].map((each, index) => {
      const svg = plot.querySelector(each);
      const cursor = drawn("g", { class: "cursor", visibility: "hidden" });
      svg.append(cursor);
      return { ...data.frames[index], svg, cursor };
    });
    data.panels.forEach((panel, number) => {
      panel.series.forEach((series, index) => { series.x ??= panel.series[index - 1].x; });
      panel.xs = [...new Set(panel.series.flatMap((series) => series.x))].sort((a, b) => a - b);
      panel.tolerance = Math.abs(panel.x.to - panel.x.from) / 100;
      panel.number = number;
    });
    const panels = data.panels.filter((panel) => panel.xs.length > 0);
    if (panels.length === 0) return;
    /* The drawing that this window is wide enough for. */
    const shown = () => drawings.find((one) => one.svg.getBoundingClientRect().width > 0) ?? drawings[0];
    const readout = make("div", { className: "readout", hidden: true });
    const said = make("p", { className: "said" });
    said.setAttribute("aria-live", "polite");
    const reach = make("div", { className: "reach", tabIndex: 0 });
    const attributes = { role: "slider", "aria-orientation": "horizontal", "aria-valuemin": 0,
      "aria-label": "Read the values of: " + data.title };
    for (const key in attributes) reach.setAttribute(key, attributes[key]);
    plot.append(reach, readout);
    figure.append(said);
    let panel = panels[0], index = 0;
    const bounds = () => {
      reach.setAttribute("aria-valuemax", panel.xs.length - 1);
      reach.setAttribute("aria-valuenow", index);
      reach.setAttribute("aria-valuetext", told[panel.x.kind](panel.xs[index]));
    };
    bounds();

    const hide = () => {
      readout.hidden = true;
      for (const { cursor } of drawings) cursor.setAttribute("visibility", "hidden");
    };
    const show = (aloud) => {
      hide();
      const { svg, cursor, size: [width, whole], top: above, plots } = shown();
      const x = panel.xs[index];
      const across = place(panel.x, plots[panel.number].x, x);
      const at = told[panel.x.kind](x);
      const body = make("tbody", {});
      const words = [];
      cursor.replaceChildren();
      const group = panels.filter((other) => same(other.x, panel.x));
      for (const one of group) {
        const rows = [];
        for (const series of one.series) {
          const value = nearest(series, x, one.tolerance);
          if (value == null) continue;
          const text = told[one.y.kind](value);
          const sample = drawn("svg", { viewBox: "0 0 16 8", "aria-hidden": "true" });
          sample.append(drawn("path", { d: "M0 4H16", stroke: series.color, "stroke-width": 3 }));
          rows.push(make("tr", {}, make("th", { scope: "row" }, sample, series.name), make("td", {}, text)));
          words.push(series.name + " " + text);
          cursor.append(drawn("circle", { cx: across, cy: place(one.y, plots[one.number].y, value), r: 4, fill: series.color }));
        }
        cursor.append(drawn("line", { x1: across, x2: across, y1: plots[one.number].y[1], y2: plots[one.number].y[0] }));
        if (rows.length > 0) {
          const head = make("th", { className: "of", colSpan: 2, textContent: one.title });
          body.append(make("tr", {}, head), ...rows);
        }
      }
      readout.replaceChildren(make("div", { className: "at", textContent: at }), make("table", {}, body));
      readout.hidden = false;
      cursor.setAttribute("visibility", "visible");
      bounds();
      const box = svg.getBoundingClientRect();
      const scale = box.width / width;
      readout.style.left = readout.style.top = "";
      if (svg === drawings[0].svg) {
        const left = across * scale;
        const to = box.width - readout.offsetWidth;
        const beside = left + 16 > to ? left - 16 - readout.offsetWidth : left + 16;
        /* Below the names of the phases, which stand at the top of the first plot. */
        const names = (plots[0].y[1] - above + 30) * scale;
        const below = (plots[group[0].number].y[1] - above + 8) * scale;
        const lowest = (whole - above) * scale - readout.offsetHeight;
        readout.style.left = Math.max(0, Math.min(beside, to)) + "px";
        readout.style.top = Math.max(names, Math.min(below, lowest)) + "px";
      }
      if (!aloud) return;
      said.textContent = at + ": " + (words.join(", ") || "no values");
    };

    const point = (event) => {
      const { svg, size: [width, whole], top: above, plots } = shown();
      const box = svg.getBoundingClientRect();
      const x = ((event.clientX - box.left) / box.width) * width;
      const y = ((event.clientY - box.top) / box.height) * (whole - above) + above;
      const away = ({ number }) => Math.max(plots[number].y[1] - y, y - plots[number].y[0], 0);
      panel = panels.reduce((best, one) => (away(one) < away(best) ? one : best));
      const axis = panel.x;
      const [from, to] = plots[panel.number].x;
      const wanted = axis.from + ((x - from) / (to - from || 1)) * (axis.to - axis.from);
      let best = 0;
      panel.xs.forEach((each, at) => { if (Math.abs(each - wanted) < Math.abs(panel.xs[best] - wanted)) best = at; });
      index = best;
      show(false);
    };
    reach.addEventListener("pointermove", point);
    reach.addEventListener("pointerdown", point);
    reach.addEventListener("pointerleave", (event) => { if (event.pointerType === "mouse") hide(); });
    reach.addEventListener("blur", hide);
    reach.addEventListener("keydown", (event) => {
      const last = panel.xs.length - 1;
      const leap = Math.max(1, Math.round(last / 10));
      const to = { ArrowRight: index + 1, ArrowUp: index + 1, ArrowLeft: index - 1, ArrowDown: index - 1,
        PageUp: index + leap, PageDown: index - leap, Home: 0, End: last }[event.key];
      if (event.key === "Escape") { hide(); said.textContent = ""; return; }
      if (to === undefined || event.altKey || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      index = Math.max(0, Math.min(last, readout.hidden && event.key.startsWith("Arrow") ? index : to));
      show(true);
    });
  };
  document.querySelectorAll("figure[data-chart]").forEach(readable);
})();
