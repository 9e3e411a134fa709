// What deform.js, which follows in the same module, puts together: what the points of a window read, the input with the
// points on it, the square between the corners of one point, and the numbers of all taps. page.js and picture.js come
// before it. Places are in elements, 0 in the middle of the first one.

const QUARTERS = 4; // places from one element to the next
const SIDE = { cell: 44, loupe: 150, line: 46 }; // pixels of a cell, at most; of the square between four elements
const CURVE = 3; // units that the curve of one axis is high

const written = (place) => (place.length === 1 ? word(place[0], 2) : `(${place.map((n) => word(n, 2)).join(", ")})`);
const factor = (value, decimals) => (value < 0 ? `(${word(value, decimals)})` : word(value, decimals));
const together = (numbers) => numbers.reduce((sum, number) => sum + number, 0);

/** All ways to take one of each list, the last list fastest. */
const product = (lists) => lists.reduce((found, list) => found.flatMap((one) => list.map((next) => [...one, next])), [[]]);

// --- what the points read ---------------------------------------------------------------------------------------------

/** The window as Python sent it (see convlab/scenes/sampling.py), and what its points read. */
class Window {
  constructor(sent) {
    Object.assign(this, sent);
    this.ndim = this.input_size.length;
    this.taps = product(this.kernel_size.map((size) => Array.from({ length: size }, (_, tap) => tap)));
  }

  /** The two elements beside a place on an axis, each as [element, weight, inside]. */
  parts(axis, place) {
    return this.axes[axis][QUARTERS * (place - this.low[axis])];
  }

  element(place) {
    return this.values[place.reduce((at, i, axis) => at * this.input_size[axis] + i, 0)];
  }

  /** The 2, 4 or 8 elements around a place, with their weights. */
  corners(place) {
    return product(place.map((along, axis) => this.parts(axis, along))).map((parts) => {
      const at = parts.map(([element]) => element);
      const inside = parts.every((part) => part[2]);
      return { at, inside, weight: parts.reduce((all, part) => all * part[1], 1), value: inside ? this.element(at) : 0 };
    });
  }

  read(place) {
    return together(this.corners(place).map(({ weight, value }) => weight * value));
  }

  /** The nearest place to which a point can be moved. */
  snapped(place, axis) {
    return Math.max(this.low[axis], Math.min(this.high[axis], Math.round(QUARTERS * place) / QUARTERS));
  }
}

// --- the window on the input ------------------------------------------------------------------------------------------

/** The input, or one slice of it, with the lattice and the points. */
class Plane {
  constructor(window, parent) {
    this.window = window;
    this.figure = html("figure", "deform-plane", parent);
    this.caption = html("figcaption", "", this.figure);
    this.svg = svg("svg", { role: "img" }, this.figure);
    const layers = ["ground", "corners", "numbers", "indices", "curve", "drop", "arrows", "rings", "points"];
    for (const name of layers) this[name] = svg("g", { class: name }, this.svg);
    const [low, high] = [window.low, window.high].map((ends) => [...(window.ndim === 1 ? [0] : []), ...ends].slice(-2));
    const [rows, columns] = [0, 1].map((axis) => high[axis] - low[axis] + 1);
    this.first = low;
    const above = window.ndim === 1 ? CURVE + 0.9 : 0.6;
    const box = [low[1] - 1.1, low[0] - 0.5 - above, columns + 0.7, rows + above + (window.ndim === 1 ? 0.6 : 0.1)];
    this.svg.setAttribute("viewBox", box.join(" "));
    this.figure.style.maxWidth = `${SIDE.cell * box[2]}px`;
    this.cells = [];
    for (let row = low[0]; row <= high[0]; row++) {
      for (let column = low[1]; column <= high[1]; column++) {
        const rect = svg("rect", { x: column - 0.5, y: row - 0.5, width: 1, height: 1 }, this.ground);
        const number = window.ndim === 1 ? { x: column, y: row + 0.12, class: "middle" } : { x: column - 0.38, y: row - 0.12 };
        this.cells.push({ row, column, rect, text: svg("text", number, this.numbers) });
      }
    }
    for (let column = low[1]; column <= high[1]; column++) {
      const y = window.ndim === 1 ? 0.9 : low[0] - 0.62;
      svg("text", { x: column, y, class: "middle" }, this.indices).textContent = column;
    }
    for (let row = low[0]; window.ndim > 1 && row <= high[0]; row++) {
      svg("text", { x: low[1] - 0.62, y: row + 0.1, class: "end" }, this.indices).textContent = row;
    }
    this.line = svg("path", {}, this.drop);
    const frame = (className) => svg("rect", { width: 0.92, height: 0.92, class: className }, this.corners);
    this.edges = [0, 1, 2, 3].map(() => [frame("halo"), frame("")]);
    this.marks = window.taps.map((tap, number) => this.mark(tap, number));
    if (window.ndim === 1) this.drawCurve();
  }

