// The page: a form, a map drawn from our own network, cards and a profile. No framework, no build step.
// Text from data reaches the page as text only (textContent), never as HTML.

import { $, colour, count, duration, h, icon, number, sentence, units } from "./words.js";
import { bringForward, calendarOf, dayTable, drawDays, evenness, tone, wouldBe } from "./trek.js";

const { L, uPlot } = window;
const ROOT = document.body.dataset.root;
const darkness = matchMedia("(prefers-color-scheme: dark)");
const narrowness = matchMedia("(max-width: 820px)");
const calm = matchMedia("(prefers-reduced-motion: reduce)");

// --- small tools ---------------------------------------------------------------------------------------------

/** Metres between two [lon, lat]. */
function metresBetween(a, b) {
  const rad = Math.PI / 180;
  const x = (b[0] - a[0]) * rad * Math.cos(((a[1] + b[1]) / 2) * rad);
  const y = (b[1] - a[1]) * rad;
  return 6371008.8 * Math.hypot(x, y);
}

class ProblemError extends Error {
  constructor(problem) {
    super(problem.detail ?? problem.title);
    this.problem = problem;
  }
}

/** JSON from the service; throws a ProblemError when it says no. */
async function ask(path, options = {}) {
  let response;
  try {
    response = await fetch(`${ROOT}${path}`, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ProblemError({ title: "No answer", detail: "The service cannot be reached. Are you online?" });
  }
  const body = await response.json().catch(() => null);
  if (!response.ok) {
    throw new ProblemError(body ?? { title: "No answer", detail: `The service answered ${response.status}.` });
  }
  return body;
}

// --- the map -------------------------------------------------------------------------------------------------

const map = L.map("map", { preferCanvas: true, zoomControl: false, attributionControl: false, minZoom: 3, maxZoom: 18, zoomSnap: 0.25 });
L.control.zoom({ position: "topright" }).addTo(map);
const credit = L.control.attribution({ position: "bottomright", prefix: false }).addTo(map);
L.control.scale({ position: "bottomleft" }).addTo(map);

for (const [name, z] of [["relief", 250], ["network", 350], ["loops", 420], ["labels", 590], ["spot", 640]]) {
  map.createPane(name).style.zIndex = z;
}
map.getPane("network").style.pointerEvents = "none";
map.getPane("labels").style.pointerEvents = "none";
map.getPane("spot").style.pointerEvents = "none";
const networkCanvas = L.canvas({ pane: "network", padding: 0.4 });
const loopCanvas = L.canvas({ pane: "loops", padding: 0.4, tolerance: 6 });
const network = L.layerGroup().addTo(map);
const labels = L.layerGroup().addTo(map);
const loopLayer = L.layerGroup().addTo(map);
const arrows = L.layerGroup().addTo(map);
const spot = L.circleMarker([0, 0], { pane: "spot", radius: 7, weight: 3, interactive: false });
let pin = null;
let labelled = [];

const latLng = ([lon, lat]) => [lat, lon];
const bboxText = (b) => [b.getWest(), b.getSouth(), b.getEast(), b.getNorth()].map((v) => v.toFixed(5)).join(",");

/** What of the network to ask for: a padded box that stays the same over small moves, so that answers are reused. */
function view() {
  const bounds = map.getBounds();
  const step = Math.max(bounds.getEast() - bounds.getWest(), bounds.getNorth() - bounds.getSouth()) / 4;
  const clip = (v, limit) => Math.min(limit, Math.max(-limit, v));
  const out = (v, round, limit) => clip(round(v / step) * step, limit);
  return L.latLngBounds(
    [out(bounds.getSouth() - step / 2, Math.floor, 90), out(bounds.getWest() - step / 2, Math.floor, 180)],
    [out(bounds.getNorth() + step / 2, Math.ceil, 90), out(bounds.getEast() + step / 2, Math.ceil, 180)],
  );
}

let shown = "";
let looking = null;

async function drawNetwork() {
  const box = bboxText(view());
  const zoom = map.getZoom();
  const key = `${box} ${zoom}`;
  if (key === shown) return placeLabels();
  looking?.abort();
  looking = new AbortController();
  const { signal } = looking;
  const pixel = (40075016 * Math.cos((map.getCenter().lat * Math.PI) / 180)) / (256 * 2 ** zoom);
  const coarseness = Math.min(1000, Math.max(0, Math.round(2 * pixel)));
  try {
    const [ways, places, heads] = await Promise.all([
      ask(`/v1/network?bbox=${box}&limit=5000&coarseness_m=${coarseness}`, { signal }),
      ask(`/v1/places?bbox=${box}&limit=80`, { signal }),
      zoom >= 12 ? ask(`/v1/trailheads?bbox=${box}&limit=300`, { signal }) : { features: [] },
    ]);
    shown = key;
    drawRelief(ways.features);
    drawWays(ways.features, heads.features);
    labelled = places.features;
    placeLabels();
    document.body.dataset.network = ways.features.length;
  } catch (error) {
    if (error.name !== "AbortError") credit.addAttribution("The network cannot be drawn right now");
  }
}

const ROAD = new Set(["minor road", "connecting road", "busy road"]);

function drawWays(ways, heads) {
  const zoom = map.getZoom();
  const lines = { road: [], trail: [] };
  for (const { geometry, properties } of ways) {
    lines[ROAD.has(properties.kind) ? "road" : "trail"].push(geometry.coordinates.map(latLng));
  }
  network.clearLayers();
  const common = { renderer: networkCanvas, interactive: false, smoothFactor: 0.6 };
  const weight = zoom >= 14 ? 2.2 : zoom >= 12 ? 1.6 : 1.1;
  L.polyline(lines.road, { ...common, color: colour("road"), weight: weight + 0.6 }).addTo(network);
  L.polyline(lines.trail, { ...common, color: colour("trail"), weight }).addTo(network);
  for (const { geometry, properties } of heads) {
    const fillOpacity = properties.to_loop_m === null ? 0.35 : 1; // no loop starts there
    const style = { ...common, radius: 3, weight: 1, color: colour("paper"), fillColor: colour("parking"), fillOpacity };
    L.circleMarker(latLng(geometry.coordinates), style).addTo(network);
  }
}

// The relief: heights along the trails, spread over the land between them. Soft on purpose, for it knows no more.

const CELLS = 340;
let relief = null;

function drawRelief(ways) {
  relief?.remove();
  relief = null;
  const corners = view();
  const [nw, se] = [map.project(corners.getNorthWest(), 12), map.project(corners.getSouthEast(), 12)];
  const cell = Math.max(se.x - nw.x, se.y - nw.y) / CELLS;
  const [width, height] = [Math.ceil((se.x - nw.x) / cell), Math.ceil((se.y - nw.y) / cell)];
  const field = { width, height, sum: new Float32Array(width * height), weight: new Float32Array(width * height) };
  for (const { geometry } of ways) scatter(field, geometry.coordinates, nw, cell);
  if (!field.weight.some((w) => w > 0)) return;
  const known = blurred(field.weight.map((w) => (w > 0 ? 1 : 0)), width, height, 8);
  const surface = blurred(spread(field), width, height, 1);
  const metres = cell * (40075016 * Math.cos((map.getCenter().lat * Math.PI) / 180)) / (256 * 2 ** 12);
  const canvas = painted(surface, known, width, height, metres);
  const bounds = [map.unproject(nw, 12), map.unproject([nw.x + width * cell, nw.y + height * cell], 12)];
  relief = L.imageOverlay(canvas.toDataURL(), bounds, { pane: "relief", interactive: false }).addTo(map);
}

/** Put the heights along a line into the cells that it crosses. */
function scatter(field, line, origin, cell) {
  let before = null;
  for (const [lon, lat, metres] of line) {
    if (metres === undefined) return;
    const at = map.project([lat, lon], 12);
    const now = [(at.x - origin.x) / cell, (at.y - origin.y) / cell, metres];
    const from = before ?? now;
    const steps = Math.ceil(Math.max(Math.abs(now[0] - from[0]), Math.abs(now[1] - from[1]))) || 1;
    for (let k = 1; k <= steps; k++) {
      const [x, y, z] = [0, 1, 2].map((i) => from[i] + ((now[i] - from[i]) * k) / steps);
      if (x < 0 || y < 0 || x >= field.width || y >= field.height) continue;
      const i = Math.floor(y) * field.width + Math.floor(x);
      field.sum[i] += z;
      field.weight[i] += 1;
    }
    before = now;
  }
}

/** Fill cells without a height from ever coarser versions of the field. */
function spread({ width, height, sum, weight }) {
  const mean = sum.map((s, i) => (weight[i] > 0 ? s / weight[i] : 0));
  if (width <= 1 && height <= 1) return mean;
  const [w, h] = [Math.ceil(width / 2), Math.ceil(height / 2)];
  const half = { width: w, height: h, sum: new Float32Array(w * h), weight: new Float32Array(w * h) };
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const i = y * width + x;
      const j = (y >> 1) * w + (x >> 1);
      if (weight[i] > 0) [half.sum[j], half.weight[j]] = [half.sum[j] + mean[i], half.weight[j] + 1];
    }
  }
  const coarse = spread(half);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const i = y * width + x;
      if (weight[i] === 0) mean[i] = between(coarse, w, h, (x - 0.5) / 2, (y - 0.5) / 2);
    }
  }
  return mean;
}

