// A scene as SVG: drawn once, then only what a step changes is changed. front.js, which follows in the same module,
// says when. A scene comes as JSON (see convlab/scenes); places are in units, the side of an ordinary cell.

const LARGEST = 44; // pixels to a unit, at most
const SMALLER = 24; // pixels to a unit: so far a high picture is made smaller, to fit on a screen
const HIGHEST = 560; // pixels
const MOST_CELLS = 1500; // a grid with more cells and without numbers is drawn as one image
const MUCH_SMALLER = { number: 6.5, note: 30, line: 8 }; // pixels: smaller numbers are left out, and so are notes and
// lines of smaller cells
const POINT = { ring: 0.36, dot: 0.15, head: 0.16 }; // of a point between cells, in the side of a cell
const LABEL = 1.3; // the type of labels between the grids, in that of the other words
const [DARK_INK, LIGHT_INK] = ["#1d2026", "#ffffff"];

function svg(name, attributes, parent) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const key in attributes) node.setAttribute(key, attributes[key]);
  if (parent) parent.append(node);
  return node;
}

// --- colours ---------------------------------------------------------------------------------------------------------

const bytes = (colour) => [1, 3, 5].map((start) => parseInt(colour.slice(start, start + 2), 16));

function luminance(rgb) {
  const [r, g, b] = rgb.map((c) => (c / 255 <= 0.04045 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

/** The colour of a number on the ramp of its grid, as [red, green, blue]. */
function onRamp(stops, grid, value) {
  const [low, high] = [grid.scale === "signed" ? -grid.limit : 0, grid.limit || 1];
  const place = Math.min(1, Math.max(0, (value - low) / (high - low))) * (stops.length - 1);
  const before = Math.min(Math.floor(place), stops.length - 2);
  const [one, other] = [bytes(stops[before]), bytes(stops[before + 1])];
  return one.map((c, i) => Math.round(c + (other[i] - c) * (place - before)));
}

// --- words -----------------------------------------------------------------------------------------------------------

/** A number as Python writes it: no zeros at the end, and halves go to the even digit. */
function word(value, decimals) {
  if (value === null) return "";
  let text = value.toFixed(decimals);
  const isHalf = (Math.abs(value) * 2 ** (decimals + 1)) % 2 === 1;
  if (isHalf && Number(text.at(-1)) % 2) text = (value * (1 - 1e-9)).toFixed(decimals);
  if (text.includes(".")) text = text.replace(/0+$/, "").replace(/\.$/, "");
  return text === "-0" ? "0" : text;
}

const ruler = document.createElement("canvas").getContext("2d");
ruler.font = "100px sans-serif";
const widths = new Map(); // at 100 pixels

function widthOf(text, pixels) {
  if (!widths.has(text)) widths.set(text, ruler.measureText(text).width);
  return (widths.get(text) * pixels) / 100;
}

/** A text in lines of at most so many pixels, broken where the separator stands. */
function lines(text, separator, width, pixels) {
  const found = [];
  for (const part of text.split(separator)) {
    const longer = found.length ? found.at(-1) + separator + part : part;
    if (found.length && widthOf(longer, pixels) <= width) found[found.length - 1] = longer;
    else found.push(part);
  }
  return text ? found : [];
}

// --- shapes ----------------------------------------------------------------------------------------------------------

const square = (x, y, side) => `M${x} ${y}h${side}v${side}h${-side}z`;

/** Whether a lit cell takes the colour of its role: not where the colour alone shows the number. */
const isFilled = ({ value, grid }) => grid.decimals !== null || grid.scale === "plain" || value === null;

/** The path around cells of one grid: the edges that they do not share with each other. */
function outline(cells) {
  const inside = new Set(cells.map((cell) => cell.key));
  const edges = ({ grid, row, column, x, y }) => [
    [row - 1, column, `M${x} ${y}h${grid.side}`], [row + 1, column, `M${x} ${y + grid.side}h${grid.side}`],
    [row, column - 1, `M${x} ${y}v${grid.side}`], [row, column + 1, `M${x + grid.side} ${y}v${grid.side}`],
  ].filter(([r, c]) => !inside.has(name(grid.name, r, c)));
  return cells.flatMap(edges).map((edge) => edge[2]).join("");
}

/** The path of an arrow whose tip lies so far before its end; empty where there is no room for it. */
function arrow([fromX, fromY], [x, y], before, head) {
  const long = Math.hypot(x - fromX, y - fromY);
  if (long <= before) return "";
  const towards = Math.atan2(y - fromY, x - fromX);
  const tip = [x - before * Math.cos(towards), y - before * Math.sin(towards)];
  const wings = long <= before + head ? [] : [0.5, -0.5];
  const to = (turn) => `M${tip}L${tip[0] - head * Math.cos(towards + turn)} ${tip[1] - head * Math.sin(towards + turn)}`;
  return `M${fromX} ${fromY}L${tip}${wings.map(to).join("")}`;
}

const name = (grid, row, column) => `${grid}/${row}/${column}`;

// --- the picture -----------------------------------------------------------------------------------------------------

/** A scene as SVG: draws it once, then changes only what a step changes. */
class Picture {
  constructor(scene, root) {
    this.scene = scene;
    this.grids = new Map(scene.grids.map((grid) => [grid.name, grid]));
    this.cells = new Map(); // by name: what is drawn for a cell
    this.stepsAt = new Map(); // by name: the steps for which a cell stands
    this.lit = []; // the cells that are lit now
    this.upTo = -1; // numbers are those after this step
    this.root = root;
    root.replaceChildren();
    const layer = (className) => svg("g", { class: className }, root);
    [this.paleLinks, this.litLinks] = ["link", "link lit"].map((c) => svg("path", { class: c }, root));
    this.ground = layer("ground");
    this.fills = layer("fills");
    this.edges = layer("edges");
    this.points = layer("points");
    this.numbers = layer("numbers");
    this.notes = layer("notes");
    this.words = layer("words");
    scene.grids.forEach((grid) => this.drawGrid(grid));
    for (const grid of scene.grids) grid.space = this.spaceOf(grid);
    for (const [text, x, y] of scene.labels) svg("text", { x, y, class: "label" }, this.words).textContent = text;
    this.paleLinks.setAttribute("d", scene.links.map((link) => this.line(link)).join(""));
    scene.steps.forEach((step, number) => {
      for (const [grid, row, column] of step.at) {
        const key = name(grid, row, column);
        this.stepsAt.set(key, [...(this.stepsAt.get(key) || []), number]);
      }
      for (const [where, , , value] of step.changes) {
        const grid = this.grids.get(where);
        if (grid.decimals !== null) grid.longest = Math.max(grid.longest, word(value, grid.decimals).length);
      }
    });
  }

  drawGrid(grid) {
    const { left, top, side } = grid;
    const [rows, columns] = [grid.values.length, grid.values[0].length];
    Object.assign(grid, { rows, columns, longest: 1 });
    [grid.numbers, grid.ground] = [this.numbers, this.ground].map((layer) => svg("g", {}, layer));
    grid.asImage = grid.decimals === null && rows * columns > MOST_CELLS;
    grid.image = grid.asImage && svg("image", { x: left, y: top, width: columns * side, height: rows * side,
      preserveAspectRatio: "none", "data-image": grid.name }, grid.ground);
    const lines = []; // through what is cropped
    const inner = []; // the elements, without the padding around them
    grid.values.forEach((numbers, row) => numbers.forEach((value, column) => {
      const kind = grid.kinds.length ? grid.kinds[row][column] : ".";
      const [x, y, key] = [left + column * side, top + row * side, name(grid.name, row, column)];
      const cell = { grid, row, column, kind, value, x, y, key };
      this.cells.set(key, cell);
      if (kind === " ") return;
      if (kind !== "p" && kind !== "c") inner.push(cell);
      if (kind === "c") lines.push(`M${x} ${y + side}l${side} ${-side}`);
      if (grid.asImage) return;
      cell.box = svg("rect", { x, y, width: side, height: side, "data-cell": key }, grid.ground);
      if (grid.decimals === null) return;
      cell.text = svg("text", { x: x + side / 2, y: y + side / 2 }, grid.numbers);
      grid.longest = Math.max(grid.longest, word(value, grid.decimals).length);
    }));
    if (lines.length) svg("path", { d: lines.join(""), class: "cropped" }, this.ground);
    svg("path", { d: outline(inner), class: "frame" }, this.ground);
    Object.assign(grid, { right: left + columns * side, bottom: top + rows * side, x: left + (columns * side) / 2 });
    grid.words = ["title", "", ""].map((className) => svg("text", { class: className }, this.words));
  }

  /** How wide the title of a grid may be without running into a grid beside it. */
  spaceOf(grid) {
    const beside = this.scene.grids.filter((g) => g !== grid && g.top < grid.bottom && grid.top - 1 < g.bottom);
    const gaps = beside.map((g) => Math.max(g.left - grid.right, grid.left - g.right)).filter((gap) => gap >= 0);
    return grid.right - grid.left + Math.min(...gaps, 1e6);
  }

  /** The path of a link: between the sides that face each other. */
  line([start, end]) {
    const [a, b] = [start, end].map(([grid, row, column]) => this.cells.get(name(grid, row, column)));
    const [far, near] = [a.grid.side / 2, b.grid.side / 2];
    const [x, y] = [b.x + near - a.x - far, b.y + near - a.y - far]; // from middle to middle
    const [right, down] = Math.abs(y) >= far + near ? [0, Math.sign(y)] : [Math.sign(x), 0];
    const from = [a.x + far + right * far, a.y + far + down * far];
    return `M${from}L${[b.x + near - right * near, b.y + near - down * near]}`;
  }

  /** Give every cell its colours. */
  paint(theme) {
    this.theme = theme;
    for (const cell of this.cells.values()) this.paintCell(cell);
    for (const grid of this.grids.values()) this.paintImage(grid);
  }

  /** The colour of a cell as [red, green, blue]; what is no element of the tensor has half of its number's colour. */
  colourOf({ kind, value, grid }) {
    const { padding, inserted, page, ramps } = this.theme;
    const ground = bytes(kind === "p" ? padding : kind === "z" ? inserted : page);
    if (value === null || (kind !== "." && value === 0)) return ground;
    const colour = onRamp(ramps[grid.scale], grid, value);
    return kind === "." ? colour : colour.map((c, i) => Math.round((c + ground[i]) / 2));
  }

  paintCell(cell) {
    if (!cell.box) return;
    const rgb = this.colourOf(cell);
    cell.box.setAttribute("fill", `rgb(${rgb})`);
    if (!cell.text) return;
    const text = word(cell.value, cell.grid.decimals);
    if (cell.text.textContent !== text) cell.text.textContent = text;
    this.inkCell(cell, rgb, false);
  }

  /** The number in dark or light ink, whichever is easier to read on this colour. */
  inkCell(cell, rgb, isLit) {
    const ink = luminance(rgb) > 0.21 ? DARK_INK : LIGHT_INK;
    cell.text?.setAttribute("fill", cell.kind === "." || cell.value || isLit ? ink : this.theme.faint);
  }

  paintImage(grid) {
    if (!grid.asImage) return;
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [grid.columns, grid.rows];
    const context = canvas.getContext("2d");
    const pixels = context.createImageData(grid.columns, grid.rows);
    for (let row = 0, at = 0; row < grid.rows; row++) {
      for (let column = 0; column < grid.columns; column++, at += 4) {
        pixels.data.set([...this.colourOf(this.cells.get(name(grid.name, row, column))), 255], at);
      }
    }
    context.putImageData(pixels, 0, 0);
    grid.image.setAttribute("href", canvas.toDataURL());
  }

  /** Let the numbers be those after this step. */
  count(upTo) {
    const images = new Set();
    const give = ([grid, row, column], value) => {
      const cell = this.cells.get(name(grid, row, column));
      const before = cell.value;
      cell.value = value;
      this.paintCell(cell);
      if (cell.grid.asImage) images.add(cell.grid);
      return before;
    };
    for (; this.upTo < upTo; this.upTo++) {
      for (const change of this.scene.steps[this.upTo + 1].changes) change.before = give(change, change[3]);
    }
    for (; this.upTo > upTo; this.upTo--) {
      for (const change of [...this.scene.steps[this.upTo].changes].reverse()) give(change, change.before);
    }
    images.forEach((grid) => this.paintImage(grid));
  }

  /** Light these marks and links, show these points, and nothing else. */
  light(marks, links, points = []) {
    for (const cell of this.lit) {
      cell.box?.removeAttribute("data-role");
      this.inkCell(cell, this.colourOf(cell), false);
    }
    this.lit = [];
    const notes = [...this.notes.children];
    marks.forEach(({ grid: where, role, cells, notes: words }, number) => {
      const lit = cells.map(([row, column]) => this.cells.get(name(where, row, column)));
      lit.forEach((cell, at) => {
        cell.box?.setAttribute("data-role", role);
        if (isFilled(cell)) this.inkCell(cell, bytes(this.theme.roles[role].fill), true);
        if (words[at]) this.writeNote(notes.shift() || svg("text", {}, this.notes), cell, words[at], role);
      });
      this.lit.push(...lit);
      const fill = this.fills.children[number] || svg("path", {}, this.fills);
      fill.setAttribute("class", role);
      fill.setAttribute("d", lit.filter(isFilled).map(({ x, y, grid: { side } }) => square(x, y, side)).join(""));
      const edge = this.edges.children[number] || svg("path", {}, this.edges);
      edge.setAttribute("class", role);
      edge.setAttribute("d", outline(lit));
    });
    for (const unused of notes) unused.remove();
    for (const layer of [this.fills, this.edges]) while (layer.children.length > marks.length) layer.lastChild.remove();
    this.litLinks.setAttribute("d", links.map((number) => this.line(this.scene.links[number])).join(""));
    this.showPoints(points);
  }

  /** Points between cells: a ring where each began, an arrow from there, and a dot. */
  showPoints(points) {
    this.points.replaceChildren();
    for (const { grid: where, row, column, role, start } of points) {
      const { left, top, side, decimals } = this.grids.get(where);
      const at = ([down, right]) => [left + (right + 0.5) * side, top + (down + 0.5) * side];
      const [x, y] = at([row, column]);
      if (start) {
        const [fromX, fromY] = at(start);
        svg("circle", { cx: fromX, cy: fromY, r: POINT.ring * side, class: "ring" }, this.points);
        svg("path", { d: arrow([fromX, fromY], [x, y], POINT.dot * side, POINT.head * side), class: "arrow" }, this.points);
      }
      const kind = decimals === null ? `dot bare ${role}` : `dot ${role}`;
      svg("circle", { cx: x, cy: y, r: POINT.dot * side, class: kind }, this.points);
    }
  }

  writeNote(note, { x, y, grid: { side } }, text, role) {
    note.textContent = text;
    const corner = { x: x + 0.93 * side, y: y + 0.09 * side, "font-size": 0.24 * side, class: role };
    for (const key in corner) note.setAttribute(key, corner[key]);
    note.side = side;
    note.style.display = side * this.scale < MUCH_SMALLER.note ? "none" : "";
  }

  /** The steps that read a cell. */
  stepsReading(key) {
    if (!this.readers) {
      this.readers = new Map();
      this.scene.steps.forEach((step, number) => {
        for (const { grid, role, cells } of step.marks) {
          if (role !== "read") continue;
          for (const [row, column] of cells) {
            const at = name(grid, row, column);
            if (!this.readers.has(at)) this.readers.set(at, []);
            this.readers.get(at).push(number);
          }
        }
      });
    }
    return this.readers.get(key) || [];
  }

  /** Fit into a width of so many pixels: words keep a size that can be read, cells take what is left. */
  fit(width) {
    const { grids, labels } = this.scene;
    const least = (...numbers) => Math.min(...numbers);
    const most = (...numbers) => Math.max(...numbers);
    const left = least(...grids.map((g) => g.left), ...labels.map(([, x]) => x));
    const right = most(...grids.map((g) => g.right), ...labels.map(([, x]) => x));
    const [top, bottom] = [least(...grids.map((g) => g.top)), most(...grids.map((g) => g.bottom))];
    const tallest = most(HIGHEST / (bottom - top), SMALLER);
    const margin = {};
    let [scale, size] = [least(LARGEST, tallest), 13];
    for (let round = 0; round < 3; round++) {
      size = most(9, least(13, 0.4 * scale));
      for (const grid of grids) {
        const wide = most(grid.space, grid.right - grid.left) * scale;
        grid.titleLines = lines(grid.title, " ", wide, size);
        grid.acrossLines = lines(grid.across, ", ", wide, size);
        grid.downLines = lines(grid.down, ", ", (grid.bottom - grid.top) * scale + size, size);
        grid.half = most(0, ...[...grid.titleLines, ...grid.acrossLines].map((text) => widthOf(text, size) / 2));
      }
      const high = (text) => (text.length ? (0.7 + 1.2 * text.length) * size : 0);
      const needed = (of) => Math.ceil(most(4, ...grids.map(of)));
      const half = ([text]) => (LABEL * widthOf(text, size)) / 2;
      margin.left = needed((g) => most(high(g.downLines) - (g.left - left) * scale, g.half - (g.x - left) * scale));
      margin.right = needed((g) => g.half - (right - g.x) * scale);
      margin.left = most(margin.left, ...labels.map((label) => half(label) - (label[1] - left) * scale));
      margin.right = most(margin.right, ...labels.map((label) => half(label) - (right - label[1]) * scale));
      margin.top = needed((g) => high(g.titleLines) - (g.top - top) * scale);
      margin.bottom = needed((g) => high(g.acrossLines) - (bottom - g.bottom) * scale);
      scale = least(LARGEST, tallest, (width - margin.left - margin.right) / (right - left));
    }
    this.scale = scale;
    const wide = (right - left) * scale + margin.left + margin.right;
    const high = (bottom - top) * scale + margin.top + margin.bottom;
    const box = [left - margin.left / scale, top - margin.top / scale, wide / scale, high / scale];
    this.root.setAttribute("viewBox", box.map((n) => n.toFixed(4)).join(" "));
    Object.assign(this.root.style, { width: `${wide}px`, height: `${high}px` });
    this.words.setAttribute("font-size", size / scale);
    for (const grid of grids) this.placeWords(grid, size / scale);
    for (const { numbers, ground, side, longest } of grids) {
      ground.setAttribute("class", side * scale < MUCH_SMALLER.line ? "fine" : "");
      const number = side * Math.min(0.44, 1.3 / longest);
      numbers.setAttribute("font-size", number);
      numbers.style.display = number * scale < MUCH_SMALLER.number ? "none" : "";
    }
    for (const note of this.notes.children) note.style.display = note.side * scale < MUCH_SMALLER.note ? "none" : "";
    return high;
  }

  /** The words of a grid: its title above, one axis below, the other at the left, turned. */
  placeWords({ words: [title, across, down], titleLines, acrossLines, downLines, x, top, left, bottom }, size) {
    const write = (node, text, y) => {
      node.replaceChildren();
      text.forEach((line, number) => {
        svg("tspan", { x: 0, y: (y + 1.2 * number) * size }, node).textContent = line;
      });
    };
    write(title, titleLines, -0.5 - 1.2 * (titleLines.length - 1));
    write(across, acrossLines, 1.25);
    write(down, downLines, -0.55 - 1.2 * (downLines.length - 1));
    title.setAttribute("transform", `translate(${x} ${top})`);
    across.setAttribute("transform", `translate(${x} ${bottom})`);
    down.setAttribute("transform", `translate(${left} ${(top + bottom) / 2}) rotate(-90)`);
  }
}