  /** The ring, the arrow and the dot of one tap. */
  mark(tap, number) {
    const point = svg("g", { class: "point", "data-tap": number }, this.points);
    svg("title", {}, point).textContent = `tap ${written(tap)}`;
    return {
      ring: svg("circle", { r: 0.19 }, this.rings),
      arrow: svg("path", {}, this.arrows),
      head: svg("path", { class: "head" }, this.arrows),
      point,
      parts: [svg("circle", { r: 0.4, class: "handle" }, point), svg("circle", { class: "dot" }, point)],
    };
  }

  /** In 1D: the value at every place, straight from element to element. */
  drawCurve() {
    const { window, curve } = this;
    const all = [0, ...window.values];
    const [least, most] = [Math.min(...all), Math.max(...all)];
    this.heightOf = (value) => -0.9 - (CURVE * (value - least)) / (most - least || 1);
    const places = Array.from({ length: window.high[0] - window.low[0] + 1 }, (_, n) => window.low[0] + n);
    const at = (n) => `${n} ${this.heightOf(window.read([n]))}`;
    svg("path", { class: "zero", d: `M${places[0]} ${this.heightOf(0)}H${places.at(-1)}` }, curve);
    svg("path", { d: `M${places.map(at).join("L")}` }, curve);
    for (const n of places) svg("circle", { cx: n, cy: this.heightOf(window.read([n])), r: 0.06 }, curve);
  }

  /** Where a place stands in the picture, [x, y]. */
  at(place) {
    return this.window.ndim === 1 ? [place[0], this.heightOf(this.window.read(place))] : [place.at(-1), place.at(-2)];
  }

  /** Give every cell its number and colour; in 3D those of this slice. */
  paint(theme, depth) {
    const { window } = this;
    this.depth = depth;
    const grid = { scale: "signed", limit: window.limit };
    for (const { row, column, rect, text } of this.cells) {
      const place = [depth, row, column].slice(-window.ndim);
      const inside = place.every((i, axis) => i >= 0 && i < window.input_size[axis]);
      const value = inside ? window.element(place) : 0;
      const rgb = inside ? onRamp(theme.ramps.signed, grid, value) : bytes(theme.padding);
      rect.setAttribute("fill", `rgb(${rgb})`);
      text.textContent = word(value, window.decimals);
      text.setAttribute("fill", inside ? (luminance(rgb) > 0.21 ? DARK_INK : LIGHT_INK) : theme.faint);
    }
  }

  /** How much a place counts on this slice: 1 but in 3D. */
  share(place) {
    return this.window.ndim < 3 ? 1 : Math.max(0, 1 - Math.abs(place[0] - this.depth));
  }