function between(values, width, height, x, y) {
  const x0 = Math.min(width - 1, Math.max(0, Math.floor(x)));
  const y0 = Math.min(height - 1, Math.max(0, Math.floor(y)));
  const [x1, y1] = [Math.min(width - 1, x0 + 1), Math.min(height - 1, y0 + 1)];
  const [fx, fy] = [Math.min(1, Math.max(0, x - x0)), Math.min(1, Math.max(0, y - y0))];
  const top = values[y0 * width + x0] * (1 - fx) + values[y0 * width + x1] * fx;
  const low = values[y1 * width + x0] * (1 - fx) + values[y1 * width + x1] * fx;
  return top * (1 - fy) + low * fy;
}

/** Means over windows of 2 radius + 1 cells, three times: nearly a bell curve. */
function blurred(values, width, height, radius) {
  let result = values;
  for (let pass = 0; pass < 3; pass++) {
    result = runningMean(result, width, height, radius, 1, width);
    result = runningMean(result, height, width, radius, width, 1);
  }
  return result;
}

function runningMean(values, length, count, radius, step, stride) {
  const result = new Float32Array(values.length);
  for (let line = 0; line < count; line++) {
    const at = (k) => line * stride + Math.min(length - 1, Math.max(0, k)) * step;
    let total = 0;
    for (let k = -radius; k <= radius; k++) total += values[at(k)];
    for (let k = 0; k < length; k++) {
      result[at(k)] = total / (2 * radius + 1);
      total += values[at(k + radius + 1)] - values[at(k - radius)];
    }
  }
  return result;
}

/** Light from the north-west on the heights; clear where no trail is near. */
function painted(surface, known, width, height, metres) {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [width, height];
  const context = canvas.getContext("2d");
  const image = context.createImageData(width, height);
  const seen = surface.filter((_, i) => i % 7 === 0 && known[i] > 0.02).sort();
  const [low, high] = [seen[Math.floor(seen.length * 0.02)], seen[Math.floor(seen.length * 0.98)]];
  const stops = [1, 2, 3, 4].map((k) => rgb(colour(`height-${k}`)));
  const depth = darkness.matches ? 34 : 44;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const i = y * width + x;
      const east = surface[y * width + Math.min(width - 1, x + 1)] - surface[y * width + Math.max(0, x - 1)];
      const south = surface[Math.min(height - 1, y + 1) * width + x] - surface[Math.max(0, y - 1) * width + x];
      const light = Math.max(-1, Math.min(1, (east + south) / (2.2 * metres))) * depth;
      const share = high > low ? Math.min(1, Math.max(0, (surface[i] - low) / (high - low))) : 0;
      const k = Math.min(2, Math.floor(share * 3));
      const mix = share * 3 - k;
      for (let c = 0; c < 3; c++) image.data[4 * i + c] = stops[k][c] * (1 - mix) + stops[k + 1][c] * mix + light;
      image.data[4 * i + 3] = 255 * Math.min(1, Math.max(0, known[i] * 10 - 0.05));
    }
  }
  context.putImageData(image, 0, 0);
  return canvas;
}

const rgb = (hex) => [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16));

/** Names, the most important first, each only where it covers no other. */
function placeLabels() {
  labels.clearLayers();
  const taken = [];
  const size = map.getSize();
  for (const { geometry, properties } of labelled) {
    const at = map.latLngToContainerPoint(latLng(geometry.coordinates));
    if (at.x < 0 || at.y < 0 || at.x > size.x || at.y > size.y) continue;
    const width = 30 + 6.4 * properties.name.length;
    const box = [at.x - 8, at.y - 11, at.x + width, at.y + 14];
    if (taken.some((t) => t[0] < box[2] && box[0] < t[2] && t[1] < box[3] && box[1] < t[3])) continue;
    taken.push(box);
    const heightText = properties.elevation_m === null ? "" : ` ${units.height(properties.elevation_m)}`;
    const isPeak = properties.kind === "peak";
    const text = h("span", {}, properties.name, isPeak ? h("small", {}, heightText) : null);
    const html = h("div", { class: `label ${properties.kind}` }, h("i"), text);
    L.marker(latLng(geometry.coordinates), {
      pane: "labels",
      interactive: false,
      keyboard: false,
      icon: L.divIcon({ className: "place", html, iconSize: null }),
    }).addTo(labels);
  }
}

function setPin(lat, lon) {
  pin?.remove();
  pin = L.marker([lat, lon], {
    keyboard: false,
    interactive: false,
    icon: L.divIcon({ className: "pin", iconSize: [22, 30], iconAnchor: [11, 29] }),
  }).addTo(map);
}

map.on("moveend", drawNetwork);
map.on("click", ({ latlng }) => {
  const at = latlng.wrap();
  $("place").value = `${at.lat.toFixed(5)}, ${at.lng.toFixed(5)}`;
  setPin(at.lat, at.lng);
  clearWrong("location");
});

// --- loops on the map ----------------------------------------------------------------------------------------

