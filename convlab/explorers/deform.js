// The points of one window of a deformable convolution, which the reader drags; deform_parts.js comes before it in the
// same module. Nothing is asked of Python while a point moves: it sent the two elements beside every quarter of an axis,
// with their weights; here they are looked up, multiplied and added.

const TOLD_AFTER = 150; // milliseconds without a move before Python is told
const MOVES = { // the axis, counted from the last one, and the way
  ArrowLeft: [1, -1], ArrowRight: [1, 1], ArrowUp: [2, -1], ArrowDown: [2, 1], PageUp: [3, -1], PageDown: [3, 1],
};
const HINT = "Drag a point, or move the chosen one with the arrow keys, a quarter of an element each (Shift: a whole one). "
  + "N and P: the next point and the one before.";

/** One place on the page: buttons, the input with the points, the square between the corners, and the sums. */
class Deform {
  constructor(model, el) {
    this.model = model;
    this.window = new Window(model.get("sampling"));
    const { ndim, taps } = this.window;
    this.root = html("div", "convlab-deform", el, { role: "group", "aria-label": "deform" });
    this.drawBar();
    this.stage = html("div", "deform-stage", this.root, { tabindex: 0, role: "group" });
    const two = ndim === 3 ? 2 : 1;
    this.planes = Array.from({ length: two }, () => new Plane(this.window, this.stage));
    this.loupes = Array.from({ length: two }, () => new Loupe(this.window, this.stage));
    const now = html("div", "deform-now", this.root, { "aria-live": "polite" });
    this.title = html("div", "convlab-title", now);
    this.text = html("div", "convlab-text", now);
    const sum = html("div", "deform-sum", this.root);
    this.tables = {
      read: new Table(sum, "read", "", this.window.kernel_size),
      weight: new Table(sum, "weight", "*", this.window.kernel_size),
      mask: this.window.masks && new Table(sum, "mask", "*", this.window.kernel_size),
      products: new Table(sum, "products", "=", this.window.kernel_size),
      output: new Table(sum, "output", "sum", [1]),
    };
    this.output = html("div", "lab-line", this.root);
    this.facts = html("div", "convlab-facts", this.root, { "aria-live": "polite" });
    html("div", "deform-hint", this.root).textContent = ndim === 3
      ? `${HINT} Page up and page down: through the slices.` : HINT;
    this.offline = html("div", "convlab-offline", this.root);
    this.known = {};
    this.chosen = 0;
    this.offsets = taps.map(() => Array(ndim).fill(0));
    this.theme = this.model.get("themes").light;
    this.listen();
    this.update();
    this.drawn = 0;
    this.themed();
  }

  drawBar() {
    const bar = html("div", "deform-bar", this.root);
    const label = html("label", "", bar);
    label.append("point ");
    this.list = html("select", "", label);
    this.window.taps.forEach((tap, number) => {
      html("option", "", this.list, { value: number }).textContent = `tap ${written(tap)}`;
    });
    this.list.addEventListener("change", () => this.choose(Number(this.list.value)));
    const button = (text, title, act) => {
      const made = html("button", "", bar, { type: "button", title });
      made.textContent = text;
      made.addEventListener("click", act);
      return made;
    };
    if (this.window.taps.length > 1) button("next point", "choose the next point (N)", () => this.next(1));
    this.buttons = this.window.patterns.map(({ name, words, offsets }) => button(name, words, () => this.take(offsets)));
    const all = html("label", "", bar, { title: "what moves one point moves all of them" });
    this.all = html("input", "", all, { type: "checkbox" });
    all.append(" move all together");
    this.all.addEventListener("change", () => this.say());
    if (this.window.ndim < 3) return;
    const depth = html("label", "deform-depth", bar);
    depth.append("depth ");
    const range = { type: "range", min: this.window.low[0], max: this.window.high[0], step: 1 / QUARTERS };
    this.depth = html("input", "", depth, range);
    this.depth.addEventListener("input", () => this.moveTo([Number(this.depth.value), ...this.place().slice(1)]));
  }

