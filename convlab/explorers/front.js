// The place of an explorer on the page: the picture (picture.js), the buttons under it, and the words of the step.
// Pointing, stepping and playing happen here, in the browser alone; Python sends a scene and learns the step.

const SAVE_AFTER = 150; // milliseconds without a step before Python is told
const ICONS = {
  first: "M3 3h2v10H3zM13 3v10L6 8z",
  previous: "M10.8 2.5L5 8l5.8 5.5 1.4-1.4L8.1 8l4.1-4.1z",
  play: "M4 2.5v11L13 8z",
  pause: "M4 3h3v10H4zM9 3h3v10H9z",
  next: "M5.2 2.5L11 8l-5.8 5.5-1.4-1.4L7.9 8 3.8 3.9z",
  last: "M11 3h2v10h-2zM3 3v10l7-5z",
};
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/** One place on the page: the picture, the buttons under it, and the words of the step. */
class View {
  constructor(model, el) {
    this.model = model;
    this.root = html("div", "convlab-view", el, { role: "group" });
    this.message = html("div", "convlab-message", this.root, { role: "alert" });
    this.stage = html("div", "convlab-stage", this.root);
    this.canvas = svg("svg", { class: "convlab-picture", role: "img", tabindex: 0 }, this.stage);
    this.bar = html("div", "convlab-bar", this.root);
    this.buttons = {};
    for (const go of ["first", "previous", "play", "next", "last"]) {
      this.buttons[go] = html("button", "", this.bar, { type: "button", "data-go": go });
      svg("path", {}, svg("svg", { viewBox: "0 0 16 16", "aria-hidden": true }, this.buttons[go]));
      this.dress(go, go, go === "play" ? "play (space)" : `${go} step`);
      this.buttons[go].addEventListener("click", () => this.press(go));
    }
    const range = { type: "range", min: 0, title: "step", "aria-label": "step" };
    this.slider = html("input", "convlab-step", this.bar, range);
    this.slider.addEventListener("input", () => this.go(Number(this.slider.value)));
    this.counter = html("span", "convlab-counter", this.bar, { "aria-hidden": true });
    this.words = html("div", "convlab-words", this.root);
    this.now = html("div", "", this.words, { "aria-live": "polite" });
    this.title = html("div", "convlab-title", this.now);
    this.text = html("div", "convlab-text", this.now);
    this.longest = html("div", "convlab-longest", this.words, { "aria-hidden": true }); // keeps the height
    this.facts = html("div", "convlab-facts", this.root);
    this.offline = html("div", "convlab-offline", this.root);
    this.drawn = 0;
    this.listen();
    this.update();
  }

  listen() {
    const { canvas, model } = this;
    this.stop = [];
    canvas.addEventListener("pointermove", (event) => this.point(this.under(event)));
    canvas.addEventListener("pointerleave", () => this.point(null));
    this.stage.addEventListener("click", () => canvas.focus({ preventScroll: true })); // beside the picture, too
    canvas.addEventListener("click", (event) => {
      const [step] = this.picture.stepsAt.get(this.under(event)) || [];
      if (step !== undefined) this.go(step, { anchor: this.under(event) });
    });
    // JupyterLab takes arrow keys for itself: those of the picture, and those of the controls above it
    const keep = (event) => event.ctrlKey || event.metaKey || event.stopPropagation();
    this.root.addEventListener("keydown", (event) => {
      keep(event);
      if (event.target === canvas && this.key(event.key)) event.preventDefault();
    });
    this.changed = () => this.update();
    model.on("change", this.changed);
    const layout = model.get("layout"); // a model too: it knows whether there is a kernel
    this.hasKernel = () => layout?.comm_live !== false;
    layout?.on?.("comm_live_update", this.changed);
    this.stop.push(() => model.off("change", this.changed), () => layout?.off?.("comm_live_update", this.changed));
    if (model.get("beforehand") && !this.hasKernel()) {
      const beforehand = new Beforehand(model);
      this.stop.push(() => beforehand.close());
    }
    this.stop.push(watchTheme(() => this.themed()));
    const sized = new ResizeObserver(() => {
      this.root.closest(".widget-vbox")?.addEventListener("keydown", keep);
      this.resize();
    });
    sized.observe(this.root);
    this.stop.push(() => sized.disconnect(), () => this.pause());
  }

  close() {
    this.stop.forEach((action) => action());
  }