const state = { trip: null, loops: [], selected: 0, request: null, id: null };
const nothingDrawn = () => ({ lines: new Map(), waters: [] });
/** The lines of the chosen loop by day, where it has several, and its waters. */
let dayLines = nothingDrawn();

const daysOf = (loop) => loop?.properties.days ?? [];

/** The stretches of a loop that have a colour of their own: from position to position, and which colour. */
function stretches(loop, i) {
  const walks = daysOf(loop).filter((day) => !day.rest);
  if (walks.length < 2) return [{ from: 0, to: loop.along.length - 1, colour: `loop-${i + 1}`, day: null }];
  const at = (metres) => {
    const found = loop.along.findIndex((m) => m >= metres - 0.5);
    return found < 0 ? loop.along.length - 1 : found;
  };
  return walks.map((day) => ({ from: at(day.from_m), to: at(day.to_m), colour: tone(day.day), day }));
}

const stretchAt = (loop, i, index) => stretches(loop, i).find(({ to }) => index <= to) ?? stretches(loop, i).at(-1);

/** Distance from the start, in metres, at each position of a loop. */
function distancesOf(loop) {
  const line = loop.geometry.coordinates;
  const along = [0];
  for (let i = 1; i < line.length; i++) along.push(along[i - 1] + metresBetween(line[i - 1], line[i]));
  const scale = loop.properties.length_m / along[along.length - 1];
  return along.map((metres) => metres * scale);
}

function drawLoops() {
  loopLayer.clearLayers();
  dayLines = nothingDrawn();
  drawArrows();
  const order = state.loops.map((_, i) => i).filter((i) => i !== state.selected);
  for (const i of [...order.reverse(), state.selected]) drawLoop(i);
}

function drawLoop(i) {
  const chosen = i === state.selected;
  if (chosen && daysOf(state.loops[i]).length) return drawTrek(i);
  const points = state.loops[i].geometry.coordinates.map(latLng);
  const line = { renderer: loopCanvas, lineJoin: "round", bubblingMouseEvents: false };
  const edge = { ...line, color: colour("paper"), weight: chosen ? 9 : 5, opacity: 0.9, interactive: false };
  L.polyline(points, edge).addTo(loopLayer);
  // beside days in colours the others have none
  const tint = daysOf(state.loops[i]).length ? "muted" : `loop-${i + 1}`;
  const style = { ...line, color: colour(tint), weight: chosen ? 5 : 3, opacity: chosen ? 1 : 0.75 };
  const drawn = L.polyline(points, style).addTo(loopLayer);
  drawn.on("click", () => select(i));
  if (chosen) {
    drawn.on("mousemove", ({ latlng }) => moveTo(nearestIndex(i, latlng)));
    drawn.on("mouseout", () => moveTo(null));
  }
  drawStart(i, h("div", { class: `start loop-${i + 1}${chosen ? " chosen" : ""}` }, String(i + 1)), chosen);
}

function drawStart(i, flag, chosen) {
  const head = state.loops[i].properties.trailhead;
  L.marker([head.lat, head.lon], {
    title: head.name ?? "Start",
    keyboard: false,
    zIndexOffset: chosen ? 1000 : 0,
    icon: L.divIcon({ className: "start-box", html: flag, iconSize: [26, 26], iconAnchor: [13, 13] }),
  })
    .on("click", () => select(i))
    .addTo(loopLayer);
}

/** Each day in its colour, with camps and water. */
function drawTrek(i) {
  const over = (day, latlng) => {
    look(day);
    const { from, to } = stretches(state.loops[i], i).find((s) => s.day?.day === day) ?? { from: 0 };
    moveTo(nearestIndex(i, latlng, from, to));
  };
  const out = () => {
    look(null);
    moveTo(null);
  };
  dayLines = drawDays(state.loops[i], { layer: loopLayer, renderer: loopCanvas, show: showDay, over, out });
  drawStart(i, h("div", { class: "start chosen trek" }, icon("car")), true);
}

/** Point at a day in the table and on the map; null: at none. */
function look(day) {
  bringForward(dayLines, day);
  for (const rows of document.querySelectorAll(".card.chosen .day")) {
    rows.classList.toggle("looked-at", Number(rows.dataset.day) === day);
  }
}

/** Go to a day on the map, or to all of them (null); a day of rest is spent at its camp. */
function showDay(number) {
  if (number === null) return fit(boundsOf([state.loops[state.selected]]));
  const day = daysOf(state.loops[state.selected]).find((d) => d.day === number);
  if (!day) return;
  const line = day.geometry?.coordinates.map(latLng) ?? (day.camp ? [[day.camp.lat, day.camp.lon]] : []);
  if (line.length) fit(L.latLngBounds(line));
}

/** Small arrows along the chosen loop, one for each stretch of the screen: which way round. */
function drawArrows() {
  arrows.clearLayers();
  const loop = state.loops[state.selected];
  if (!loop) return;
  const line = loop.geometry.coordinates;
  const spacing = 90;
  let walked = spacing / 2;
  for (let i = 1; i < line.length; i++) {
    const from = map.latLngToLayerPoint(latLng(line[i - 1]));
    const to = map.latLngToLayerPoint(latLng(line[i]));
    walked += from.distanceTo(to);
    if (walked < spacing || from.distanceTo(to) === 0) continue;
    walked = 0;
    const arrow = h("div", { class: "arrow" });
    arrow.style.transform = `rotate(${Math.atan2(to.y - from.y, to.x - from.x)}rad)`;
    L.marker(latLng(line[i]), {
      interactive: false,
      keyboard: false,
      zIndexOffset: -500,
      icon: L.divIcon({ className: "arrow-box", html: arrow, iconSize: [12, 12], iconAnchor: [6, 6] }),
    }).addTo(arrows);
  }
}

map.on("zoomend", drawArrows);

/** The position of a loop that is nearest to a place; on a part of it, where another day comes along, too. */
function nearestIndex(i, { lat, lng }, from = 0, to = Infinity) {
  const line = state.loops[i].geometry.coordinates;
  let best = from;
  let least = Infinity;
  for (let k = from; k <= Math.min(to, line.length - 1); k++) {
    const away = metresBetween([lng, lat], line[k]);
    if (away < least) [least, best] = [away, k];
  }
  return best;
}

const boundsOf = (loops) => L.latLngBounds(loops.flatMap((l) => l.geometry.coordinates.map(latLng)));

function fit(bounds) {
  const bottom = narrowness.matches || $("profile").hidden ? 30 : 215;
  map.fitBounds(bounds, { paddingTopLeft: [40, 55], paddingBottomRight: [40, bottom], animate: !calm.matches, maxZoom: 15 });
}

/** Show all loops, unless they lie so far apart that each would be a dot, or have days to be seen: then the chosen one. */
function fitLoops() {
  if (!state.loops.length) return;
  if (daysOf(state.loops[state.selected]).length) return showDay(null);
  const one = boundsOf([state.loops[state.selected]]);
  const all = boundsOf(state.loops);
  const across = (b) => map.distance(b.getSouthWest(), b.getNorthEast());
  fit(across(all) < 3 * across(one) ? all : one);
}

