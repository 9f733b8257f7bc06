// A loop of several days: its table, its nights and its lines, and what the calendar says of it.

import { colour, count, dateText, dayText, duration, h, icon, number, sentence, units } from "./words.js";

const { L } = window;

/** So many colours can be told apart by everybody; after them they come again, with marks along the middle. */
const TONES = 6;
const MARKS = [null, "9 9", "1 8"];

export const tone = (day) => `day-${((day - 1) % TONES) + 1}`;

// --- the table -----------------------------------------------------------------------------------------------

/** What happens on each day; `look` is told which day one points at (or null), `show` which one to go to (null: all). */
export function dayTable(trek, { look, show }) {
  const { days } = trek.properties;
  const columns = ["Day", "Length", "Climb", "On foot", "Night", "Dry stretch"];
  const head = columns.map((name) => h("th", { scope: "col", role: "columnheader" }, name));
  return h(
    "table",
    { class: "days", role: "table" },
    h("caption", {}, "Day by day"),
    h("thead", { role: "rowgroup" }, h("tr", { role: "row" }, ...head)),
    ...days.map((day) => dayRows(day, { look, show })),
    totals(trek.properties, show),
  );
}

const cell = (label, ...content) => h("td", { role: "cell", "data-label": label }, ...content);

/** Where nothing is known of heights or of water, there is no number. */
const heightText = (metres) => (typeof metres === "number" ? units.height(metres) : "–");
const dryText = (metres) => (typeof metres === "number" ? units.length(metres) : "–");

function dayRows(day, { look, show }) {
  const go = (event) => event.target.closest("a") || show(day.day);
  const badge = h("button", { type: "button", class: "badge", "aria-label": `Show day ${day.day} on the map` }, String(day.day));
  const date = day.date ? h("small", {}, dayText(day.date)) : null;
  const name = h("th", { scope: "row", role: "rowheader" }, badge, date);
  const cells = day.rest
    ? [h("td", { role: "cell", colspan: 5, class: "rest" }, day.camp ? `Rest at ${campName(day.camp)}` : "Rest")]
    : [
        cell("Length", units.length(day.length_m)),
        cell("Climb", heightText(day.ascent_m)),
        cell("On foot", duration(day.walking_time_s)),
        cell("Night", ...(day.camp ? [campName(day.camp), h("small", {}, campKind(day.camp))] : ["home"])),
        cell("Dry stretch", dryText(day.longest_dry_m)),
      ];
  const more = moreOf(day);
  return h(
    "tbody",
    {
      class: `day ${tone(day.day)}`,
      role: "rowgroup",
      "data-day": day.day,
      onmouseenter: () => look(day.day),
      onmouseleave: () => look(null),
      onfocusin: () => look(day.day),
      onfocusout: () => look(null),
    },
    h("tr", { class: "figures", role: "row", onclick: go }, name, ...cells),
    more ? h("tr", { role: "row" }, h("td", { role: "cell", colspan: 6 }, more)) : null,
  );
}

function totals(p, show) {
  const dry = p.days.map((day) => day.longest_dry_m).filter((metres) => typeof metres === "number");
  return h(
    "tfoot",
    { role: "rowgroup" },
    h(
      "tr",
      { role: "row" },
      h("th", { scope: "row", role: "rowheader" }, h("button", { type: "button", class: "quiet", "aria-label": "Show all days on the map", onclick: () => show(null) }, "All")),
      cell("Length", units.length(p.length_m)),
      cell("Climb", heightText(p.ascent_m)),
      cell("On foot", duration(p.walking_time_s)),
      cell("Night", count(p.nights, "night")),
      cell("Dry stretch", dryText(dry.length ? Math.max(...dry) : null)),
    ),
  );
}

// --- more on a day -------------------------------------------------------------------------------------------

