"use strict";

// Keeps the page as the server says it is: one view a second over /ws, see docs/events.md.
const SILENCE_MS = 8000; // a view comes every second; after so long the socket is given up
const LONGEST_PAUSE_MS = 10000;
const $ = (id) => document.getElementById(id);

let socket = null;
let pause = 500;
let silence = 0;
const asked = new Set(); // jobs for which a button was pressed

const FIELDS = {
  queues: (q) => ({
    name: q.name, depth: q.running + q.waiting, running: q.running, waiting: q.waiting,
    oldest: q.waiting ? duration(q.oldest_s) : "–", workers: q.workers,
  }),
  running: (j) => ({
    ...about(j), for: duration(j.for_s), percent: j.percent === null ? "" : `${Math.round(j.percent)} %`,
    note: j.note, pace: j.tokens_per_s ? `${j.tokens_per_s} tokens/s` : "", attempt: j.attempt,
  }),
  waiting: (j) => ({ ...about(j), queue: j.queue, for: duration(j.for_s), attempt: j.attempt }),
  failures: (j, now) => ({
    ...about(j), reason: j.reason || "internal", error: j.error || "",
    ago: j.finished_at ? duration(now - j.finished_at) : "",
  }),
  processes: (p) => ({
    name: p.name, place: `${p.host} · ${p.pid}`, queues: p.queues.join(", "), for: duration(p.for_s),
    busy: p.busy,
    memory: p.rss_bytes ? `${Math.round(p.rss_bytes / 1e6)} MB` : "",
  }),
};

function about(job) {
  return { name: job.name, model: job.model || "", id: job.id, user: job.user || "the server" };
}

function duration(seconds) {
  const s = Math.max(0, Math.floor(seconds));
  if (s >= 86400) return `${Math.floor(s / 86400)} d ${Math.floor((s % 86400) / 3600)} h`;
  if (s >= 3600) return `${Math.floor(s / 3600)} h ${Math.floor((s % 3600) / 60)} min`;
  return s >= 60 ? `${Math.floor(s / 60)} min ${s % 60} s` : `${s} s`;
}

function show(view) {
  for (const name of Object.keys(FIELDS)) showRows(name, view[name], view.at);
  for (const id of asked) {
    if (![...view.running, ...view.waiting, ...view.failures].some((job) => job.id === id)) asked.delete(id);
  }
}

// Rows stay the same elements for as long as they are there: whoever stands on one of their buttons stays.
function showRows(name, items, now) {
  const place = $(name);
  const body = place.querySelector("tbody") || place;
  const old = new Map([...body.children].map((row) => [row.dataset.key, row]));
  let before = null;
  for (const item of items) {
    const key = name === "queues" ? item.name : item.id;
    const row = old.get(key) || $(`of-${name}`).content.firstElementChild.cloneNode(true);
    old.delete(key);
    row.dataset.key = key;
    fill(row, FIELDS[name](item, now), item);
    const next = before ? before.nextElementSibling : body.firstElementChild;
    if (next !== row) body.insertBefore(row, next);
    before = row;
  }
  for (const row of old.values()) row.remove();
  place.toggleAttribute("data-empty", items.length === 0);
  const count = document.querySelector(`[data-count=${name}]`);
  if (count) write(count, items.length);
}

function fill(row, fields, item) {
  for (const element of row.querySelectorAll("[data-text]")) write(element, fields[element.dataset.text]);
  if ("workers" in item) row.dataset.stuck = item.waiting && !item.workers ? "yes" : "no";
  const bar = row.querySelector("progress");
  if (bar) {
    bar.parentElement.hidden = item.percent === null;
    bar.value = item.percent || 0;
  }
  const button = row.querySelector("button");
  if (button) fillButton(button, row, item);
}

function fillButton(button, row, item) {
  row.dataset.about = item.name;
  const isUnderWay = asked.has(item.id) || (item.cancel_requested && button.dataset.do === "cancel");
  const words = button.dataset.do === "retry" ? ["Retry", "Accepted"] : ["Cancel", "Ending…"];
  write(button, words[Number(isUnderWay)]);
  // Not `disabled`, which would take the focus away from whoever has just pressed it.
  button.setAttribute("aria-disabled", String(isUnderWay));
  button.setAttribute("aria-label", `${words[Number(isUnderWay)]}: ${item.name} of ${item.user || "the server"}`);
}

function write(element, value) {
  const text = String(value ?? "");
  if (element.textContent !== text) element.textContent = text;
}

function say(state, words) {
  $("state").dataset.state = state;
  write($("state"), words);
}

function connect() {
  socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/ws`);
  socket.onopen = () => send({ op: "overview" });
  socket.onmessage = (message) => hear(JSON.parse(message.data));
  socket.onclose = (event) => lose(event.code);
  listen();
}

function listen() {
  clearTimeout(silence);
  silence = setTimeout(() => socket.close(), SILENCE_MS);
}

function hear(frame) {
  listen();
  if (frame.op === "overview") {
    pause = 500;
    say(frame.overview ? "live" : "lost", frame.overview ? "Live" : "Something is away");
    write($("problem"), frame.detail || "");
    if (frame.overview) show(frame.overview);
  } else if (frame.op === "error" && frame.of === "overview") {
    location.reload(); // no admin any more: the server shows the door
  } else if (frame.of === "cancel") {
    answer(frame.job, frame.op === "error" ? frame.detail : "The job is being ended.", frame.op === "error");
  }
}

function lose(code) {
  clearTimeout(silence);
  if (code === 4401) {
    location.reload();
    return;
  }
  say("lost", "Connecting again");
  setTimeout(connect, pause * (0.75 + Math.random() / 2));
  pause = Math.min(pause * 2, LONGEST_PAUSE_MS);
}

function send(frame) {
  if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify(frame));
}

function answer(job, words, isBad) {
  if (isBad) asked.delete(job);
  write(isBad ? $("problem") : $("said"), words);
}

async function retry(job) {
  try {
    const done = await fetch(`/api/v1/jobs/${encodeURIComponent(job)}/retry`, { method: "POST" });
    const told = await done.json();
    answer(job, done.ok ? "The job was accepted again." : String(told.detail), !done.ok);
  } catch {
    answer(job, "The server does not answer. Try again in a moment.", true);
  }
}

document.querySelector("main").addEventListener("click", (event) => {
  const button = event.target.closest("button[data-do]");
  const row = button && button.closest("[data-key]");
  if (!row || button.getAttribute("aria-disabled") === "true") return;
  const job = row.dataset.key;
  asked.add(job);
  fillButton(button, row, { id: job, name: row.dataset.about, user: row.querySelector("[data-text=user]").textContent });
  if (button.dataset.do === "retry") retry(job);
  else send({ op: "cancel", job });
});

connect();