// --- the elevation profile -----------------------------------------------------------------------------------

let chart = null;
let chartSize = null;

function drawProfile() {
  chart?.destroy();
  chart = null;
  const figure = $("profile");
  const loop = state.loops[state.selected];
  figure.hidden = !loop;
  if (!loop) return;
  placeProfile();
  $("profile-title").textContent = `${daysOf(loop).length ? "Trip" : "Loop"} ${loop.properties.rank}`;
  const heights = loop.geometry.coordinates.map((p) => (p.length > 2 ? p[2] : null));
  const target = $("chart");
  target.replaceChildren();
  if (heights.every((v) => v === null)) {
    target.append(h("p", { class: "hint" }, "The data of this region has no heights."));
    $("readout").textContent = "";
    return;
  }
  const miles = units.miles;
  const x = loop.along.map((m) => m / (miles ? 1609.344 : 1000));
  const y = heights.map((v) => (v === null || !miles ? v : v / 0.3048));
  const ink = colour("muted");
  const font = "11px system-ui, sans-serif";
  const axis = { stroke: ink, font, ticks: { show: false }, grid: { stroke: colour("line"), width: 1 } };
  const parts = stretches(loop, state.selected);
  const lines = parts.map(({ from, to }) => y.map((v, k) => (k >= from && k <= to ? v : null)));
  const series = parts.map((part) => {
    const stroke = colour(part.colour);
    return { stroke, width: 2, fill: `${stroke}2e`, points: { show: false } };
  });
  const options = {
    width: Math.max(200, target.clientWidth),
    height: Math.max(90, target.clientHeight),
    legend: { show: false },
    padding: [8, 12, 0, 0],
    cursor: { y: false, drag: { x: false, y: false }, points: { size: 9, fill: (u, i) => u.series[i].stroke(u, i), stroke: colour("card") } },
    scales: { x: { time: false, range: [0, x[x.length - 1]] }, y: { range: heightRange } },
    axes: [
      { ...axis, size: 24, space: 60, grid: { show: false }, values: (_, v) => v.map((d) => `${d} ${miles ? "mi" : "km"}`) },
      { ...axis, size: 56, space: 34, values: (_, v) => v.map((d) => `${number(d)} ${miles ? "ft" : "m"}`) },
    ],
    series: [{}, ...series],
    hooks: { setCursor: [(u) => showSpot(u.cursor.idx)], draw: [(u) => drawNights(u, loop, x)] },
  };
  chart = new uPlot(options, [x, ...lines], target);
  target.setAttribute("aria-valuemax", String(Math.round(loop.properties.length_m)));
  showSpot(null);
}

/** A line for each stop overnight, with the numbers of the nights. */
function drawNights(u, loop, x) {
  const nights = new Map();
  for (const { camp, day, to_m } of daysOf(loop)) if (camp) nights.set(to_m, [...(nights.get(to_m) ?? []), day]);
  const scale = x[x.length - 1] / loop.properties.length_m;
  const { ctx } = u;
  const ratio = window.devicePixelRatio;
  ctx.save();
  ctx.strokeStyle = ctx.fillStyle = colour("muted");
  ctx.lineWidth = ratio;
  ctx.setLineDash([3 * ratio, 3 * ratio]);
  ctx.font = `600 ${11 * ratio}px system-ui, sans-serif`;
  ctx.textBaseline = "top";
  ctx.textAlign = "right";
  let free = u.bbox.left; // where the text before ends
  for (const [metres, days] of nights) {
    const at = Math.round(u.valToPos(metres * scale, "x", true));
    ctx.beginPath();
    ctx.moveTo(at, u.bbox.top);
    ctx.lineTo(at, u.bbox.top + u.bbox.height);
    ctx.stroke();
    const nightly = days.join(", ");
    const room = at - 6 * ratio - free;
    const text = [`☾ ${nightly}`, nightly].find((words) => ctx.measureText(words).width <= room);
    if (text) ctx.fillText(text, at - 4 * ratio, u.bbox.top);
    free = at;
  }
  ctx.restore();
}

/** A little air above and below, and never so tight that a hill looks like a wall. */
function heightRange(_, low, high) {
  const least = units.miles ? 400 : 120;
  const middle = (low + high) / 2;
  const half = Math.max((high - low) * 0.56, least / 2);
  return [Math.max(Math.min(0, low), middle - half), middle + half];
}

/** Show a place of the chosen loop on the map and in words. */
function showSpot(index) {
  const loop = state.loops[state.selected];
  const position = index === null || index === undefined ? null : loop?.geometry.coordinates[index];
  if (!position) {
    spot.remove();
    const known = (loop?.geometry.coordinates ?? []).filter((p) => p.length > 2).map((p) => p[2]);
    const [low, high] = [Math.min(...known), Math.max(...known)];
    $("readout").textContent = known.length ? `from ${units.height(low)} up to ${units.height(high)}` : "";
    return;
  }
  spot.setLatLng(latLng(position));
  const part = stretchAt(loop, state.selected, index);
  spot.setStyle({ color: colour("paper"), fillColor: colour(part.colour), fillOpacity: 1 }).addTo(map);
  const parts = [units.length(loop.along[index])];
  if (part.day) parts.unshift(`day ${part.day.day}: ${units.length(Math.max(0, loop.along[index] - part.day.from_m))}`);
  if (position.length > 2) parts.push(units.height(position[2]));
  const text = parts.join(" · ");
  $("readout").textContent = text;
  $("chart").setAttribute("aria-valuenow", String(Math.round(loop.along[index])));
  $("chart").setAttribute("aria-valuetext", text);
}

/** Move the profile's cursor to a position of the loop; null takes it away. */
function moveTo(index) {
  if (!chart) return showSpot(index);
  chart.setCursor(index === null ? { left: -10, top: -10 } : { left: chart.valToPos(chart.data[0][index], "x"), top: 10 });
}

function placeProfile() {
  const card = document.querySelector(`.card[data-rank="${state.selected + 1}"]`);
  if (narrowness.matches && card) card.querySelector("dl").after($("profile"));
  else keepProfile();
}

new ResizeObserver(([entry]) => {
  const size = `${entry.contentRect.width}x${entry.contentRect.height}`;
  if (chart && size !== chartSize && entry.contentRect.width > 0) {
    chartSize = size;
    chart.setSize({ width: entry.contentRect.width, height: entry.contentRect.height });
  }
}).observe($("chart"));

$("chart").addEventListener("keydown", (event) => {
  const loop = state.loops[state.selected];
  const step = { ArrowRight: 1, ArrowLeft: -1, PageUp: 10, PageDown: -10 }[event.key];
  if (!loop || (!step && event.key !== "Home" && event.key !== "End")) return;
  event.preventDefault();
  const last = loop.along.length - 1;
  const now = Number($("chart").getAttribute("aria-valuenow"));
  const metres = now + (step ?? 0) * (loop.properties.length_m / 100);
  const found = loop.along.findIndex((m) => m >= metres - 0.5);
  moveTo(event.key === "Home" ? 0 : event.key === "End" || found < 0 ? last : found);
});
$("chart").addEventListener("blur", () => moveTo(null));