/** Night, water, rules and way of a day, folded away; what must not be overlooked stands in the fold. */
function moreOf(day) {
  const parts = [
    part("Night", day.rest ? null : night(day.camp)),
    part("Water", waters(day)),
    part("Rules and notes", notes(day.notes)),
    part("Way by words", way(day.cues)),
  ].filter(Boolean);
  if (!parts.length) return null;
  const kinds = [...new Set((day.notes ?? []).map((note) => note.kind))];
  const refills = day.refills?.length ?? 0;
  const said = [refills ? count(refills, "refill") : "", day.cues.length ? "way by words" : ""].filter(Boolean).join(", ");
  const tags = kinds.flatMap((kind) => [h("span", { class: "tag" }, kind), " "]);
  const spoken = h("span", { class: "aside" }, `Day ${day.day}: `);
  return h("details", {}, h("summary", {}, spoken, sentence(said || "more"), " ", ...tags), ...parts);
}

function part(name, content) {
  return content ? h("section", {}, h("h3", {}, name), content) : null;
}

const campName = (camp) => camp.name ?? sentence(camp.type ?? camp.kind);

function campKind(camp) {
  if (camp.kind === "dispersed") return "dispersed camping";
  return camp.type && camp.type !== camp.kind ? camp.type : { camp: "campsite", hut: "hut" }[camp.kind];
}

const WATER = new Map([[true, "water there"], [false, "no water there"]]);

/** What is known of a camp. */
function night(camp) {
  if (!camp) return null;
  const facts = [
    campKind(camp),
    camp.elevation_m === null ? null : units.height(camp.elevation_m),
    camp.spur_m >= 5 ? `${units.steps(camp.spur_m)} off the trail` : null,
    WATER.get(camp.water),
  ];
  const details = Object.entries(camp.details ?? {}).map(([name, text]) =>
    h("div", {}, h("dt", {}, name), h("dd", {}, isOfTheWeb(text) ? link(text, text) : text)),
  );
  return h(
    "div",
    {},
    h("p", {}, h("strong", {}, campName(camp)), ` · ${facts.filter(Boolean).join(" · ")}`),
    details.length ? h("dl", { class: "facts" }, ...details) : null,
    source(camp),
  );
}

/** Where a fact is from and of when. */
function source({ source: from, date, url }) {
  const text = [from, date ? `of ${dateText(date)}` : null].filter(Boolean).join(", ");
  const linked = isOfTheWeb(url) ? link(url, text || "source") : text;
  return linked ? h("p", { class: "source" }, "Source: ", linked) : null;
}

/** Only these become links: other addresses could run as a script. */
const isOfTheWeb = (address) => /^https?:\/\//i.test(address ?? "");

const link = (address, text) => h("a", { href: address, rel: "noopener noreferrer" }, text);

function waters(day) {
  if (!day.water?.length) return null;
  const rows = day.water.map((water, i) => {
    const fill = day.refills?.includes(i);
    const next = water.next_m === null || water.next_m === undefined ? null : `next in ${units.steps(water.next_m)}`;
    const text = [waterName(water), ...waterFacts(water), next].filter(Boolean).join(" · ");
    const words = h("span", {}, fill ? h("strong", {}, "Fill up: ") : null, text);
    return h("li", {}, h("b", {}, units.length(water.distance_m)), words);
  });
  return h("ol", {}, ...rows);
}

/** "spring", "spring Cold Well", but no "spring Tarn Flat Spring" nor "water Cold Well". */
function waterName({ type, name }) {
  const isSaid = name && (type === "water" || name.toLowerCase().includes(type.toLowerCase()));
  return isSaid ? name : [type, name].filter(Boolean).join(" ");
}

const waterFacts = (water) => [
  water.away_m >= 60 ? `${units.steps(water.away_m)} away` : null,
  water.seasonal ? "not all year" : null,
  water.drinkable === true ? "drinkable" : water.drinkable === false ? "not for drinking" : null,
  water.date ? `seen ${dateText(water.date)}` : null,
];