  /** Follow what Python, or another view of the same model, has changed. */
  update() {
    const [scene, message] = [this.model.get("scene"), this.model.get("message")];
    if (scene !== this.source || message !== this.refusal) {
      [this.source, this.refusal] = [scene, message];
      this.draw();
    } else if (this.picture && this.model.get("step") !== this.known) {
      this.go(this.model.get("step"), { tell: false });
    }
    this.known = this.model.get("step");
    this.facts.textContent = message ? "" : this.model.get("text");
    this.root.setAttribute("aria-label", this.model.get("label"));
    this.offline.textContent = this.hasKernel()
      ? "" : this.model.get("words") || "No Python here: pointing and stepping work, the settings need it.";
  }

  draw() {
    this.pause();
    const colours = this.colours();
    const hasPicture = Boolean(this.source) && !this.refusal;
    this.message.textContent = this.refusal;
    this.root.classList.toggle("convlab-refused", !hasPicture);
    if (!hasPicture) {
      this.picture = null;
      this.canvas.replaceChildren();
      delete this.root.dataset.step;
      return;
    }
    const scene = JSON.parse(this.source);
    this.picture = new Picture(scene, this.canvas);
    this.last = scene.steps.length - 1;
    this.bar.hidden = !this.last;
    this.slider.max = this.last;
    const height = (step) => step.text.split("\n").reduce((sum, line) => sum + 1 + Math.floor(line.length / 90), 0);
    const tallest = scene.steps.reduce((most, step) => (height(step) > height(most) ? step : most));
    this.longest.textContent = `.\n${tallest.text}`;
    this.anchor = this.pointed = null;
    this.isRevealing = false;
    this.fit();
    this.picture.paint(colours);
    this.go(Math.min(this.model.get("step"), this.last), { tell: false });
    this.root.dataset.steps = this.last + 1;
    this.root.dataset.drawn = ++this.drawn;
  }

  /** The picture in the width of its place. */
  fit() {
    this.width ||= this.stage.clientWidth;
    this.stage.style.minHeight = `${this.picture.fit(this.width || 700)}px`;
  }

  /** The place has another width, or has only now come onto the page. */
  resize() {
    const width = this.stage.clientWidth;
    if (!width || width === this.width) return;
    this.width = width;
    this.themed();
    if (this.picture) this.fit();
  }

  /** The colours of a theme; on the root, too, for the style sheet. */
  colours(found = this.root.dataset.theme || themeAt(this.root)) {
    const { roles, ramps, ...colours } = this.model.get("themes")[found];
    if (found !== this.root.dataset.theme) {
      this.root.dataset.theme = found;
      for (const key in colours) this.root.style.setProperty(`--${key}`, colours[key]);
      for (const role in roles) {
        for (const key in roles[role]) this.root.style.setProperty(`--${role}-${key}`, roles[role][key]);
      }
    }
    return { roles, ramps, ...colours };
  }

  /** The page may have another background. */
  themed() {
    const found = themeAt(this.root);
    if (found === this.root.dataset.theme) return;
    const colours = this.colours(found);
    if (!this.picture) return;
    this.picture.paint(colours);
    this.picture.light(...this.shown);
  }

  /** Show a step and stay there. */
  go(step, { tell = true, anchor = null, isPlaying = false } = {}) {
    if (!isPlaying) this.pause();
    this.isRevealing &&= isPlaying;
    this.step = Math.max(0, Math.min(step, this.last));
    this.anchor = anchor;
    this.slider.value = this.step;
    this.show(this.step);
    clearTimeout(this.saving);
    if (tell) this.saving = setTimeout(() => this.save(), SAVE_AFTER);
  }

  /** Tell the step to Python, and to other views. Until now the model keeps the old one: what Python repeats of it,
      which may come late, then changes nothing, and does not throw the reader back. */
  save() {
    this.known = this.step;
    this.model.set("step", this.step);
    if (this.hasKernel()) this.model.save_changes();
  }

  /** Show a step for as long as the pointer stays. */
  show(number, more = []) {
    const { picture, last } = this;
    const step = picture.scene.steps[number];
    const upTo = picture.scene.accumulates ? number : this.isRevealing ? this.step : last;
    picture.count(upTo);
    this.shown = [[...step.marks, ...more], step.links, step.points];
    picture.light(...this.shown);
    this.title.textContent = step.title;
    this.text.textContent = step.text;
    this.counter.textContent = `${number + 1} / ${last + 1}`;
    this.slider.setAttribute("aria-valuetext", step.title);
    this.canvas.setAttribute("aria-label", `${picture.scene.alt} Step ${number + 1} of ${last + 1}: ${step.title}.`);
    for (const [go, end] of [["first", 0], ["previous", 0], ["next", last], ["last", last]]) {
      this.buttons[go].ariaDisabled = this.step === end; // not disabled: it would lose the keyboard's focus
    }
    this.root.dataset.step = number;
  }