// --- cards ---------------------------------------------------------------------------------------------------

function showTrip(trip) {
  state.trip = trip;
  state.id = trip.id;
  state.loops = trip.features.map((f) => ({ ...f, along: distancesOf(f) }));
  state.selected = 0;
  keepProfile();
  const days = trip.trip.days ?? 1;
  const place = trip.trip.location.name;
  const found = days > 1 ? `${count(state.loops.length, "trip")} of ${days} days` : count(state.loops.length, "loop");
  const heading = h("h2", {}, `${found}${place ? ` near ${place}` : ""}`);
  makeRoom(days > 1);
  const tools = h(
    "p",
    { class: "tools" },
    h("button", { type: "button", class: "quiet", onclick: another }, icon("dice"), "Other loops"),
    h("button", { type: "button", class: "quiet", onclick: copyLink }, icon("link"), "Copy link"),
  );
  $("results").replaceChildren(
    ...[h("div", { class: "heading" }, heading, tools), calendar(trip), ...state.loops.map(card)].filter(Boolean),
  );
  setPin(trip.trip.location.lat, trip.trip.location.lon);
  nameSources(trip.data.attribution);
  drawLoops();
  drawProfile();
  fitLoops();
  reveal("start");
}

/** Bring what came into view: always on a phone, elsewhere when it begins below what is seen. */
function reveal(block) {
  const isSeen = $("results").getBoundingClientRect().top < 0.7 * window.innerHeight;
  if (isSeen && !narrowness.matches) return;
  $("results").scrollIntoView({ behavior: calm.matches ? "auto" : "smooth", block });
}

/** A table of days needs a wider panel than cards do. */
function makeRoom(isWide) {
  document.body.classList.toggle("trek", isWide);
  map.invalidateSize({ pan: false });
}

/** What the date of the trip closes and what another one would open. */
function calendar(trip) {
  const ask = (date) => tryWith(state.request, { date });
  return trip.calendar ? calendarOf(trip.calendar, { days: trip.trip.days ?? 1, ask }) : null;
}

/** The profile may live in a card: take it out before cards go. */
function keepProfile() {
  const stage = document.querySelector(".stage");
  if ($("profile").parentElement !== stage) stage.append($("profile"));
}

function card(loop, i) {
  const p = loop.properties;
  const several = p.days?.length ?? 0;
  const figure = (value, name) => h("div", {}, h("dd", {}, value), h("dt", {}, name));
  const head = h(
    "button",
    { type: "button", class: "head", "aria-pressed": String(i === state.selected), onclick: () => select(i) },
    h("span", { class: `rank loop-${i + 1}` }, String(p.rank)),
    h("span", { class: "title" }, title(p), h("small", {}, startText(p.trailhead))),
  );
  const figures = h(
    "dl",
    {},
    figure(units.length(p.length_m), "length"),
    figure(p.ascent_m === null ? "–" : units.height(p.ascent_m), "up and down"),
    figure(duration(p.walking_time_s), "on foot"),
    several ? figure(String(several), "days") : figure(`${number(100 * p.repeat_share)} %`, "walked twice"),
  );
  return h(
    "article",
    { class: `card loop-${i + 1}${i === state.selected ? " chosen" : ""}`, "data-rank": p.rank },
    head,
    figures,
    chips(p),
    several ? dayTable(loop, { look: (day) => i === state.selected && look(day), show: (day) => go(i, day) }) : null,
    h(
      "div",
      { class: "actions" },
      h("a", { class: "button", href: p.links.gpx, download: true }, icon("down"), "GPX"),
      several ? h("a", { class: "quiet", href: `${p.links.gpx}&tracks=days`, download: true }, "GPX by days") : null,
      h("a", { class: "quiet", href: p.links.kml, download: true }, "KML"),
      h("a", { class: "quiet", href: `${p.links.geojson}`, download: true }, "GeoJSON"),
    ),
    several ? h("p", { class: "hint" }, p.time_model) : cueSheet(p),
  );
}

/** Go to a day of a trip, which becomes the chosen one. */
function go(i, day) {
  if (i !== state.selected) select(i);
  showDay(day);
}

const title = (p) => (p.trails.length ? p.trails.slice(0, 2).join(" and ") : `Loop from ${p.trailhead.name ?? "here"}`);

function startText(head) {
  const about = head.drive_method.startsWith("estimate") ? "about " : "";
  const by = `${about}${units.length(1000 * head.drive_km, 0)}, ${duration(60 * head.drive_minutes)} by car`;
  const drive = head.drive_km > 0 ? ` · ${by}` : "";
  return `${head.name ?? "Start"}${drive}`;
}

function chips(p) {
  const list = quality(p) ? [["quality", quality(p)]] : [];
  if (p.days) list.push(["even", evenness(p)]);
  if (p.days && p.repeat_share >= 0.005) list.push(["twice", `${number(100 * p.repeat_share)} % walked twice`]);
  if (p.hardest_difficulty) list.push(["difficulty", `up to ${p.hardest_difficulty}`]);
  if (p.informal_share >= 0.005) list.push(["informal", `${number(100 * p.informal_share)} % informal trail`]);
  for (const season of p.seasons ?? []) list.push(["season", season]);
  if (p.road_share >= 0.005) list.push(["road", `${number(100 * p.road_share)} % road`]);
  for (const name of p.trails.slice(2, 6)) list.push(["name", name]);
  if (p.trails.length > 6) list.push(["name", `${p.trails.length - 6} more`]);
  return list.length ? h("ul", { class: "chips" }, ...list.map(([kind, text]) => h("li", { class: kind }, text))) : null;
}

function quality(p) {
  if (p.status === "optimal") return "proven best";
  if (p.gap !== null && p.gap < 0.5) return `within ${number(Math.max(0.1, 100 * p.gap), 1)} % of the best`;
  return "";
}

function cueSheet(p) {
  if (!p.cues.length) return null;
  const rows = p.cues.map((cue) => h("li", {}, h("b", {}, units.length(cue.distance_m)), h("span", {}, cue.text)));
  return h("details", { class: "cues" }, h("summary", {}, "Way by words"), h("ol", {}, ...rows), h("p", { class: "hint" }, p.time_model));
}

function select(i) {
  state.selected = i;
  document.querySelectorAll(".card").forEach((element, k) => {
    element.classList.toggle("chosen", k === i);
    element.querySelector(".head").setAttribute("aria-pressed", String(k === i));
  });
  drawLoops();
  drawProfile();
  const bounds = boundsOf([state.loops[i]]);
  if (!map.getBounds().contains(bounds)) fit(bounds);
}

async function copyLink(event) {
  const button = event.currentTarget;
  try {
    await navigator.clipboard.writeText(location.href);
    button.lastChild.textContent = "Copied";
  } catch {
    button.lastChild.textContent = "It is in the address bar";
  }
  setTimeout(() => (button.lastChild.textContent = "Copy link"), 2500);
}

// --- the form ------------------------------------------------------------------------------------------------