function notes(list) {
  if (!list?.length) return null;
  // a source of several notes in a row is told after the last of them
  const isTold = (note, next) => next && note.source === next.source && note.url === next.url;
  const rows = list.map((note, i) =>
    h("li", {}, h("strong", {}, `${sentence(note.kind)}: `), note.text, isTold(note, list[i + 1]) ? null : source(note)),
  );
  return h("ul", {}, ...rows);
}

function way(cues) {
  if (!cues.length) return null;
  return h("ol", {}, ...cues.map((cue) => h("li", {}, h("b", {}, units.length(cue.distance_m)), h("span", {}, cue.text))));
}

// --- on the map ----------------------------------------------------------------------------------------------

const latLng = ([lon, lat]) => [lat, lon];

/** Draw the days of a trek; gives the lines by day and the waters, so that a day can be brought forward. */
export function drawDays(trek, { layer, renderer, show, over, out }) {
  const common = { renderer, lineJoin: "round", bubblingMouseEvents: false };
  const walks = trek.properties.days.filter((day) => day.geometry);
  const paths = walks.map((day) => day.geometry.coordinates.map(latLng));
  for (const path of paths) L.polyline(path, { ...common, color: colour("paper"), weight: 9, opacity: 0.9, interactive: false }).addTo(layer);
  const lines = new Map();
  walks.forEach(({ day }, i) => {
    const line = L.polyline(paths[i], { ...common, color: colour(tone(day)), weight: 5 }).addTo(layer);
    line.on("click", () => show(day)).on("mousemove", ({ latlng }) => over(day, latlng)).on("mouseout", () => out());
    const marks = MARKS[Math.floor((day - 1) / TONES)];
    const middle = { ...common, color: colour("paper"), weight: 2, dashArray: marks, interactive: false };
    lines.set(day, marks ? [line, L.polyline(paths[i], middle).addTo(layer)] : [line]);
  });
  const waters = walks.flatMap((day) => watersOf(day, renderer));
  for (const water of waters) water.addTo(layer);
  walks.forEach((day, i) => numberOf(day, paths[i], show).addTo(layer));
  for (const { camp, nights } of campsOf(trek.properties.days)) campMarker(camp, nights).addTo(layer);
  return { lines, waters };
}

/** One day in front of the others; null: all alike. */
export function bringForward({ lines, waters }, chosen) {
  for (const [day, [line, ...middle]] of lines) {
    line.setStyle({ weight: day === chosen ? 8 : 5, opacity: chosen === null || day === chosen ? 1 : 0.3 });
    if (day === chosen) [line, ...middle, ...waters].forEach((each) => each.bringToFront());
  }
}

function numberOf({ day, length_m }, path, show) {
  const html = h("div", { class: `daymark ${tone(day)}` }, String(day));
  const marker = L.marker(path[Math.floor(path.length / 2)], {
    keyboard: false,
    icon: L.divIcon({ className: "daymark-box", html, iconSize: [20, 20], iconAnchor: [10, 10] }),
  });
  return marker.bindTooltip(said(`Day ${day}`, units.length(length_m))).on("click", () => show(day));
}

/** A tooltip as an element: a text would be taken for HTML. */
const said = (...lines) => h("span", { class: "tip" }, ...lines.filter(Boolean).map((line) => h("span", {}, line)));

function watersOf({ water, refills }, renderer) {
  return (water ?? []).map((one, i) => {
    const fill = refills?.includes(i);
    const style = { renderer, radius: fill ? 5.5 : 4, weight: 2, color: colour("water"), fillOpacity: 1, bubblingMouseEvents: false };
    const fillColor = colour(fill ? "water" : "card");
    const text = said(sentence(waterName(one)), waterFacts(one).filter(Boolean).join(" · "), fill ? "fill up here" : "");
    return L.circleMarker([one.lat, one.lon], { ...style, fillColor }).bindTooltip(text);
  });
}

/** The camps in the order of their nights; several nights at one camp are told together. */
function campsOf(days) {
  const camps = new Map();
  for (const { camp, day } of days) {
    if (!camp) continue;
    const key = `${camp.lon},${camp.lat}`;
    if (!camps.has(key)) camps.set(key, { camp, nights: [] });
    camps.get(key).nights.push(day);
  }
  return [...camps.values()];
}

