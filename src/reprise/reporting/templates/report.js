const tables = content;

const kinds = {
  reproduced: "reproduced", differs: "differs", "published unknown": "unknown", "not comparable": "not-comparable",
  "not measured": "not-measured",
};

function text(value, unit) {
  if (value === null) return "";
  return unit === "bytes" ? value.toFixed(0) : unit === "%" ? value.toFixed(2) : String(Number(value.toPrecision(4)));
}

// The columns of a table: what tells its cells of one row apart.
const keyOf = (cell) => JSON.stringify([cell.dataset, cell.column, cell.metric, cell.group]);
const rowOf = (cell) => JSON.stringify([cell.method, cell.column ? "" : cell.features]);

function arrange(table) {
  const columns = new Map();
  const rows = new Map();
  for (const cell of table.cells) {
    columns.set(keyOf(cell), cell);
    if (!rows.has(rowOf(cell))) rows.set(rowOf(cell), { method: cell.method, features: cell.column ? "" : cell.features, cells: new Map() });
    rows.get(rowOf(cell)).cells.set(keyOf(cell), cell);
  }
  const datasets = [...new Set(table.cells.map((cell) => cell.dataset))];
  const sorted = [...columns.entries()].sort(([, a], [, b]) => datasets.indexOf(a.dataset) - datasets.indexOf(b.dataset));
  return { keys: sorted.map(([key]) => key), heads: sorted.map(([, cell]) => cell), rows: [...rows.values()] };
}

function label(cell, heads) {
  const metrics = new Set(heads.map((head) => head.metric));
  return [cell.column, metrics.size > 1 || cell.group === "all" ? cell.metric : "", cell.group === "all" ? "" : cell.group].filter(Boolean).join(" ") || cell.metric;
}

function cellNode(cell, table) {
  if (!cell) return element("td");
  const measured = cell.measured === null ? "not measured" : text(cell.measured, cell.unit);
  const said = [cell.verdict];
  if (cell.difference !== null) said.push(`difference ${text(cell.difference, cell.unit)}, tolerance ${text(cell.tolerance, cell.unit) || "none"}`);
  const address = table.galleries.find((gallery) => rowOf(gallery) === rowOf(cell) && gallery.column === cell.column && gallery.dataset === cell.dataset)?.address;
  const value = address && cell.measured !== null ? element("a", { href: encodeURI(address), title: "gallery" }, measured) : measured;
  const node = element("td", { class: kinds[cell.verdict] ?? "", title: said.join("; ") }, value);
  if (cell.published !== null) node.append(" ", element("small", {}, `(${text(cell.published, "")})`));
  return node;
}

function chanceRow(table, arranged) {
  if (!arranged.heads.some((head) => head.metric === "mAP" && table.chance[head.dataset])) return null;
  const cells = arranged.heads.map((head) => element("td", {}, head.metric === "mAP" ? text(table.chance[head.dataset]?.[head.group] ?? null, "%") : ""));
  return element("tr", { class: "chance" }, element("td", {}, "random rankings"), element("td"), ...cells);
}

function render(table) {
  const arranged = arrange(table);
  const { keys, heads, rows } = arranged;
  const spans = [];
  for (const head of heads) {
    if (spans.length && spans[spans.length - 1].dataset === head.dataset) spans[spans.length - 1].count += 1;
    else spans.push({ dataset: head.dataset, count: 1 });
  }
  const top = element("tr", {}, element("th", { colspan: 2 }), ...spans.map(({ dataset, count }) => element("th", { colspan: count, scope: "colgroup" }, dataset)));
  const sortable = (title) => element("th", { scope: "col" }, element("button", { type: "button" }, title));
  const second = element("tr", {}, sortable("method"), sortable("n"), ...heads.map((head) => sortable(label(head, heads))));
  const body = element("tbody");
  for (const row of rows) {
    const line = element("tr", { "data-method": row.method.toLowerCase() }, element("th", { scope: "row" }, row.method), element("td", {}, row.features));
    line.append(...keys.map((key) => cellNode(row.cells.get(key), table)));
    line.values = [row.method, Number(row.features) || 0, ...keys.map((key) => row.cells.get(key)?.measured ?? null)];
    body.append(line);
  }
  const foot = element("tfoot", {}, chanceRow(table, arranged));
  [...second.children].forEach((head, column) => head.firstChild.addEventListener("click", () => sortBy(body, second, head, column)));
  return element("table", {}, element("thead", {}, top, second), body, foot);
}

function sortBy(body, heads, head, column) {
  const descending = column ? head.getAttribute("aria-sort") !== "descending" : head.getAttribute("aria-sort") === "ascending";
  for (const other of heads.children) other.removeAttribute("aria-sort");
  head.setAttribute("aria-sort", descending ? "descending" : "ascending");
  const sign = descending ? -1 : 1;
  const compare = (a, b) => (a === b ? 0 : a === null ? 1 : b === null ? -1 : sign * (a < b ? -1 : 1));
  body.append(...[...body.children].sort((a, b) => compare(a.values[column], b.values[column])));
}

