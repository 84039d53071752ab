#include "web/page_assets.h"

namespace lakebed {

const std::string_view kPageStyle = R"css(
:root { color-scheme: light dark;
  --ground: #f6f7f9; --card: #ffffff; --ink: #1a2230; --soft: #5a6678; --line: #d9dee6; --link: #0b57b7;
  --good: #16703a; --good-bg: #e3f4e9; --busy: #7a5200; --busy-bg: #fdf1d3; --paused: #4a5568;
  --paused-bg: #e8ebf0; --bad: #b3261e; --bad-bg: #fce6e4; --bar: #7f9cc4; --critical: #d2570a; }
@media (prefers-color-scheme: dark) { :root {
  --ground: #10141b; --card: #181e28; --ink: #e4e9f1; --soft: #9aa7ba; --line: #2d3745; --link: #83b7ff;
  --good: #66d08e; --good-bg: #12301f; --busy: #f0c252; --busy-bg: #372b0d; --paused: #b4bfce;
  --paused-bg: #2a3340; --bad: #ff8f86; --bad-bg: #431b19; --bar: #5f80b0; --critical: #ff9a4d; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 76rem; padding: 1.1rem 1.25rem 2rem; background: var(--ground);
  color: var(--ink); font: 15px/1.45 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
a { color: var(--link); }
a:focus-visible, summary:focus-visible, .scroll:focus-visible { outline: 3px solid var(--link);
  outline-offset: 2px; border-radius: 4px; }
.skip { position: absolute; left: -99rem; }
.skip:focus { left: 1rem; top: 1rem; background: var(--card); padding: .5rem 1rem; z-index: 1; }
header { display: flex; flex-wrap: wrap; align-items: center; gap: .25rem 1rem; }
h1 { font-size: 1.5rem; margin: 0; }
h2 { font-size: 1.05rem; margin: 0 0 .6rem; }
header .facts { color: var(--soft); margin-left: auto; }
.summary { font-size: 1.05rem; margin: .6rem 0 1rem; padding: .7rem 1rem; border-radius: 8px;
  border-left: 5px solid currentColor; }
.summary span { color: var(--ink); }
.pages { display: flex; flex-wrap: wrap; gap: .2rem .7rem; margin: 0 0 1rem; color: var(--soft); font-size: .93rem; }
.pages ul { display: contents; list-style: none; }
section { background: var(--card); border: 1px solid var(--line); border-radius: 10px;
  padding: 1rem 1.1rem; margin: 0 0 1rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; }
caption { text-align: left; font-size: 1.05rem; font-weight: 600; padding-bottom: .5rem; }
th, td { text-align: left; vertical-align: top; padding: .3rem .9rem .3rem 0; border-top: 1px solid var(--line); }
thead th { color: var(--soft); font-weight: 500; font-size: .85rem; border-top: 0; padding-top: 0; }
tbody th { font-weight: 600; white-space: nowrap; }
tr:target { background: var(--busy-bg); }
td:last-child, th:last-child { padding-right: 0; }
.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.title, .muted { color: var(--soft); font-weight: 400; font-size: .87rem; line-height: 1.3; }
tbody th .title { display: block; white-space: normal; }
.state { white-space: nowrap; }
td .state { display: inline-block; padding: .05rem .55rem; border-radius: 99px; font-size: .88rem; font-weight: 600; }
.good { color: var(--good); } .busy { color: var(--busy); }
.paused { color: var(--paused); } .bad { color: var(--bad); }
.state.good, .summary.good { background: var(--good-bg); } .state.busy, .summary.busy { background: var(--busy-bg); }
.state.paused, .summary.paused { background: var(--paused-bg); } .state.bad, .summary.bad { background: var(--bad-bg); }
ul.attention { list-style: none; margin: 0; padding: 0; }
ul.attention li { padding: .35rem 0; } ul.attention li + li { border-top: 1px solid var(--line); }
code { font: .88em ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }
svg { display: block; max-width: 100%; height: auto; margin: 0 auto; }
svg text { font-size: 12px; fill: var(--ink); }
.box rect { fill: var(--paused-bg); stroke: currentColor; stroke-width: 1.3; }
.box.good rect { fill: var(--good-bg); } .box.busy rect { fill: var(--busy-bg); } .box.bad rect { fill: var(--bad-bg); stroke-width: 2.5; }
.box.paused rect { stroke-dasharray: 5 3; stroke-width: 1.8; }
.box .name { font-weight: 600; } .box .state { fill: currentColor; }
svg a:hover .name { text-decoration: underline; }
svg a:focus-visible { outline: none; } svg a:focus-visible rect { stroke: var(--link); stroke-width: 4; stroke-dasharray: none; }
.need { fill: none; stroke: var(--soft); stroke-width: 1.3; opacity: .75; }
.need.session { stroke-width: 2.4; } .need.init, .need.suspends { stroke-dasharray: 2 4; stroke-linecap: round; stroke-width: 1.8; }
.need.missing { stroke: var(--bad); opacity: 1; }
.legend { color: var(--soft); font-size: .87rem; margin: .8rem 0 0; }
.tick { stroke: var(--line); stroke-width: 1; fill: none; } text.tick { fill: var(--soft); stroke: none; text-anchor: middle; font-size: 11px; }
.startup .name, .startup text.number { text-anchor: end; } .startup text.number { fill: var(--soft); }
.startup .other rect { fill: var(--bar); } .startup .critical rect { fill: var(--critical); }
.startup .critical .name { font-weight: 700; fill: var(--critical); }
.queued { stroke: var(--soft); stroke-width: 2; stroke-dasharray: 2 3; } .slack { stroke: var(--bar); stroke-width: 1; opacity: .7; }
details { margin-top: .8rem; } summary { cursor: pointer; color: var(--link); width: fit-content; }
footer { color: var(--soft); font-size: .87rem; display: flex; flex-wrap: wrap; gap: .3rem 1.2rem; }
@media (max-width: 44rem) { body { padding: .8rem .6rem 2rem; font-size: 14px; } section { padding: .8rem .7rem; }
  svg { max-width: none; margin: 0; } header .facts { margin-left: 0; } }
@media (forced-colors: active) { .box rect, .startup rect { forced-color-adjust: none; } }
)css";

// Every change that the stream of events tells of makes it fetch the page again, and put in those
// parts that differ; so there is one place that knows how things look, the server.
const std::string_view kPageScript = R"js(
(function () {
  'use strict';
  var skew = Date.now() - Number(document.body.dataset.now), busy = false, again = false;
  function age(s) {
    if (s < 60) return Math.max(0, Math.floor(s)) + ' s';
    var m = Math.floor(s / 60), h = Math.floor(m / 60), d = Math.floor(h / 24);
    if (h === 0) return m + ' min';
    if (d === 0) return h + ' h' + (m % 60 ? ' ' + m % 60 + ' min' : '');
    return d + ' d' + (h % 24 ? ' ' + h % 24 + ' h' : '');
  }
  function tick() {
    var now = Date.now() - skew;
    document.querySelectorAll('[data-since]').forEach(function (e) {
      e.textContent = age((now - Number(e.dataset.since)) / 1000);
    });
    document.querySelectorAll('[data-until]').forEach(function (e) {
      var left = Number(e.dataset.until) - now;
      e.textContent = left <= 0 ? 'now' : 'in ' + age(left / 1000);
    });
  }
  function put(old, fresh) {
    var focus = old.contains(document.activeElement) ? document.activeElement : null, same = null;
    if (old.innerHTML === fresh.innerHTML && old.className === fresh.className) return;
    var open = Array.from(old.querySelectorAll('details[open]')).map(function (d) { return d.id; });
    var key = focus && (focus.getAttribute('href') || focus.id);
    old.className = fresh.className;
    old.replaceChildren.apply(old, Array.from(fresh.childNodes));
    open.forEach(function (id) { var d = document.getElementById(id); if (d) d.open = true; });
    if (!focus) return;
    old.querySelectorAll('a,summary').forEach(function (e) {
      if (!same && (e.getAttribute('href') || e.id) === key) same = e;
    });
    if (same) same.focus({ preventScroll: true });
  }
  function refresh() {
    if (busy) { again = true; return; }
    busy = true;
    fetch('/', { cache: 'no-store' }).then(function (reply) {
      if (!reply.ok) throw new Error(reply.status);
      return reply.text();
    }).then(function (text) {
      var page = new DOMParser().parseFromString(text, 'text/html');
      skew = Date.now() - Number(page.body.dataset.now);
      document.title = page.title;
      document.getElementById('icon').href = page.getElementById('icon').href;
      page.querySelectorAll('[data-live]').forEach(function (fresh) {
        var old = document.getElementById(fresh.id);
        if (old) put(old, fresh);
      });
      tick();
    }).catch(function () {}).then(function () {
      busy = false;
      if (again) { again = false; refresh(); }
    });
  }
  function say(text) { document.getElementById('live').textContent = text; }
  function connect() {
    var events = new EventSource('/api/events');
    events.onopen = function () { say('live'); };
    events.onerror = function () {
      say('not live: lakebedd does not answer');
      if (events.readyState === 2) setTimeout(connect, 10000);
    };
    events.addEventListener('status', refresh);
  }
  tick();
  setInterval(tick, 1000);
  connect();
})();
)js";

} // namespace lakebed