function campMarker(camp, nights) {
  const which = `${nights.length > 1 ? "nights" : "night"} ${ranges(nights)}`;
  const html = h("div", { class: "night" }, icon(camp.kind === "hut" ? "hut" : "tent"), h("span", {}, ranges(nights)));
  const marker = L.marker([camp.lat, camp.lon], {
    zIndexOffset: 1500,
    icon: L.divIcon({ className: "night-box", html, iconSize: null }),
  });
  marker.bindTooltip(said(campName(camp), `${which} · ${campKind(camp)}`, WATER.get(camp.water)), { offset: [0, -30], direction: "top" });
  return marker.on("add", () => marker.getElement().setAttribute("aria-label", `${campName(camp)}, ${which}`));
}

/** "1", "2–3", "1, 4–6". */
function ranges(numbers) {
  const runs = [];
  for (const n of numbers) {
    const last = runs.at(-1);
    if (last && last[1] === n - 1) last[1] = n;
    else runs.push([n, n]);
  }
  return runs.map(([a, b]) => (a === b ? `${a}` : `${a}–${b}`)).join(", ");
}

// --- the calendar --------------------------------------------------------------------------------------------

/** What was closed and which date would open it; `ask` is told the date that is wished for. */
export function calendarOf({ date, note, closed = [], better_dates: better = [] }, { days, ask }) {
  if (!note && !closed.length && !better.length) return null;
  const buttons = better.map(({ date: other, opens, km }) =>
    h("button", { type: "button", class: "suggestion", onclick: () => ask(other) }, h("strong", {}, `Ask for ${dateText(other)}`), ` – opens ${opened(opens, km)}`),
  );
  const kilometres = closed.reduce((sum, { km }) => sum + (km ?? 0), 0);
  const when = date ? (days > 1 ? "while you walk" : `on ${dateText(date)}`) : "part of the year";
  const head = `${count(closed.length, "way is", "ways are")} closed ${when}: ${units.length(1000 * kilometres)}`;
  const list = h("ul", {}, ...closed.map((one) => closure(one, days)));
  return h(
    "section",
    { class: "calendar", "aria-label": "Seasons and closures" },
    closed.length ? h("details", {}, h("summary", {}, head), list) : null,
    ...buttons,
    note ? h("p", { class: "hint" }, note) : null,
  );
}

function opened(names, km) {
  const known = names.filter(Boolean);
  const more = known.length > 3 ? ` and ${known.length - 3} more` : "";
  const text = known.length ? known.slice(0, 3).join(", ") + more : "more ways";
  return km ? `${text}, ${units.length(1000 * km)}` : text;
}

function closure({ name, why, source: from, km, days: on = [] }, days) {
  const when = days > 1 && on.length && on.length < days ? ` · on ${on.length > 1 ? "days" : "day"} ${ranges(on)}` : "";
  const length = km ? ` · ${units.length(1000 * km)}` : "";
  return h("li", {}, h("strong", {}, name ?? "A way without a name"), `${length}${when} · ${why}`, source({ source: from }));
}

// --- when there is none --------------------------------------------------------------------------------------

/** In one line the trip that a change of the request would give. */
export function wouldBe(trip) {
  if (!trip) return "";
  const days = (trip.days ?? []).map(({ length_m, camp }) => {
    const to = typeof camp === "string" ? camp : camp?.name;
    return `${units.length(length_m)}${to ? ` to ${to}` : ""}`;
  });
  const head = typeof trip.trailhead === "string" ? trip.trailhead : trip.trailhead?.name;
  const whole = `${units.length(trip.length_m)}${days.length > 1 ? ` in ${days.length} days` : ""}${head ? ` from ${head}` : ""}`;
  return days.length > 1 ? `${whole}: ${days.join(", ")}` : whole;
}

/** How even the days are. */
export const evenness = (p) => (typeof p.balance === "number" ? `even days: ${number(100 * p.balance)} %` : "");