  /** Show the point of a tap at its place. */
  place(number, place, isChosen) {
    const mark = this.marks[number];
    const look = [place, isChosen, this.depth].join();
    if (mark.look === look) return;
    mark.look = look;
    const { ring, arrow, head, point, parts } = mark;
    const lattice = this.window.lattice[number];
    const [[x, y], [fromX, fromY]] = [this.at(place), this.at(lattice)];
    const share = this.share(place);
    const shown = share > 0 || (isChosen && this.window.ndim === 3);
    for (const part of parts) part.setAttribute("transform", `translate(${x} ${y})`);
    parts[1].setAttribute("r", isChosen ? 0.17 : 0.11);
    point.setAttribute("class", isChosen ? "point chosen" : "point");
    point.style.display = shown ? "" : "none";
    point.style.opacity = 0.25 + 0.75 * share;
    ring.setAttribute("transform", `translate(${fromX} ${fromY})`);
    ring.style.display = this.share(lattice) === 1 ? "" : "none";
    ring.setAttribute("class", isChosen ? "chosen" : "");
    const way = [[fromX, fromY], ...this.knots(lattice[0], place[0]), [x, y]];
    const [beforeX, beforeY] = way.at(-2);
    const long = Math.hypot(x - beforeX, y - beforeY);
    const far = together(way.slice(1).map(([a, b], n) => Math.hypot(a - way[n][0], b - way[n][1])));
    for (const part of [arrow, head]) {
      part.style.display = shown && far > 0.24 ? "" : "none";
      part.style.opacity = 0.25 + 0.75 * share;
      part.classList.toggle("chosen", isChosen);
    }
    arrow.setAttribute("d", `M${way.map((at) => at.join(" ")).join("L")}`);
    const [along, aside] = long ? [(x - beforeX) / long, (y - beforeY) / long] : [1, 0];
    const back = isChosen ? 0.2 : 0.14;
    const [tipX, tipY] = [x - back * along, y - back * aside];
    const wing = (side) => `${tipX - 0.2 * along - side * 0.11 * aside} ${tipY - 0.2 * aside + side * 0.11 * along}`;
    head.setAttribute("d", far > 0.5 ? `M${tipX} ${tipY}L${wing(1)}L${wing(-1)}z` : "");
  }

  /** In 1D the arrow follows the curve: its elements on the way. */
  knots(start, end) {
    if (this.window.ndim > 1) return [];
    const found = [];
    for (let n = Math.ceil(Math.min(start, end)); n <= Math.max(start, end); n++) if (n !== start && n !== end) found.push(n);
    return (start < end ? found : found.reverse()).map((n) => this.at([n]));
  }

  /** Light the corners of the chosen point, each in its own colour. */
  light(corners, colours, place) {
    const mine = corners.filter(({ at }) => this.window.ndim < 3 || at[0] === this.depth);
    this.edges.forEach((frames, number) => {
      const corner = mine[number];
      const shown = corner && corner.weight > 0;
      for (const frame of frames) frame.style.display = shown ? "" : "none";
      if (!shown) return;
      const [y, x] = this.window.ndim === 1 ? [0, corner.at[0]] : corner.at.slice(-2);
      for (const frame of frames) {
        frame.setAttribute("x", x - 0.46);
        frame.setAttribute("y", y - 0.46);
      }
      frames[1].setAttribute("stroke", colours[number]);
    });
    const [x, y] = this.at(place);
    this.line.setAttribute("d", this.window.ndim === 1 ? `M${x} ${y}V-0.5` : "");
  }
}

// --- the square between the corners -----------------------------------------------------------------------------------

/** The elements around the chosen point, enlarged: the weight of each is the area opposite to it. */
class Loupe {
  constructor(window, parent) {
    this.window = window;
    this.high = window.ndim === 1 ? SIDE.line : SIDE.loupe;
    this.figure = html("figure", "deform-loupe", parent);
    this.caption = html("figcaption", "", this.figure);
    const [wide, room] = [SIDE.loupe, { x: 64, y: 36 }];
    const box = [-room.x, -room.y, wide + 2 * room.x, this.high + 2 * room.y];
    this.svg = svg("svg", { role: "img", viewBox: box.join(" ") }, this.figure);
    this.svg.style.width = `${box[2]}px`;
    this.areas = [0, 1, 2, 3].map(() => svg("rect", {}, this.svg));
    svg("rect", { class: "frame", width: wide, height: this.high }, this.svg);
    this.cross = svg("path", { class: "cross" }, this.svg);
    this.labels = product(window.ndim === 1 ? [[0], [0, 1]] : [[0, 1], [0, 1]]).map(([down, right]) => {
      const group = svg("g", { class: right ? "right" : "left" }, this.svg);
      const [x, y] = [right * wide, down * this.high];
      const out = right ? 9 : -9;
      const value = svg("text", { x: x + out, y: window.ndim === 1 ? this.high / 2 - 2 : y + 1, class: "value" }, group);
      const index = svg("text", { x: x + out, y: window.ndim === 1 ? this.high / 2 + 13 : y + 15, class: "index" }, group);
      const dot = svg("circle", { cx: x, cy: window.ndim === 1 ? this.high / 2 : y, r: 5 }, group);
      return { value, index, dot };
    });
    this.weights = [0, 1, 2, 3].map(() => svg("text", { class: "weight" }, this.svg));
    this.dot = svg("circle", { r: 6, class: "dot" }, this.svg);
  }

