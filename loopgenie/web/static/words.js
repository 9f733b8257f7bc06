// Elements, numbers and dates as the page writes them.
// Text from data reaches the page as text only (textContent), never as HTML.

export const $ = (id) => document.getElementById(id);

/** An element with properties, data and children. */
export function h(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "class") element.className = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((c) => c !== null && c !== undefined));
  return element;
}

export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `#i-${name}`);
  svg.setAttribute("aria-hidden", "true");
  svg.append(use);
  return svg;
}

export const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

export const number = (value, digits = 0) =>
  value.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits });

export const count = (n, one, many = `${one}s`) => `${n} ${n === 1 ? one : many}`;

/** Kilometres and metres, or miles and feet: as the hiker wrote the walk. */
export const units = {
  get miles() {
    return $("hike-unit").value === "hike_miles";
  },
  length(metres, digits = 1) {
    return this.miles ? `${number(metres / 1609.344, digits)} mi` : `${number(metres / 1000, digits)} km`;
  },
  height(metres) {
    return this.miles ? `${number(metres / 0.3048)} ft` : `${number(metres)} m`;
  },
  /** A length that may be a few steps. */
  steps(metres) {
    return metres < 950 ? this.height(Math.round(metres / 10) * 10) : this.length(metres);
  },
};

export function duration(seconds) {
  const minutes = Math.round(seconds / 60);
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, "0")}`;
}

export const sentence = (text) => text.charAt(0).toUpperCase() + text.slice(1);

/** "Sat 4 Jul", a day to walk on; what is no date stays as it is. */
export const dayText = (iso) => dateText(iso, { weekday: "short", day: "numeric", month: "short" });

/** "4 Jul 2026". */
export const dateText = (iso, shown = { day: "numeric", month: "short", year: "numeric" }) => {
  const date = new Date(`${iso}T00:00:00Z`);
  return Number.isNaN(date.getTime()) ? iso : date.toLocaleDateString("en-GB", { ...shown, timeZone: "UTC" }).replace(",", "");
};