/** Wishes of a request that have a field of their own: [request member, field, how the field's number is sent]. */
const FIELDS = [
  ["alternatives", "alternatives", 1, 1],
  ["tolerance", "tolerance", 100, 0.1],
  ["max_ascent_m", "ascent", 1, null],
  ["max_difficulty", "difficulty", 1, null],
  ["heading", "heading", 1, null],
  ["max_repeat_share", "repeat", 100, null],
  ["max_road_share", "road", 100, null],
  ["rest_days", "rest", 1, 0],
  ["max_day_ascent_m", "day-ascent", 1, null],
  ["max_camp_detour_m", "detour", 1, 500],
  ["first_day", "first", 1, 1],
  ["last_day", "last", 1, 1],
];
/** Wishes in words, and what they are where nobody says anything. */
const WORDS = [["camps", "camps", "huts"], ["date", "date", ""]];
/** Wishes that are asked for or not: their fields are empty or "1". */
const SWITCHES = ["informal"];
/** Amounts with a unit, which is the member's name: field, member where there is none, amount where there is none. */
const AMOUNTS = [["drive", "drive_km", 50], ["hike", "hike_km", ""], ["dry", "max_dry_km", ""]];
const HIKES = ["hike_km", "hike_miles"];
const DAYS = ["day_km", "day_miles", "day_hours"];
const METRES = { hike_km: 1000, hike_miles: 1609.344 };
/** What a day of walking is like, unless one says so: the shorter and the longer, in each unit. */
const USUAL = { day_km: [10, 20], day_miles: [6, 12], day_hours: [5, 7] };
/** Members without a field, as they came with a link. */
let others = {};

function numberIn(id) {
  const text = $(id).value.trim();
  return text === "" ? null : Number(text);
}

/** Whether the form asks for a loop of several days. */
const several = () => numberIn("days") > 1;

/** Whether a wish is one that the form offers now: some are for loops of several days only, some for the others. */
const isOffered = (id) => !$(id).closest("[data-field]").hidden;

/** Offer the fields that belong to what is asked for. */
function offer() {
  const days = several();
  const inAll = HIKES.includes($("day-unit").value);
  for (const field of document.querySelectorAll("[data-for]")) field.hidden = (field.dataset.for === "days") !== days;
  $("tolerance").closest(".field").hidden = days && !inAll;
  $("day-to").hidden = $("day-and").hidden = inAll;
}

/** What the form asks for; only what differs from the service's defaults. */
function request() {
  const asked = { ...others, location: $("place").value.trim() };
  for (const [id] of AMOUNTS) {
    const amount = numberIn(id);
    if (amount !== null && isOffered(id)) asked[$(`${id}-unit`).value] = amount;
  }
  if (several()) Object.assign(asked, daysAsked());
  for (const [member, id, factor, standard] of FIELDS) {
    const value = isOffered(id) ? numberIn(id) : null;
    const sent = value === null ? null : Number((value / factor).toPrecision(12));
    if (sent !== null && sent !== standard) asked[member] = sent;
  }
  for (const [member, id, standard] of WORDS) if (isOffered(id) && $(id).value !== standard) asked[member] = $(id).value;
  for (const id of SWITCHES) if ($(id).value) asked[id] = true;
  if (!several()) for (const [member, id] of FIELDS) if (!isOffered(id)) delete asked[member];
  return asked;
}

/** How many days, and how far on each of them or on all of them. */
function daysAsked() {
  const unit = $("day-unit").value;
  const ends = HIKES.includes(unit) ? ["day-from"] : ["day-from", "day-to"];
  const given = ends.map(numberIn).filter((value) => value !== null);
  return { days: numberIn("days"), ...(given.length ? { [unit]: given.length > 1 ? given : given[0] } : {}) };
}

/** A window of a request, [10, 20], "10-20" or 16, as the page shows it. */
function ends(window) {
  if (Array.isArray(window)) return window;
  const text = String(window).split(/[-–]/).map(Number);
  return text.length > 1 ? text : [0.75, 1.25].map((share) => Number((share * text[0]).toPrecision(6)));
}

function fill(asked) {
  const { location: place } = asked;
  $("place").value = typeof place === "string" ? place : `${place.lat}, ${place.lon}`;
  fillDays(asked);
  for (const [id, usual, amount] of AMOUNTS) {
    const unit = [...$(`${id}-unit`).options].map((o) => o.value).find((name) => asked[name] !== undefined);
    if (id === "hike" && several()) continue; // it stands beside the days
    $(id).value = unit ? asked[unit] : amount;
    $(`${id}-unit`).value = unit ?? usual;
  }
  for (const [member, id, factor, standard] of FIELDS) {
    const value = asked[member] ?? standard;
    $(id).value = typeof value === "number" ? Number((value * factor).toPrecision(12)) : "";
  }
  for (const [member, id, standard] of WORDS) $(id).value = asked[member] ?? standard;
  for (const id of SWITCHES) $(id).value = asked[id] ? "1" : "";
  // what a field cannot show, like a heading between the points of the compass, is kept as it is
  const told = FIELDS.filter(([member, id]) => asked[member] == null || $(id).value !== "");
  const known = new Set(["location", "days", "nights", ...SWITCHES, ...[...told, ...WORDS].map(([member]) => member)]);
  others = Object.fromEntries(
    Object.entries(asked).filter(([name]) => !known.has(name) && !/^(drive|hike|day|max_dry)_/.test(name)),
  );
  $("more").open ||= others.rest_days !== undefined;
  offer();
  wishes();
  hint();
}

function fillDays(asked) {
  $("days").value = asked.days ?? (asked.nights ?? 0) + 1;
  if (!several()) return;
  const unit = [...HIKES, ...DAYS].find((name) => asked[name] != null) ?? "day_km";
  const [from, to] = HIKES.includes(unit) ? [asked[unit], ""] : ends(asked[unit] ?? USUAL[unit]);
  [$("day-from").value, $("day-to").value, $("day-unit").value] = [from, to, unit];
  followDayUnit();
}

/** Lengths are shown in miles where the days are asked for in miles. */
function followDayUnit() {
  const unit = $("day-unit").value;
  if (unit !== "day_hours") $("hike-unit").value = unit.endsWith("miles") ? "hike_miles" : "hike_km";
}

/** Another unit brings the usual numbers of that unit. */
function changeDayUnit() {
  const days = (numberIn("days") ?? 1) - (numberIn("rest") ?? 0);
  const unit = $("day-unit").value;
  const usual = HIKES.includes(unit) ? [USUAL[unit.replace("hike", "day")].reduce((a, b) => a + b) / 2 * days, ""] : USUAL[unit];
  [$("day-from").value, $("day-to").value] = usual;
  followDayUnit();
  offer();
  hint();
  showUnits();
}

/** How many wishes are set, told while their fields are folded away. */
function wishes() {
  const folded = (id) => isOffered(id) && $("more").contains($(id));
  const set = FIELDS.filter(([, id, factor, standard]) => {
    const value = numberIn(id);
    return folded(id) && value !== null && value / factor !== standard && id !== "alternatives";
  });
  const amounts = AMOUNTS.filter(([id]) => folded(id) && numberIn(id) !== null);
  const number = set.length + amounts.length + SWITCHES.filter((id) => $(id).value).length;
  $("wishes").textContent = number ? `${number} set` : "";
}

