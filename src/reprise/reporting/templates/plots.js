// Plots of both pages, as SVG in figures whose legends are lists.

function shape(tag, attributes = {}, ...children) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  node.append(...children);
  return node;
}

const seriesColour = (index) => `var(--series-${index % 8})`;
const seriesDash = (index) => ["", "7 3", "2 3", "9 3 2 3"][Math.floor(index / 8) % 4];

function short(value) {
  const size = Math.abs(value);
  return size >= 1000 ? String(Math.round(value)) : String(Number(value.toPrecision(3)));
}

// Round numbers within a range: some steps of 1, 2 or 5 times a power of ten, or these themselves where it is logarithmic.
function ticks(low, high, logarithmic) {
  if (logarithmic) {
    const powers = [];
    for (let power = Math.floor(Math.log10(low)); power <= Math.ceil(Math.log10(high)); power += 1) powers.push(power);
    const choices = [[1, 1.5, 2, 3, 4, 5, 7], [1, 2, 5], [1]].map((digits) =>
      powers.flatMap((power) => digits.map((digit) => Number(`${digit}e${power}`))).filter((value) => value >= low && value <= high));
    return choices.find((found) => found.length <= 7) ?? choices[2];
  }
  const power = 10 ** Math.floor(Math.log10((high - low || 1) / 5));
  const step = [1, 2, 5, 10].map((digit) => digit * power).find((width) => (high - low) / width <= 6.001);
  const found = [];
  for (let count = Math.ceil(low / step - 1e-9); count * step <= high + step * 1e-9; count += 1) found.push(Number((count * step).toPrecision(12)));
  return found;
}

// A range of round numbers around values.
function around(values, { least = -Infinity, most = Infinity } = {}) {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const places = ticks(low, high === low ? low + 1 : high, false);
  const step = places.length > 1 ? places[1] - places[0] : 1;
  return [Math.max(least, Math.floor(low / step) * step), Math.min(most, Math.ceil(high / step + 1e-9) * step)];
}

// An empty plot: what it is drawn into, and how values become places in it.
function axes({ title, xLabel, yLabel, xRange, yRange, logarithmic = false, whole = false }) {
  const [left, top, width, height] = [52, 12, 330, 230];
  const scale = (value) => (logarithmic ? Math.log10(value) : value);
  const [x0, x1] = xRange.map(scale);
  const x = (value) => left + ((scale(value) - x0) / (x1 - x0 || 1)) * width;
  const y = (value) => top + height - ((value - yRange[0]) / (yRange[1] - yRange[0] || 1)) * height;
  const svg = shape("svg", { viewBox: "0 0 400 284", role: "img", "aria-label": title });
  for (const value of ticks(...yRange, false)) {
    svg.append(shape("line", { class: "grid", x1: left, x2: left + width, y1: y(value), y2: y(value) }));
    svg.append(shape("text", { x: left - 6, y: y(value) + 4, "text-anchor": "end" }, short(value)));
  }
  for (const value of ticks(...xRange, logarithmic).filter((place) => !whole || Number.isInteger(place))) {
    svg.append(shape("line", { class: "grid", x1: x(value), x2: x(value), y1: top, y2: top + height }));
    svg.append(shape("text", { x: x(value), y: top + height + 17, "text-anchor": "middle" }, short(value)));
  }
  svg.append(shape("text", { x: left + width / 2, y: 278, "text-anchor": "middle" }, xLabel));
  svg.append(shape("text", { transform: `translate(14 ${top + height / 2}) rotate(-90)`, "text-anchor": "middle" }, yLabel));
  return { svg, x, y };
}

function linePath(points, { x, y }, index, said) {
  const d = points.map(([a, b], place) => `${place ? "L" : "M"}${x(a).toFixed(1)} ${y(b).toFixed(1)}`).join("");
  const style = { d, class: "curve", style: `stroke: ${seriesColour(index)}`, "stroke-dasharray": seriesDash(index) };
  return shape("path", style, shape("title", {}, said));
}

// The precision of all queries over the recall, whose area is the mAP: lines as name, map and values in equal parts.
function precisionPlot(title, lines) {
  const plot = axes({ title, xLabel: "recall", yLabel: "precision", xRange: [0, 100], yRange: [0, 100] });
  lines.forEach(({ name, map, values }, index) => {
    if (!values.length) return;
    const points = values.map((value, place) => [(100 * (place + 0.5)) / values.length, value]);
    plot.svg.append(linePath(points, plot, index, `${name}: mAP ${map.toFixed(2)}`));
  });
  return figure(title, plot.svg, lines.map(({ name }) => name));
}

// A plot with its title, and a legend of the names of its lines or dots if it has several.
function figure(title, svg, names = [], keys = "lines") {
  const made = element("figure", { class: "plot" }, element("figcaption", {}, title), svg);
  if (names.length > 1) {
    const entries = names.map((name, index) => {
      const key = shape("svg", { viewBox: "0 0 24 8", class: "key", "aria-hidden": "true" });
      if (keys === "dots") key.append(shape("circle", { cx: 12, cy: 4, r: 4, style: `fill: ${seriesColour(index)}` }));
      else key.append(shape("line", { x1: 0, x2: 24, y1: 4, y2: 4, style: `stroke: ${seriesColour(index)}`, "stroke-dasharray": seriesDash(index) }));
      return element("li", {}, key, name);
    });
    made.append(element("ul", { class: "legend" }, ...entries));
  }
  return made;
}