  /** Show the corners on this slice, which counts so much. */
  show(corners, place, colours, depth, share) {
    const { window, high } = this;
    const mine = corners.filter(({ at }) => window.ndim < 3 || at[0] === depth);
    const [down, right] = [window.ndim - 2, window.ndim - 1].map((axis) => (axis < 0 ? 0 : window.parts(axis, place[axis])[1][1]));
    this.caption.textContent = window.ndim === 1
      ? "Weight of an element: the length opposite"
      : `Weight of an element: the area opposite${window.ndim === 3 ? `, times ${word(share, 2)} for depth ${depth}` : ""}`;
    const [wide, x, y] = [SIDE.loupe, right * SIDE.loupe, window.ndim === 1 ? high / 2 : down * high];
    const words = [];
    product(window.ndim === 1 ? [[0], [0, 1]] : [[0, 1], [0, 1]]).forEach(([below, after], number) => {
      const { at, value, inside } = mine[number] || {};
      const area = [after ? 0 : x, window.ndim === 1 || below ? 0 : y, after ? x : wide - x, window.ndim === 1 ? high : below ? y : high - y];
      const part = (after ? right : 1 - right) * (window.ndim === 1 ? 1 : below ? down : 1 - down);
      const rect = this.areas[number];
      [rect.x.baseVal.value, rect.y.baseVal.value, rect.width.baseVal.value, rect.height.baseVal.value] = area;
      rect.setAttribute("fill", colours[number]);
      const weight = this.weights[number];
      weight.setAttribute("x", area[0] + area[2] / 2);
      weight.setAttribute("y", area[1] + area[3] / 2 + 4);
      weight.textContent = part ? word(part, 4) : "";
      weight.style.fontSize = area[2] < wide / 3 ? "10px" : "";
      const label = this.labels[number];
      label.dot.setAttribute("fill", colours[number]);
      label.value.textContent = at ? word(value, window.decimals) : "0";
      label.index.textContent = at ? (inside ? `at ${written(at.slice(-2))}` : "outside") : ""; // the caption says the depth
      if (at && part) words.push(`${word(part, 4)} of ${word(value, window.decimals)}`);
    });
    this.cross.setAttribute("d", window.ndim === 1 ? `M${x} 0V${high}` : `M${x} 0V${high}M0 ${y}H${wide}`);
    this.dot.setAttribute("transform", `translate(${x} ${y})`);
    this.svg.setAttribute("aria-label", words.join(", "));
  }
}

// --- the numbers of all taps ------------------------------------------------------------------------------------------

/** Numbers in the shape of the kernel, with a sign before them. */
class Table {
  constructor(parent, name, sign, kernelSize) {
    const both = html("div", "deform-term", parent);
    if (sign) html("div", "deform-sign", both, { "aria-hidden": true }).textContent = sign;
    const whole = html("div", `deform-${name}`, both);
    this.caption = html("div", "deform-caption", whole);
    const cells = html("div", "deform-cells", whole);
    cells.style.gridTemplateColumns = `repeat(${kernelSize.at(-1)}, auto)`;
    const count = kernelSize.reduce((all, size) => all * size, 1);
    const slice = kernelSize.length === 3 ? kernelSize[1] * kernelSize[2] : count;
    this.cells = Array.from({ length: count }, (_, tap) => {
      const below = tap >= slice && tap % slice < kernelSize.at(-1);
      return html("span", below ? "below" : "", cells, { "data-tap": tap });
    });
  }

  show(values, title, ramp, limit, chosen) {
    const look = [...values, limit, chosen, ...ramp].join();
    if (this.look === look) return;
    this.look = look;
    this.caption.textContent = title;
    values.forEach((value, tap) => {
      const rgb = onRamp(ramp, { scale: "signed", limit }, value);
      const cell = this.cells[tap];
      cell.textContent = word(value, 4);
      cell.style.background = `rgb(${rgb})`;
      cell.style.color = luminance(rgb) > 0.21 ? DARK_INK : LIGHT_INK;
      cell.classList.toggle("chosen", tap === chosen && values.length > 1);
    });
  }
}