function shape(tag, attributes, content = null) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  if (content !== null) node.append(content);
  return node;
}

// A frame with the axes of a plot, and how values become places in it.
function axes(title, xLabel, yLabel, xs, ys, logarithmic) {
  const [left, top, width, height] = [55, 30, 330, 220];
  const scale = (value) => (logarithmic ? Math.log10(value) : value);
  const [x0, x1] = [Math.min(...xs.map(scale)), Math.max(...xs.map(scale))];
  const [y0, y1] = [Math.floor(Math.min(...ys) / 10) * 10, Math.ceil(Math.max(...ys) / 10) * 10 || 10];
  const x = (value) => left + ((scale(value) - x0) / (x1 - x0 || 1)) * width;
  const y = (value) => top + height - ((value - y0) / (y1 - y0 || 1)) * height;
  const svg = shape("svg", { viewBox: "0 0 400 300", role: "img", "aria-label": title });
  svg.append(shape("line", { x1: left, y1: top, x2: left, y2: top + height }), shape("line", { x1: left, y1: top + height, x2: left + width, y2: top + height }));
  svg.append(shape("text", { x: left, y: 18 }, title), shape("text", { x: left + width / 2, y: 292, "text-anchor": "middle" }, xLabel));
  svg.append(shape("text", { transform: `translate(16 ${top + height / 2}) rotate(-90)`, "text-anchor": "middle" }, yLabel));
  for (const value of [y0, y1]) svg.append(shape("text", { x: left - 6, y: y(value) + 4, "text-anchor": "end" }, value));
  for (const value of new Set([Math.min(...xs), Math.max(...xs)])) {
    svg.append(shape("text", { x: x(value), y: top + height + 17, "text-anchor": "middle" }, value >= 100 ? value.toFixed(0) : String(Number(value.toPrecision(2)))));
  }
  return { svg, x, y };
}

// Accuracy against the memory of the index, one plot for each dataset.
function memoryPlots(table) {
  const group = table.cells.some((cell) => cell.group === "medium") ? "medium" : null;
  const datasets = [...new Set(table.cells.map((cell) => cell.dataset))];
  return datasets.map((dataset) => {
    const cells = table.cells.filter((cell) => cell.dataset === dataset && cell.metric === "mAP" && cell.bytes && cell.measured !== null && (!group || cell.group === group));
    if (new Set(cells.map((cell) => cell.bytes)).size < 2) return null;
    const megabytes = cells.map((cell) => cell.bytes / 1e6);
    const { svg, x, y } = axes(`${dataset} ${group ?? ""}: accuracy and memory`, "MB, logarithmic", "mAP", megabytes, cells.map((cell) => cell.measured), true);
    for (const cell of cells) {
      const said = `${cell.method}${cell.features ? `, n ${cell.features}` : ""}: ${text(cell.measured, "%")}, ${(cell.bytes / 1e6).toFixed(1)} MB`;
      svg.append(shape("circle", { cx: x(cell.bytes / 1e6), cy: y(cell.measured), r: 5 }, shape("title", {}, said)));
    }
    return svg;
  });
}

// Metrics at several thresholds (such as MMA@1, MMA@2 ...) as curves, one plot for each group.
function curvePlots(table) {
  const curves = new Map();
  for (const cell of table.cells) {
    const [, name, at] = cell.metric.match(/^(.+)@(\d+)$/) ?? [];
    if (!name || cell.measured === null) continue;
    const key = JSON.stringify([cell.dataset, name, cell.group]);
    if (!curves.has(key)) curves.set(key, new Map());
    const methods = curves.get(key);
    if (!methods.has(cell.method)) methods.set(cell.method, []);
    methods.get(cell.method).push([Number(at), cell.measured]);
  }
  return [...curves.entries()].map(([key, methods]) => {
    const points = [...methods.values()].flat();
    if (new Set(points.map(([at]) => at)).size < 5) return null;
    const [dataset, name, group] = JSON.parse(key);
    const { svg, x, y } = axes(`${dataset}: ${name}, ${group}`, "threshold", name, points.map(([at]) => at), points.map(([, value]) => value), false);
    [...methods.entries()].forEach(([method, found], index, all) => {
      const path = found.sort(([a], [b]) => a - b).map(([at, value], place) => `${place ? "L" : "M"}${x(at)} ${y(value)}`).join("");
      svg.append(shape("path", { d: path, style: `stroke: hsl(${(360 * index) / all.length} 70% 50%)` }, shape("title", {}, method)));
    });
    return svg;
  });
}

for (const table of tables) {
  const section = document.getElementById(table.name);
  section.querySelector(".cells").append(render(table));
  section.querySelector(".plots").append(...[...memoryPlots(table), ...curvePlots(table)].filter(Boolean));
}

document.getElementById("controls").addEventListener("submit", (event) => event.preventDefault());
document.getElementById("filter").addEventListener("input", (event) => {
  const wanted = event.target.value.trim().toLowerCase();
  for (const row of document.querySelectorAll("[data-method]")) row.hidden = !row.dataset.method.includes(wanted);
});