  listen() {
    const { model, stage, root } = this;
    root.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      event.stopPropagation(); // JupyterLab takes keys for itself
      if (event.target === stage && this.key(event)) event.preventDefault();
    });
    root.addEventListener("click", ({ target }) => {
      if (target.matches("span[data-tap]") && !target.closest(".deform-output")) this.choose(Number(target.dataset.tap));
    });
    for (const plane of this.planes) {
      plane.points.addEventListener("pointerdown", (event) => this.grab(plane, event));
      plane.svg.addEventListener("pointermove", (event) => this.drag(plane, event));
      for (const end of ["pointerup", "pointercancel"]) plane.svg.addEventListener(end, () => { this.held = null; });
    }
    this.changed = () => this.update();
    model.on("change", this.changed);
    const layout = model.get("layout"); // a model too: it knows whether there is a kernel
    this.hasKernel = () => layout?.comm_live !== false;
    layout?.on?.("comm_live_update", this.changed);
    const unwatch = watchTheme(() => this.themed());
    const attached = new ResizeObserver(() => this.themed()); // it stands on its page only now
    attached.observe(root);
    this.close = () => {
      model.off("change", this.changed);
      layout?.off?.("comm_live_update", this.changed);
      unwatch();
      attached.disconnect();
      clearTimeout(this.saving);
    };
  }

  /** Follow what Python, or another view of the same model, has changed. */
  update() {
    let isNew = false;
    for (const name of ["offsets", "chosen"]) {
      const told = JSON.stringify(this.model.get(name));
      if (told !== this.known[name]) {
        this[name] = JSON.parse(told);
        isNew = true;
      }
      this.known[name] = told;
    }
    this.chosen = Math.max(0, Math.min(this.chosen, this.window.taps.length - 1));
    this.offline.textContent = this.hasKernel()
      ? "" : "No Python here: the points move all the same, but Python does not learn of it.";
    if (!isNew) return;
    clearTimeout(this.saving);
    this.show();
  }

  /** Tell Python, and other views, where the points stand; `known` so that what is repeated late changes nothing. */
  save() {
    for (const name of ["chosen", "offsets"]) {
      this.known[name] = JSON.stringify(this[name]);
      this.model.set(name, JSON.parse(this.known[name]));
    }
    if (this.hasKernel()) this.model.save_changes();
  }

  tell() {
    this.show();
    clearTimeout(this.saving);
    this.saving = setTimeout(() => this.save(), TOLD_AFTER);
  }

  /** Where the point of a tap stands. */
  place(tap = this.chosen) {
    return this.window.lattice[tap].map((i, axis) => i + this.offsets[tap][axis]);
  }

  // --- moving

  choose(tap) {
    if (tap === this.chosen) return;
    this.chosen = tap;
    this.tell();
  }

  next(step) {
    const count = this.window.taps.length;
    this.choose((this.chosen + step + count) % count);
  }

  take(offsets) {
    this.offsets = JSON.parse(JSON.stringify(offsets));
    this.tell();
  }

  /** The chosen point to a place, or as near as it can go; all of them by the same way where they move together. */
  moveTo(wanted) {
    const { window } = this;
    const place = this.place();
    const way = wanted.map((to, axis) => window.snapped(to, axis) - place[axis]);
    if (!way.some(Boolean)) return;
    this.offsets = this.offsets.map((offset, tap) => (tap === this.chosen || this.all.checked
      ? this.place(tap).map((at, axis) => window.snapped(at + way[axis], axis) - window.lattice[tap][axis]) : offset));
    this.tell();
  }

  /** A key on the picture; whether it means something. */
  key({ key, shiftKey }) {
    const letter = key.toLowerCase();
    if (letter === "n" || letter === "p") this.next(letter === "n" ? 1 : -1);
    else {
      const [fromLast, way] = MOVES[key] || [Infinity];
      if (fromLast > this.window.ndim) return false;
      const place = this.place();
      place[this.window.ndim - fromLast] += shiftKey ? way : way / QUARTERS;
      this.moveTo(place);
    }
    return true;
  }

  grab(plane, event) {
    const tap = Number(event.target.closest("[data-tap]").dataset.tap);
    event.preventDefault();
    this.stage.focus({ preventScroll: true });
    plane.svg.setPointerCapture(event.pointerId);
    this.choose(tap);
    const [x, y] = plane.at(this.place());
    const [atX, atY] = this.under(plane, event);
    this.held = { plane, x: x - atX, y: y - atY };
  }

  drag(plane, event) {
    if (this.held?.plane !== plane) return;
    const [x, y] = this.under(plane, event);
    const { ndim } = this.window;
    this.moveTo([this.place()[0], y + this.held.y, x + this.held.x].slice(-ndim));
  }

  /** Where the pointer is, in elements. */
  under(plane, { clientX, clientY }) {
    const { x, y } = new DOMPoint(clientX, clientY).matrixTransform(plane.svg.getScreenCTM().inverse());
    return [x, y];
  }

  // --- showing

  /** The page may have another background. */
  themed() {
    const found = themeAt(this.root);
    if (found === this.root.dataset.theme) return;
    this.theme = this.model.get("themes")[found];
    this.root.dataset.theme = found;
    for (const key of ["page", "ink", "faint", "line", "frame", "lit", "padding"]) {
      this.root.style.setProperty(`--${key}`, this.theme[key]);
    }
    const { read, written: made, weight } = this.theme.roles;
    this.colours = [read.outline, made.outline, weight.outline, this.theme.ramps.signed[0]];
    for (const role in this.theme.roles) {
      this.root.style.setProperty(`--${role}-outline`, this.theme.roles[role].outline);
    }
    this.painted = null;
    this.show();
    this.root.dataset.drawn = ++this.drawn;
  }

  /** The two slices beside the chosen point in 3D; otherwise there is one plane. */
  slices() {
    if (this.window.ndim < 3) return [0];
    const before = Math.min(Math.floor(this.place()[0]), this.window.high[0] - 1);
    return [before, before + 1];
  }

  show() {
    if (!this.colours) return; // not yet on its page
    const { window, chosen, planes, loupes, colours } = this;
    const place = this.place();
    const corners = window.corners(place);
    const slices = this.slices();
    if (this.painted !== slices[0]) planes.forEach((plane, number) => plane.paint(this.theme, slices[number]));
    this.painted = slices[0];
    planes.forEach((plane, number) => {
      const share = plane.share(place);
      plane.caption.textContent = window.ndim < 3 ? "input, and zeros around it"
        : `input, depth ${slices[number]}${this.isOutside(slices[number]) ? " (outside)" : ""}: weight ${word(share, 2)}`;
      plane.svg.setAttribute("aria-label", `${plane.caption.textContent}. ${this.pointInWords()}`);
      window.taps.forEach((_, tap) => plane.place(tap, this.place(tap), tap === chosen));
      plane.light(corners, colours, place);
      loupes[number].show(corners, place, colours, slices[number], share);
    });
    this.list.value = chosen;
    if (this.depth) {
      [this.depth.value, this.depth.ariaValueText] = [place[0], word(place[0], 2)];
    }
    this.say(corners);
  }

  isOutside(depth) {
    return depth < 0 || depth >= this.window.input_size[0];
  }

  pointInWords() {
    const { window, chosen } = this;
    return `tap ${written(window.taps[chosen])}: lattice ${written(window.lattice[chosen])} + offset ${
      written(this.offsets[chosen])} = ${written(this.place())}`;
  }

  /** The words and the sums. */
  say(corners = this.window.corners(this.place())) {
    const { window, chosen, tables, theme } = this;
    const total = together(corners.map(({ weight, value }) => weight * value));
    const used = corners.filter(({ weight }) => weight > 0);
    const lost = used.filter(({ inside }) => !inside).length;
    const outside = !lost ? "" : lost === used.length
      ? "It lies outside the input, where everything is zero."
      : `${lost} of the ${used.length} elements around it ${lost === 1 ? "lies" : "lie"} outside the input, where everything is zero.`;
    this.title.textContent = this.pointInWords();
    const terms = corners.map(({ weight, value }) => `${factor(weight, 6)}*${factor(value, 4)}`);
    this.text.textContent = `${terms.join(" + ")} = ${word(total, 4)}\n${outside}`;
    this.stage.setAttribute("aria-label", `${this.pointInWords()}, reads ${word(total, 4)}`);
    const read = window.taps.map((_, tap) => window.read(this.place(tap)));
    const masks = window.masks || read.map(() => 1);
    const products = read.map((value, tap) => window.weights[tap] * masks[tap] * value);
    const output = together(products);
    const ramp = theme.ramps.signed;
    const most = (values) => Math.max(...values.map(Math.abs)) || 1;
    const name = `output ${written(window.output_index)}`;
    tables.read.show(read, "read at the points", ramp, window.limit, chosen);
    tables.weight.show(window.weights, "weight", ramp, most(window.weights), chosen);
    tables.mask?.show(masks, "mask", ramp, most(masks), chosen);
    tables.products.show(products, "products", ramp, most(window.weights) * most(masks) * window.limit, chosen);
    tables.output.show([output], name, ramp, most([output]), -1);
    const count = products.length;
    const made = count === 1 ? " =" : `: the ${count} products add to`;
    this.output.textContent = `${name}${made} ${word(output, 4)}`;
    const now = JSON.stringify(this.offsets);
    const pattern = window.patterns.find(({ offsets }) => JSON.stringify(offsets) === now);
    window.patterns.forEach((one, number) => this.buttons[number].setAttribute("aria-pressed", one === pattern));
    this.facts.textContent = `${pattern?.words || "Offsets of your own."}${this.all.checked ? " The points move together." : ""}`;
    Object.assign(this.root.dataset, { chosen, value: total, output, place: JSON.stringify(this.place()), offsets: now });
  }
}

export default {
  render({ model, el }) {
    const view = new Deform(model, el);
    return () => view.close();
  },
};
