"use strict";
(() => {
  const root = document.documentElement;
  const now = document.getElementById("now");
  const charts = document.getElementById("charts");
  const connection = document.getElementById("connection");
  const title = document.title;
  /* News come once a second; without any for so long they are no longer news. */
  const SILENCE_MS = 5000;
  const put = (place, html) => { if (place.sent !== html) { place.sent = html; place.innerHTML = html; } };
  const state = (name, words) => {
    root.dataset.state = name;
    if (connection.textContent !== words) connection.textContent = words;
  };
  const make = (name, props, ...children) => {
    const element = Object.assign(document.createElement(name), props);
    element.append(...children);
    return element;
  };
  const time = () => new Date().toLocaleTimeString();

  /* Made once, so that what is drawn anew keeps its place and how far it was scrolled. */
  const figure = (chart) => {
    const known = document.getElementById("chart-" + chart.id);
    if (known) return known;
    const plot = make("div", { className: "plot" });
    const scroll = make("div", { className: "chart scroll", tabIndex: 0 }, plot);
    scroll.setAttribute("role", "region");
    const made = make("figure", { id: "chart-" + chart.id },
      make("figcaption", {}, make("h3", {}), make("p", {})), scroll);
    charts.append(made);
    return made;
  };
  const draw = (chart) => {
    const place = figure(chart);
    place.querySelector("h3").textContent = chart.title;
    place.querySelector("p").textContent = chart.words;
    place.querySelector(".scroll").setAttribute("aria-label", "Chart: " + chart.title);
    put(place.querySelector(".plot"), chart.svg);
  };

  let last = null;
  let silence = 0;
  const lost = () => {
    if (root.dataset.state === "ended" || root.dataset.state === "lost") return;
    const since = last ? "The figures are those of " + last + " and no longer live" : "Nothing is known of the run";
    state("lost", "Connection lost. " + since + "; if the run has ended, its verdict is in its folder.");
    document.title = "Connection lost: " + title;
  };
  const source = new EventSource("events");
  source.addEventListener("message", (event) => {
    const news = JSON.parse(event.data);
    if (news.run !== root.dataset.run) { location.reload(); return; }
    last = time();
    put(now, news.top);
    news.charts.forEach(draw);
    document.getElementById("charts-name").textContent = news.heading;
    charts.hidden = !charts.querySelector("figure");
    clearTimeout(silence);
    if (news.ended) {
      source.close();
      state("ended", "The run ended at " + last + "; this page no longer changes.");
      document.title = (now.querySelector("h1 strong") || {}).textContent + ": " + title;
      return;
    }
    state("live", "Live");
    document.title = title;
    silence = setTimeout(lost, SILENCE_MS);
  });
  source.addEventListener("error", lost);
})();
