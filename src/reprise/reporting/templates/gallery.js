const hasTruth = content.levels.length > 0;
const two = content.methods.length === 2;
const groups = Object.keys(content.methods[0].scores);

function number(value, digits = 1) {
  return value === null || value === undefined ? "–" : value.toFixed(digits);
}

// Of an image that could not be decoded for a global descriptor there is nothing to compare.
function score(value) {
  return value === null ? "not compared" : Math.abs(value) >= 100 ? value.toFixed(0) : String(Number(value.toPrecision(3)));
}

const scoreText = (value) => (value === null ? score(value) : `score ${score(value)}`);

// What one image looks like: its preview, with the box of the query if it has one.
function picture(letter, index, label, box = null, tag = "button") {
  const size = content.sizes[letter][index];
  const made = element(tag, { class: "picture", type: tag === "button" ? "button" : null, "aria-label": label });
  if (size === null) {
    made.append(element("span", { class: "none" }, "cannot be decoded"));
    return made;
  }
  const [width, height] = size;
  made.style.setProperty("--ratio", width / height);
  made.append(element("img", { src: `${content.folder}/${letter}${index}.jpg`, alt: "", loading: "lazy", width, height }));
  if (box) {
    const [x1, y1, x2, y2] = box;
    const percent = (value) => `${Math.min(100, Math.max(0, 100 * value)).toFixed(2)}%`;
    const frame = element("span", { class: "box" });
    Object.assign(frame.style, {
      left: percent(x1 / width), top: percent(y1 / height),
      width: percent((x2 - x1) / width), height: percent((y2 - y1) / height),
    });
    made.append(frame);
  }
  return made;
}

function frameOf(node, level) {
  if (level) node.style.setProperty("--frame", `var(--${level}, var(--wrong))`);
  return node;
}

function listOf(found) {
  const wanted = byId("group").value;
  return found.lists[wanted] ?? found.lists.all ?? Object.values(found.lists)[0];
}

function summary() {
  const shown = byId("summary");
  const counted = `${content.queries.length} queries, ${content.methods[0].searched.toLocaleString("en")} images searched.`;
  if (groups.length) {
    const head = element("tr", {}, element("th", { scope: "col" }, "mAP"), ...groups.map((g) => element("th", { scope: "col" }, g)));
    const row = (name, values) =>
      element("tr", {}, element("th", { scope: "row" }, name), ...groups.map((g) => element("td", {}, number(values[g], 2))));
    const rows = content.methods.map((method) => row(method.name, method.scores));
    if (Object.keys(content.chance).length) rows.push(row("random rankings", content.chance));
    shown.append(element("div", { class: "scroll" }, element("table", {}, element("thead", {}, head), element("tbody", {}, ...rows))));
  }
  const levels = content.levels.map((level) => frameOf(element("span", { class: "level" }, level), level));
  shown.append(element("p", { class: "hint" }, counted, hasTruth ? "" : " There is no ground truth: nothing is marked right or wrong."));
  if (hasTruth) shown.append(element("p", { class: "hint", "aria-label": "Frames of images" }, ...levels));
}

function resultItem(query, found, place) {
  const [image, value, level] = listOf(found)[place];
  const name = content.results[image];
  const label = `${place + 1}. ${name}${level ? `, ${level}` : ""}, ${scoreText(value)}`;
  const button = picture("d", image, label);
  button.title = name;
  button.addEventListener("click", () => openDetail(query, found, place));
  const caption = element("div", { class: "caption" }, element("span", {}, `${place + 1}`), element("b", {}, level), element("span", {}, score(value)));
  return frameOf(element("li", { class: "result" }, button, caption), level);
}

function fill(section) {
  if (section.childElementCount) return;
  const row = Number(section.dataset.row);
  const query = content.queries[row];
  const group = byId("group").value;
  const precisions = query.found.map((found) => found.ap[group]);
  const said = precisions.some((ap) => ap !== undefined) ? `AP ${precisions.map((ap) => number(ap)).join(" and ")}` : "";
  const asked = element("div", { class: "asked" }, picture("q", row, `query ${query.name}, large`, query.box));
  asked.firstChild.addEventListener("click", () => openDetail(row, query.found[0], 0));
  const lists = query.found.map((found, index) =>
    element("div", {}, two ? element("p", { class: "method" }, content.methods[index].name, group in found.ap ? ` (AP ${number(found.ap[group])})` : "") : null,
      element("ol", { class: "results", "aria-label": `found by ${content.methods[index].name}` },
        ...listOf(found).map((_, place) => resultItem(row, found, place)))));
  section.append(element("h2", {}, query.name, element("span", {}, said)), element("div", { class: "strip" }, asked, element("div", {}, ...lists)));
}

const seen = new IntersectionObserver((entries) => {
  for (const entry of entries) if (entry.isIntersecting) fill(entry.target);
}, { rootMargin: "800px" });

function orders() {
  const group = () => byId("group").value;
  const ap = (query, index = 0) => query.found[index].ap[group()] ?? null;
  const last = (value, worst) => (value === null ? worst : value);
  const listed = { "as listed": (a, b) => a.row - b.row };
  const named = { "by name": (a, b) => (a.query.name < b.query.name ? -1 : 1) };
  const all = { ...listed, ...named };
  if (!groups.length) return { ...named, ...listed };  // photographs, which are listed by parts of their folder
  const scored = {
    "worst first": (a, b) => last(ap(a.query), Infinity) - last(ap(b.query), Infinity),
    "best first": (a, b) => last(ap(b.query), -Infinity) - last(ap(a.query), -Infinity),
  };
  if (!two) return { ...scored, ...all };
  const gain = ({ query }) => (ap(query) === null ? null : ap(query, 1) - ap(query, 0));
  return {
    "most lost first": (a, b) => last(gain(a), Infinity) - last(gain(b), Infinity),
    "most gained first": (a, b) => last(gain(b), -Infinity) - last(gain(a), -Infinity),
    ...scored, ...all,
  };
}