function hint() {
  const nights = (numberIn("days") ?? 1) - 1;
  $("days-hint").textContent = nights > 0 ? count(nights, "night") : "home the same day";
  const hike = numberIn("hike");
  const share = (numberIn("tolerance") ?? 10) / 100;
  const unit = $("hike-unit").value === "hike_miles" ? "miles" : "km";
  $("hike-hint").textContent = hike > 0 ? `${number(hike * (1 - share), 1)} to ${number(hike * (1 + share), 1)} ${unit}` : "";
  $("day-hint").textContent = several() ? wholeText() : "";
}

/** What the days make together, or what the whole makes of each day. */
function wholeText() {
  const unit = $("day-unit").value;
  const [from, to] = [numberIn("day-from"), numberIn("day-to")];
  const days = numberIn("days") - (numberIn("rest") ?? 0);
  const word = { km: "km", miles: "miles", hours: "hours" }[unit.split("_")[1]];
  if (HIKES.includes(unit)) return from > 0 && days > 0 ? `about ${number(from / days, 1)} ${word} on each of ${days} days` : "";
  const light = [numberIn("first"), numberIn("last")].reduce((sum, share) => sum + 1 - (share ?? 1), 0);
  const full = days - light;
  const whole = `${number(from * full)} to ${number(to * full)} ${word} in all`;
  return from > 0 && to >= from && full > 0 ? `${whole}; the first and the last day may be shorter` : "";
}

const NAMED = {
  drive_km: "drive", drive_miles: "drive", drive_minutes: "drive", hike_km: "hike", hike_miles: "hike", nights: "days",
  day_km: "day", day_miles: "day", day_hours: "day", max_dry_km: "dry", max_dry_miles: "dry",
};
/** Where these are asked for with several days. */
const SEVERAL = { hike_km: "day", hike_miles: "day" };

function fieldOf(member) {
  const name = (several() && SEVERAL[member]) || (NAMED[member] ?? member.replace(/\[.*/, ""));
  return document.querySelector(`.field[data-field="${name}"]`);
}

function markWrong(member, text) {
  const field = fieldOf(member);
  if (!field) return false;
  field.querySelector(".wrong").textContent = text;
  field.querySelector("input, select").setAttribute("aria-invalid", "true");
  if ($("more").contains(field)) $("more").open = true;
  return true;
}

function clearWrong(member = null) {
  const fields = member ? [fieldOf(member)] : document.querySelectorAll(".field");
  for (const field of fields) {
    field.querySelector(".wrong").textContent = "";
    field.querySelector("input, select").removeAttribute("aria-invalid");
  }
}

function checked(asked) {
  let fine = true;
  const wrong = (member, text) => (fine = markWrong(member, text) && false);
  if (!asked.location) wrong("location", "Say where you are, or click the map.");
  const walk = [...HIKES, ...DAYS].map((name) => asked[name]).find((value) => value !== undefined);
  const [low, high] = [walk].flat();
  if (walk === undefined || !(low > 0)) wrong("hike_km", "Say how far you want to walk.");
  else if (high < low) wrong("day_km", `${high} is less than ${low}: say the shorter first.`);
  if (!(numberIn("days") >= 1)) wrong("days", "Say for how many days, 1 to 14.");
  if (!fine) document.querySelector('[aria-invalid="true"]').focus();
  return fine;
}

let running = null;

/** Ask for a trip and show what comes; `path` leads to one that exists already. */
async function plan(asked, path = null) {
  clearWrong();
  running?.abort();
  running = new AbortController();
  busy(true);
  try {
    const options = path
      ? { headers: { Accept: "application/geo+json" } }
      : { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(asked) };
    const trip = await ask(path ?? "/v1/trips", { ...options, signal: running.signal });
    state.request = asked;
    const address = `${location.pathname}?trip=${encodeURIComponent(trip.id)}`;
    if (location.search !== `?trip=${encodeURIComponent(trip.id)}`) history.pushState({ trip: trip.id }, "", address);
    busy(false);
    showTrip(trip);
  } catch (error) {
    if (error.name === "AbortError") return;
    busy(false);
    if (!(error instanceof ProblemError)) throw error;
    showProblem(error.problem, asked);
  }
}

function busy(is) {
  $("results").setAttribute("aria-busy", String(is));
  $("go").classList.toggle("busy", is);
  $("go").querySelector("span").textContent = is ? "Looking at every trailhead…" : "Find loops";
}

function another() {
  const asked = { ...state.request, seed: (state.request.seed ?? 0) + 1 };
  others.seed = asked.seed;
  plan(asked);
}

// --- when there is no loop -----------------------------------------------------------------------------------

function showProblem(problem, asked) {
  state.loops = [];
  keepProfile();
  makeRoom(false);
  drawLoopsGone();
  const said = (problem.errors ?? []).filter(({ field, detail }) => !markWrong(field, sentence(detail)));
  const ways = [
    ...(problem.near_matches ?? []).map((name) => [`“${name}”`, { location: name }]),
    ...(problem.relax ?? []).map(({ field, value, why, trip }) => [sentence(why ?? `${field}: ${value}`), { [field]: value }, wouldBe(trip)]),
    ...nearest(problem, asked),
  ];
  const buttons = ways.map(([text, change, gives]) =>
    h("button", { type: "button", class: "suggestion", onclick: () => tryWith(asked, change) }, text, gives ? h("small", {}, gives) : null),
  );
  const detail = problem.errors && !said.length ? "Please look at the marked fields." : problem.detail;
  $("results").replaceChildren(
    h(
      "div",
      { class: "problem", role: "alert" },
      h("h2", {}, problem.title ?? "That did not work"),
      h("p", {}, sentence(detail ?? "")),
      buttons.length ? h("p", { class: "hint" }, problem.near_matches?.length ? "Did you mean" : "What would help") : null,
      buttons.length ? h("div", { class: "suggestions" }, ...buttons) : null,
    ),
  );
  document.querySelector('[aria-invalid="true"]')?.focus();
  if (!problem.errors) reveal("nearest");
}

/** Lengths of loops that do exist, unless the service already proposed a length. */
function nearest(problem, asked) {
  if ((problem.relax ?? []).some(({ field }) => field in METRES)) return [];
  const unit = asked.hike_miles === undefined ? "hike_km" : "hike_miles";
  return (problem.nearest_lengths_m ?? []).map((metres) => [
    `Walk ${units.length(metres)}`,
    { [unit]: Number((metres / METRES[unit]).toFixed(2)) },
  ]);
}

function tryWith(asked, change) {
  const next = { ...asked };
  for (const group of [[...HIKES, ...DAYS], ["drive_km", "drive_miles", "drive_minutes"], ["days", "nights"], ["max_dry_km", "max_dry_miles"]]) {
    if (group.some((name) => name in change)) for (const name of group) delete next[name];
  }
  Object.assign(next, change);
  fill(next);
  plan(request());
}

function drawLoopsGone() {
  loopLayer.clearLayers();
  arrows.clearLayers();
  spot.remove();
  drawProfile();
}

// --- place suggestions (an ARIA combobox) --------------------------------------------------------------------

const box = $("place");
const list = $("suggestions");
let active = -1;
let typing = 0;
let suggesting = null;

function closeList() {
  list.hidden = true;
  active = -1;
  box.setAttribute("aria-expanded", "false");
  box.removeAttribute("aria-activedescendant");
}

async function suggest() {
  const query = box.value.trim();
  suggesting?.abort();
  if (query.length < 2 || /^[-+\d.,\s]*$/.test(query)) return closeList();
  suggesting = new AbortController();
  try {
    const found = await ask(`/v1/places?limit=8&q=${encodeURIComponent(query)}`, { signal: suggesting.signal });
    if (document.activeElement !== box) return;
    list.replaceChildren(...found.features.map(option));
    list.hidden = !found.features.length;
    active = -1;
    box.setAttribute("aria-expanded", String(!list.hidden));
  } catch (error) {
    if (error.name !== "AbortError") closeList();
  }
}

function option({ geometry, properties }, i) {
  const height = properties.elevation_m === null ? null : units.height(properties.elevation_m);
  const details = [properties.kind, height, properties.source === "gazetteer" ? properties.region : null];
  const choose = (event) => {
    event.preventDefault();
    chooseSuggestion(i);
  };
  return h(
    "li",
    { role: "option", id: `suggestion-${i}`, "aria-selected": "false", "data-at": geometry.coordinates.join(","), "data-location": properties.location, onmousedown: choose },
    h("span", {}, properties.name),
    h("small", {}, details.filter(Boolean).join(" · ")),
  );
}

function chooseSuggestion(i) {
  const chosen = list.children[i];
  if (!chosen) return;
  const [lon, lat] = chosen.dataset.at.split(",").map(Number);
  box.value = chosen.dataset.location;
  setPin(lat, lon);
  map.setView([lat, lon], Math.max(map.getZoom(), 12), { animate: !calm.matches });
  clearWrong("location");
  closeList();
}

box.addEventListener("input", () => {
  clearTimeout(typing);
  typing = setTimeout(suggest, 130);
  clearWrong("location");
});
box.addEventListener("blur", closeList);
box.addEventListener("keydown", (event) => {
  if (list.hidden) return;
  const count = list.children.length;
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    event.preventDefault();
    active = (active + (event.key === "ArrowDown" ? 1 : active < 0 ? 0 : -1) + count) % count;
    [...list.children].forEach((li, i) => li.setAttribute("aria-selected", String(i === active)));
    box.setAttribute("aria-activedescendant", `suggestion-${active}`);
    list.children[active].scrollIntoView({ block: "nearest" });
  } else if (event.key === "Enter" && active >= 0) {
    event.preventDefault();
    chooseSuggestion(active);
  } else if (event.key === "Escape") {
    closeList();
  }
});

