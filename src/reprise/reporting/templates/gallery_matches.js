// What is drawn on a query and a result. The values are in one file for each query, which calls addMatches.
const matchesOf = new Map();

function addMatches(row, drawn) {
  matchesOf.set(row, drawn);
}

function loadMatches(row, then) {
  if (matchesOf.has(row) || !content.drawn.kinds.some(Boolean)) {
    then();
    return;
  }
  const script = element("script", { src: `${content.folder}/m${row}.js` });
  script.addEventListener("load", then);
  script.addEventListener("error", () => {
    addMatches(row, []);
    then();
  });
  document.head.append(script);
}

// Where a point of an image file is in the drawing.
function placing(image, [width, height], origin) {
  const box = image.getBoundingClientRect();
  return (x, y) => [box.left - origin.left + (x / width) * box.width, box.top - origin.top + (y / height) * box.height];
}

const pointsOf = (flat) => Array.from({ length: flat.length / 2 }, (_, place) => [flat[2 * place], flat[2 * place + 1]]);

// The corners of the query, or of its box, as the transform maps them; none where one is behind the camera.
function outline(transform, box, [width, height]) {
  const [x1, y1, x2, y2] = box ?? [0, 0, width, height];
  const mapped = [[x1, y1], [x2, y1], [x2, y2], [x1, y2]].map(([x, y]) => {
    const [a, b, c] = [0, 3, 6].map((row) => transform[row] * x + transform[row + 1] * y + transform[row + 2]);
    return c > 0 ? [a / c, b / c] : null;
  });
  return mapped.every(Boolean) ? mapped : null;
}

// Lines as [place in the query, place in the image, share of the largest, word or null].
function linesOf(drawn) {
  if (!drawn.lines) return pointsOf(drawn.query).map((_, place) => [place, place, 0.2, null]);
  const largest = Math.max(...drawn.lines.map(([, , value]) => value));
  return drawn.lines.map(([a, b, value, word]) => [a, b, value / largest, word]);
}

function drawLines(svg, drawn, first, second) {
  const [asked, found] = [pointsOf(drawn.query).map((p) => first(...p)), pointsOf(drawn.image).map((p) => second(...p))];
  const lines = linesOf(drawn);
  // The strongest last, on top of the others.
  lines.map((line, place) => [...line, place]).reverse().forEach(([a, b, share, word, place]) => {
    const [[x1, y1], [x2, y2]] = [asked[a], found[b]];
    const width = word === null ? 1.5 : 1 + 4 * Math.sqrt(share);
    const radius = word === null ? 3 : 3 + 5 * Math.sqrt(share);
    const colour = `hsl(${word === null ? (place * 360) / lines.length : (word * 137.5) % 360} 95% 62%)`;
    const said = word === null ? [] : [shape("title", {}, `word ${drawn.words[word][0]}: ${percentOf(drawn, drawn.lines[place][2])} of the score`)];
    const group = shape("g", { class: "match", "data-word": word ?? "", style: `--line: ${colour}; opacity: ${word === null ? 0.85 : 0.4 + 0.6 * Math.sqrt(share)}` });
    group.append(shape("line", { class: "casing", x1, y1, x2, y2, "stroke-width": width + 1.5 }));
    group.append(shape("line", { x1, y1, x2, y2, "stroke-width": width }, ...said));
    for (const [cx, cy] of [[x1, y1], [x2, y2]]) group.append(shape("circle", { cx, cy, r: radius }));
    svg.append(group);
  });
}

const percentOf = (drawn, value) => `${((100 * value) / drawn.score).toFixed(1)} %`;

function highlight(word) {
  const svg = byId("detail-images").querySelector("svg");
  svg?.classList.toggle("chosen", word !== null);
  for (const line of svg?.querySelectorAll(".match") ?? []) line.classList.toggle("strong", word !== null && line.dataset.word === String(word));
}