function matches(query, text) {
  if (!text) return true;
  if (query.name.toLowerCase().includes(text)) return true;
  return query.found.some((found) => listOf(found).some(([image]) => content.results[image].toLowerCase().includes(text)));
}

function firstIsWrong(query) {
  const first = listOf(query.found[query.found.length - 1]).find(([, , level]) => level !== "junk");
  return first !== undefined && first[2] === "wrong";
}

function show() {
  const text = byId("filter").value.trim().toLowerCase();
  const compare = orders()[byId("order").value];
  const shown = content.queries.map((query, row) => ({ query, row }))
    .filter(({ query }) => matches(query, text) && (!byId("wrong").checked || firstIsWrong(query)))
    .sort((a, b) => compare(a, b) || a.row - b.row);
  seen.disconnect();
  const sections = shown.map(({ row }) => element("section", { class: "query", "data-row": row, id: `query-${row}`, tabindex: "-1" }));
  byId("queries").replaceChildren(...sections);
  sections.forEach((section) => seen.observe(section));
  byId("count").textContent = `${shown.length} of ${content.queries.length} queries`;
  plots();
}

// Average precision of the one method against that of the other, a circle for each query.
function comparison() {
  const group = byId("group").value;
  const names = content.methods.map((method) => method.name);
  const title = `AP of each query, ${group}`;
  const plot = axes({ title, xLabel: names[0], yLabel: names[1], xRange: [0, 100], yRange: [0, 100] });
  plot.svg.append(shape("line", { class: "diagonal", x1: plot.x(0), y1: plot.y(0), x2: plot.x(100), y2: plot.y(100) }));
  content.queries.forEach((query, row) => {
    const [a, b] = query.found.map((found) => found.ap[group] ?? null);
    if (a === null || b === null) return;
    const circle = shape("circle", { cx: plot.x(a), cy: plot.y(b), r: 5 }, shape("title", {}, `${query.name}: ${number(a)} and ${number(b)}`));
    circle.addEventListener("click", () => go(byId(`query-${row}`)));
    plot.svg.append(circle);
  });
  return figure(title, plot.svg);
}

function curves() {
  const group = byId("group").value;
  const lines = content.methods.map(({ name, scores, curves: own }) => ({ name, map: scores[group] ?? 0, values: own[group] ?? [] }));
  return lines.some(({ values }) => values.length) ? precisionPlot(`Precision over recall, ${group}`, lines) : null;
}

function plots() {
  const shown = [two && groups.length ? comparison() : null, groups.length ? curves() : null];
  byId("plots").replaceChildren(...shown.filter(Boolean));
}

let open = null;
function openDetail(row, found, place) {
  const list = listOf(found);
  const query = content.queries[row];
  open = { row, found, place };
  byId("detail-title").textContent = query.name;
  const images = [picture("q", row, `query ${query.name}`, query.box, "div")];
  let said = "nothing was found";
  if (list.length) {
    const [image, value, level] = list[place];
    images.push(frameOf(picture("d", image, content.results[image], null, "div"), level));
    said = `${place + 1} of ${list.length}: ${content.results[image]}${level ? `, ${level}` : ""}, ${scoreText(value)}`;
  }
  byId("detail-images").replaceChildren(...images);
  byId("detail-text").textContent = said;
  if (!byId("detail").open) byId("detail").showModal();
  loadMatches(row, () => tellMatches(open));
}

function go(section) {
  if (!section) return;
  fill(section);
  section.focus({ preventScroll: true });
  section.scrollIntoView({ block: "start" });
}

function nextQuery(step) {
  const sections = [...byId("queries").children];
  const current = document.activeElement.closest?.(".query");
  const at = current ? sections.indexOf(current) + step : sections.findIndex((s) => s.getBoundingClientRect().bottom > 80);
  go(sections[Math.min(sections.length - 1, Math.max(0, at))]);
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (byId("detail").open) {
    if (event.key === "m") byId("matches").click();
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    const place = open.place + (step ?? 0);
    if (step && place >= 0 && place < listOf(open.found).length) openDetail(open.row, open.found, place);
    return;
  }
  if (/^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName)) {
    if (event.key === "Escape") event.target.blur();
    return;
  }
  if (event.key === "/") {
    event.preventDefault();
    byId("filter").focus();
  } else if (event.key === "j" || event.key === "k") {
    nextQuery(event.key === "j" ? 1 : -1);
  }
});

function options(select, names) {
  select.replaceChildren(...names.map((name) => element("option", { value: name }, name)));
}

options(byId("group"), groups.length ? groups : Object.keys(content.queries[0]?.found[0].lists ?? { all: [] }));
if (groups.includes("medium")) byId("group").value = "medium";
byId("group-label").hidden = byId("group").options.length < 2;
byId("wrong-label").hidden = !hasTruth;
options(byId("order"), Object.keys(orders()));
byId("controls").addEventListener("submit", (event) => event.preventDefault());
for (const id of ["order", "group", "wrong"]) byId(id).addEventListener("change", show);
byId("filter").addEventListener("input", show);
byId("matches").addEventListener("change", () => drawMatches(open));
new ResizeObserver(() => open && byId("detail").open && drawMatches(open)).observe(byId("detail-images"));
summary();
show();