const named = new Set();

// --- start ---------------------------------------------------------------------------------------------------

function showInfo(info) {
  const names = info.regions.map((r) => r.name);
  const kilometres = info.regions.reduce((sum, r) => sum + r.trail_km, 0);
  const buttons = info.regions
    .filter((r) => r.bbox)
    .map((r) => h("button", { type: "button", class: "quiet", onclick: () => showBox(r.bbox) }, r.synthetic ? `${r.name} (synthetic)` : r.name));
  $("regions").replaceChildren(
    ...(names.length
      ? ["Trails of ", ...buttons.flatMap((b, i) => (i ? [", ", b] : [b])), `: ${units.length(1000 * kilometres, 0)} of ways`]
      : ["No trails have been imported yet."]),
  );
  const lines = [...new Set(info.regions.flatMap((r) => r.attribution))];
  nameSources([...lines, ...(info.gazetteer ? [info.gazetteer] : [])]);
  const text = document.createElement("span");
  text.textContent = lines.join(" · ");
  if (lines.length) credit.addAttribution(text.innerHTML); // escaped: innerHTML of a text
  $("synthetic").hidden = !info.regions.some((r) => r.synthetic);
}

/** Whose data has been shown so far. */
function nameSources(lines) {
  lines.forEach((line) => named.add(line));
  $("attribution").textContent = [...named, "Relief: heights of the trails, spread in between"].join(" · ");
}

function showBox([west, south, east, north]) {
  map.fitBounds([[south, west], [north, east]], { padding: [10, 10], animate: false });
}

/** Begin where the data is; far-apart regions would be dots on a globe, then begin with the largest. */
function begin(info) {
  const boxes = info.regions.filter((r) => r.bbox).sort((a, b) => b.trail_km - a.trail_km);
  if (!boxes.length) return map.setView([46, 8], 5);
  const all = info.bbox;
  const isWide = all[2] - all[0] > 8 || all[3] - all[1] > 6;
  return showBox(isWide ? boxes[0].bbox : all);
}

/** The request that an id of a trip stands for. */
function requestOf(id) {
  const text = atob(id.split("~")[0].replaceAll("-", "+").replaceAll("_", "/"));
  return JSON.parse(new TextDecoder().decode(Uint8Array.from(text, (c) => c.charCodeAt(0))));
}

function followLink() {
  const id = new URLSearchParams(location.search).get("trip");
  if (!id || id === state.id) return;
  try {
    const asked = requestOf(id);
    fill(asked);
    plan(asked, `/v1/trips/${encodeURIComponent(id)}`);
  } catch {
    showProblem({ title: "That link is broken", detail: "There is no trip behind it. The form finds you another one." }, {});
  }
}

$("form").addEventListener("submit", (event) => {
  event.preventDefault();
  closeList();
  clearWrong();
  delete others.seed;
  const asked = request();
  if (checked(asked)) plan(asked);
});
$("form").addEventListener("input", () => {
  offer();
  wishes();
  hint();
});
$("day-unit").addEventListener("change", changeDayUnit);
$("hike-unit").addEventListener("change", showUnits);

/** Write what is shown in the other units. */
function showUnits() {
  if (!state.trip || !state.loops.length) return;
  const chosen = state.selected;
  keepProfile();
  document.querySelectorAll(".card").forEach((element, i) => element.replaceWith(card(state.loops[i], i)));
  const closed = calendar(state.trip);
  if (closed) document.querySelector(".calendar")?.replaceWith(closed);
  select(chosen);
}

if ("geolocation" in navigator && window.isSecureContext) {
  $("here").hidden = false;
  $("here").addEventListener("click", () =>
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => {
        box.value = `${coords.latitude.toFixed(5)}, ${coords.longitude.toFixed(5)}`;
        setPin(coords.latitude, coords.longitude);
        map.setView([coords.latitude, coords.longitude], Math.max(map.getZoom(), 11));
      },
      () => markWrong("location", "Your position is not known; write a place or click the map."),
    ),
  );
}

function redraw() {
  shown = "";
  drawNetwork();
  if (state.loops.length) {
    drawLoops();
    drawProfile();
  }
}

darkness.addEventListener("change", redraw);
narrowness.addEventListener("change", redraw);
addEventListener("popstate", followLink);

try {
  const info = await ask("/v1/info");
  showInfo(info);
  begin(info);
  offer();
  hint();
  followLink();
} catch (error) {
  map.setView([46, 8], 5);
  if (!(error instanceof ProblemError)) throw error;
  showProblem(error.problem, {});
}
document.body.dataset.ready = "true";