function wordTable(drawn) {
  const head = ["word", "of the score", "", "features of the query", "of the image"].map((name) => element("th", { scope: "col" }, name));
  const rows = drawn.words.slice(0, 12).map(([id, value, asked, found], word) => {
    const bar = element("span", { class: "bar" });
    bar.style.width = `${(6 * value) / drawn.words[0][1]}rem`;
    const button = element("button", { type: "button", "aria-label": `word ${id}, show its lines` }, String(id));
    const row = element("tr", {}, element("th", { scope: "row" }, button), element("td", {}, percentOf(drawn, value)), element("td", {}, bar), element("td", {}, String(asked)), element("td", {}, String(found)));
    for (const event of ["mouseenter", "focusin"]) row.addEventListener(event, () => highlight(word));
    for (const event of ["mouseleave", "focusout"]) row.addEventListener(event, () => highlight(null));
    return row;
  });
  return element("div", { class: "scroll" }, element("table", { class: "words" }, element("thead", {}, element("tr", {}, ...head)), element("tbody", {}, ...rows)));
}

// What is said of matches, below the images.
function matchesText(drawn, place, kind, score) {
  if (!drawn) return [place < content.drawn.first ? "No matches are drawn of this image." : `Matches are drawn on the first ${content.drawn.first} images of a query.`];
  if (kind === "inliers") {
    const shown = pointsOf(drawn.query).length;
    const said = [`${drawn.inliers} inliers of ${drawn.tentative} matched features`];
    if (shown < drawn.inliers) said.push(`of which ${shown} are drawn`);
    if (drawn.inliers && !score) said.push("too few for the image to move up");
    return [`${said.join(", ")}.${drawn.transform ? " The yellow frame is that of the query." : ""}`];
  }
  if (!drawn.count) return ["No visual word of both images adds to the score."];
  const joined = kind === "signatures" ? "features of one word whose signatures match" : "features of one word";
  const said = `${drawn.count} visual words of both images make the score of ${drawn.score}. Lines join ${joined}, the thicker the more they give.`;
  return [said, wordTable(drawn)];
}

// What is known of the pair that is open.
function openPair({ row, found, place }) {
  const method = content.queries[row].found.indexOf(found);
  const [image, score] = listOf(found)[place] ?? [];
  const [kind, note] = [content.drawn.kinds[method], content.drawn.notes[method]];
  return { row, place, image, score, kind, note, drawn: matchesOf.get(row)?.[method]?.[image] };
}

function tellMatches(opened) {
  const { place, image, score, kind, note, drawn } = openPair(opened);
  byId("detail-matches").hidden = (!kind && !note) || image === undefined;
  for (const each of [byId("matches").parentElement, byId("matches-key")]) each.hidden = !kind;
  const said = kind ? matchesText(drawn, place, kind, score) : [];
  byId("matches-text").replaceChildren(...(note ? [element("p", { class: "hint" }, note)] : []), ...said);
  drawMatches(opened);
}

// Draws the lines over the images, at their present size.
function drawMatches(opened) {
  const area = byId("detail-images");
  area.querySelector("svg.matches")?.remove();
  const { row, image, drawn } = openPair(opened);
  const [asked, seen] = area.querySelectorAll("img");
  if (!drawn || !byId("matches").checked || !seen) return;
  const origin = area.getBoundingClientRect();
  const [first, second] = [placing(asked, content.sizes.q[row], origin), placing(seen, content.sizes.d[image], origin)];
  const svg = shape("svg", { class: "matches", width: origin.width, height: origin.height, role: "img", "aria-label": "Matches of the two images" });
  const framed = drawn.transform && outline(drawn.transform, content.queries[row].box, content.sizes.q[row]);
  if (framed) {
    const box = seen.getBoundingClientRect();
    const [x, y] = [box.left - origin.left, box.top - origin.top];
    const inside = shape("svg", { x, y, width: box.width, height: box.height });
    const corners = framed.map((corner) => second(...corner)).map(([a, b]) => `${(a - x).toFixed(1)},${(b - y).toFixed(1)}`);
    inside.append(shape("polygon", { class: "outline", points: corners.join(" ") }));
    svg.append(inside);
  }
  drawLines(svg, drawn, first, second);
  area.append(svg);
}
