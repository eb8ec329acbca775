const tables = content;

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
  const node = element("td", { class: cell.verdict.replaceAll(" ", "-"), title: said.join("; ") }, value);
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

// The cells of mAP that a plot shows, those of the medium protocol where there are protocols, dataset by dataset.
function plottedCells(table, key) {
  const group = table.cells.some((cell) => cell.group === "medium") ? "medium" : null;
  return [...new Set(table.cells.map((cell) => cell.dataset))].map((dataset) => {
    const cells = table.cells.filter((cell) => cell.dataset === dataset && cell.metric === "mAP" && cell[key] && cell.measured !== null && (!group || cell.group === group));
    return { name: [dataset, group].filter(Boolean).join(", "), cells };
  }).filter(({ cells }) => new Set(cells.map((cell) => cell[key])).size > 1);
}

// Accuracy against what it costs, a plot for each dataset, a colour for each method.
function costPlots(table, key, what, xLabel, unit) {
  return plottedCells(table, key).map(({ name, cells }) => {
    const [values, costs] = [cells.map((cell) => cell.measured), cells.map((cell) => unit(cell[key]))];
    const [low, high] = [Math.min(...costs), Math.max(...costs)];
    const title = `${name}: accuracy and ${what}`;
    const plot = axes({ title, xLabel: `${xLabel} (logarithmic)`, yLabel: "mAP", xRange: [low / 1.3, high * 1.3], yRange: around(values, { least: 0, most: 100 }), logarithmic: true });
    const methods = [...new Set(cells.map((cell) => cell.method))];
    for (const cell of cells) {
      const said = `${cell.method}${cell.features ? `, n ${cell.features}` : ""}: ${text(cell.measured, "%")}, ${short(unit(cell[key]))} ${xLabel}`;
      plot.svg.append(shape("circle", { cx: plot.x(unit(cell[key])), cy: plot.y(cell.measured), r: 6, style: `fill: ${seriesColour(methods.indexOf(cell.method))}` }, shape("title", {}, said)));
    }
    return figure(title, plot.svg, methods, "dots");
  });
}

// The groups of sequences of HPatches.
const changes = { v: "changed viewpoint", i: "changed illumination", average: "all sequences" };

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
    const places = [...methods.values()].flat().map(([at]) => at);
    if (new Set(places).size < 5) return null;
    const [dataset, name, group] = JSON.parse(key);
    const title = `${dataset}: ${name}, ${changes[group] ?? group}`;
    const plot = axes({ title, xLabel: "threshold in pixels", yLabel: `${name} (%)`, xRange: [Math.min(...places), Math.max(...places)], yRange: [0, 100] });
    [...methods.entries()].forEach(([method, points], index) => plot.svg.append(linePath(points.sort(([a], [b]) => a - b), plot, index, method)));
    return figure(title, plot.svg, [...methods.keys()]);
  });
}

const precisionTitle = ({ dataset, group }) => `${dataset}, ${group}: precision over recall`;

// The mean precision in tenths of the recall: the curves of a figure in numbers.
function precisionNumbers(figured) {
  const tenths = (values) => Array.from({ length: 10 }, (_, tenth) => {
    const part = values.slice((tenth * values.length) / 10, ((tenth + 1) * values.length) / 10);
    return part.reduce((sum, value) => sum + value, 0) / part.length;
  });
  const heads = ["recall in %", ...Array.from({ length: 10 }, (_, tenth) => `${10 * tenth}–${10 * (tenth + 1)}`), "mAP"];
  const rows = figured.lines.map(({ name, map, values }) =>
    element("tr", {}, element("th", { scope: "row" }, name), ...[...tenths(values), map].map((value) => element("td", {}, value.toFixed(1)))));
  const head = element("tr", {}, ...heads.map((name) => element("th", { scope: "col" }, name)));
  const caption = element("caption", {}, precisionTitle(figured));
  return element("div", { class: "scroll" }, element("table", {}, caption, element("thead", {}, head), element("tbody", {}, ...rows)));
}

function drawPrecision(section, table) {
  section.querySelector(".plots").append(...table.curves.map((figured) => precisionPlot(precisionTitle(figured), figured.lines)));
  section.append(element("details", {}, element("summary", {}, "In numbers"), ...table.curves.map(precisionNumbers)));
}

function trainingPlots({ training, changed, panels }) {
  if (changed) return [element("p", { class: "hint" }, `${training}: its curves are not there any more, or those of another training.`)];
  return panels.map(({ title, lines }) => {
    const points = Object.values(lines).flat();
    const heading = `${training}: ${title}`;
    const epochs = points.map(([epoch]) => epoch);
    const values = points.map(([, value]) => value);
    const plot = axes({ title: heading, xLabel: "epoch", yLabel: title, xRange: [Math.min(...epochs), Math.max(...epochs)], yRange: around(values), whole: true });
    Object.entries(lines).forEach(([name, line], index) => {
      plot.svg.append(linePath(line, plot, index, name));
      for (const [epoch, value] of line) plot.svg.append(shape("circle", { cx: plot.x(epoch), cy: plot.y(value), r: 3.5, style: `fill: ${seriesColour(index)}` }, shape("title", {}, `${name}, epoch ${epoch}: ${short(value)}`)));
    });
    return figure(heading, plot.svg, Object.keys(lines));
  });
}

for (const table of tables) {
  const section = document.getElementById(table.name);
  section.querySelector(".cells").append(render(table));
  const plots = [
    ...costPlots(table, "bytes", "memory", "MB", (bytes) => bytes / 1e6),
    ...costPlots(table, "milliseconds", "time", "ms for a query", (milliseconds) => milliseconds),
    ...curvePlots(table),
  ];
  section.querySelector(".plots").append(...plots.filter(Boolean));
  // Drawn when they are looked at, because they are many.
  const precision = section.querySelector(".precision");
  precision?.addEventListener("toggle", () => drawPrecision(precision, table), { once: true });
  section.querySelector(".trainings")?.append(...table.trainings.flatMap(trainingPlots));
}

document.getElementById("controls").addEventListener("submit", (event) => event.preventDefault());
document.getElementById("filter").addEventListener("input", (event) => {
  const wanted = event.target.value.trim().toLowerCase();
  for (const row of document.querySelectorAll("[data-method]")) row.hidden = !row.dataset.method.includes(wanted);
});