  /** The name of the cell under the pointer; null where there is none. */
  under({ target, clientX, clientY }) {
    if (target.dataset.cell) return target.dataset.cell;
    if (!target.dataset.image) return null;
    const grid = this.picture.grids.get(target.dataset.image);
    const box = target.getBoundingClientRect();
    const at = (place, start, length, count) => Math.min(count - 1, Math.floor(((place - start) / length) * count));
    return name(grid.name, at(clientY, box.top, box.height, grid.rows), at(clientX, box.left, box.width, grid.columns));
  }

  /** The pointer is on this cell: show its step, or where it is used. */
  point(key) {
    if (!this.picture || key === this.pointed) return;
    this.pointed = key;
    const [step] = (key && this.picture.stepsAt.get(key)) || [];
    if (step !== undefined) return this.show(step);
    const readers = key ? this.picture.stepsReading(key) : [];
    if (!readers.length) return this.show(this.step);
    const users = new Map(); // by grid: the cells of the steps that read this one
    for (const [grid, ...cell] of readers.flatMap((number) => this.picture.scene.steps[number].at)) {
      users.set(grid, [...(users.get(grid) || []), cell]);
    }
    const { grid, row, column } = this.picture.cells.get(key);
    const muted = [...users].map(([where, cells]) => ({ grid: where, role: "muted", cells, notes: [] }));
    this.show(this.step, [{ grid: grid.name, role: "read", cells: [[row, column]], notes: [] }, ...muted]);
  }

  /** A key on the picture; whether it means something. */
  key(pressed) {
    if (ARROWS[pressed]) this.move(...ARROWS[pressed]);
    else if (pressed === "Home" || pressed === "End") this.go(pressed === "Home" ? 0 : this.last);
    else if (pressed === " ") this.press("play");
    else return false;
    return true;
  }

  /** To the nearest step in a direction: by its cell; where no cell lies that way, to the next or the previous one. */
  move(right, down) {
    if (!this.picture) return;
    const { cells, stepsAt, scene } = this.picture;
    const first = scene.steps[this.step].at[0];
    const here = cells.get(this.anchor || (first && name(...first)));
    let [best, nearest, isOneRow] = [null, Infinity, true];
    for (const key of here ? stepsAt.keys() : []) {
      const cell = cells.get(key);
      const [x, y] = [cell.x - here.x, cell.y - here.y];
      const [along, aside] = [x * right + y * down, Math.abs(x * down) + Math.abs(y * right)];
      if (aside > 0.5 * here.grid.side) continue;
      if (along) isOneRow = false;
      if (along > 0 && along < nearest) [best, nearest] = [key, along];
    }
    if (best) this.go(stepsAt.get(best)[0], { anchor: best });
    else if (right || isOneRow) this.go(this.step + right + down);
  }

  press(go) {
    if (go === "play") return this.timer ? this.pause() : this.play();
    this.go({ first: 0, previous: this.step - 1, next: this.step + 1, last: this.last }[go]);
  }

  /** From step to step; numbers appear as they are computed where it begins with the first step. */
  play() {
    if (!this.picture || !this.last) return;
    if (this.step === this.last) this.go(0);
    this.isRevealing = this.step === 0;
    const slowest = matchMedia("(prefers-reduced-motion: reduce)").matches ? 1500 : 800;
    const wait = Math.max(slowest / 5, Math.min(slowest, 20000 / this.last));
    this.timer = setInterval(() => {
      this.go(this.step + 1, { isPlaying: true });
      if (this.step === this.last) this.pause();
    }, wait);
    this.now.setAttribute("aria-live", "off");
    this.dress("play", "pause", "pause (space)");
    this.show(this.step);
  }

  pause() {
    clearInterval(this.timer);
    if (this.timer) this.dress("play", "play", "play (space)");
    this.timer = null;
    this.now.setAttribute("aria-live", "polite");
  }

  dress(go, icon, title) {
    const button = this.buttons[go];
    button.querySelector("path").setAttribute("d", ICONS[icon]);
    Object.assign(button, { title, ariaLabel: title });
  }
}

export default {
  render({ model, el }) {
    const view = new View(model, el);
    return () => view.close();
  },
};
