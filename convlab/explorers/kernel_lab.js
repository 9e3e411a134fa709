// The kernel lab in the browser: two pictures, and the sum of products behind the pixel at which the reader points.
// It needs no kernel and no network: the numbers of both pictures travel with the model.

const make = (parent, tag, className = "", attributes = {}) => {
  const made = parent.appendChild(document.createElement(tag));
  if (className) made.className = className;
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
};

const floats = (view) => new Float32Array(view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength));

const between = (value, low, high) => Math.min(Math.max(value, low), high);

// A number as the reader sees it: at most `digits` digits after the point, no zeros at the end, no "-0".
const word = (value, digits = 2) => {
  const text = value.toFixed(digits).replace(/\.?0+$/, "");
  return text === "-0" ? "0" : text;
};

const bytes = (colour) => [1, 3, 5].map((start) => parseInt(colour.slice(start, start + 2), 16));

const SHADES = 512; // of a ramp, for pictures: one is looked up for each pixel

// The shades of a ramp as pixels of a canvas: red, green, blue and no transparency in one number.
const shadesOf = (ramp) => {
  const channels = Array.from({ length: SHADES }, (_, number) => [...mixed(ramp, number / (SHADES - 1)), 255]);
  return new Uint32Array(new Uint8ClampedArray(channels.flat()).buffer);
};

// Red, green and blue at this place, from 0 to 1, of a ramp of colours at equal distances.
const mixed = (ramp, place) => {
  const along = between(place, 0, 1) * (ramp.length - 1);
  const before = Math.min(Math.floor(along), ramp.length - 2);
  return ramp[before].map((start, channel) => Math.round(start + (ramp[before + 1][channel] - start) * (along - before)));
};

const luminance = (rgb) => {
  const [red, green, blue] = rgb.map((byte) => (byte <= 10 ? byte / 3295 : ((byte / 255 + 0.055) / 1.055) ** 2.4));
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
};

// Whether the page behind this element is dark: by the nearest background that is not transparent.
const isDark = (element) => {
  for (let here = element; here; here = here.parentElement) {
    const parts = (getComputedStyle(here).backgroundColor.match(/[\d.]+/g) || []).map(Number);
    if (parts.length === 3 || parts[3] > 0.5) return luminance(parts.slice(0, 3)) < 0.18;
  }
  return false;
};

// A picture with its caption, and a box that can be laid over some of its pixels.
const picture = (parent, name) => {
  const figure = make(parent, "figure", `lab-${name}`);
  const caption = make(figure, "figcaption");
  const frame = make(figure, "div", "lab-frame");
  const canvas = make(frame, "canvas", "", { role: "img" });
  const box = make(frame, "div", "lab-box");
  return { figure, caption, frame, canvas, box };
};

// Numbers in a small table, made anew when their number changes and otherwise only written again.
const table = (parent, name) => {
  const both = make(parent, "div", "lab-term");
  const before = make(both, "div", "lab-sign");
  const whole = make(both, "div", `lab-${name}`);
  const caption = make(whole, "div", "lab-caption");
  const grid = make(whole, "div", "lab-cells");
  let cells = [];
  return (size, values, title, colourOf, sign = "") => {
    before.textContent = sign;
    caption.textContent = title;
    if (cells.length !== values.length) {
      grid.replaceChildren();
      grid.style.gridTemplateColumns = `repeat(${size}, auto)`;
      cells = values.map(() => make(grid, "span"));
    }
    values.forEach((value, number) => {
      const colour = colourOf(value);
      cells[number].textContent = word(value);
      cells[number].style.background = `rgb(${colour.join(" ")})`;
      cells[number].style.color = luminance(colour) > 0.18 ? "#000000" : "#ffffff";
    });
  };
};

function render({ model, el }) {
  const root = make(el, "div", "convlab-lab");
  const pictures = make(root, "div", "lab-pictures");
  const photo = picture(pictures, "photo");
  const result = picture(pictures, "result");
  result.frame.tabIndex = 0;
  result.frame.setAttribute("role", "group");
  result.frame.setAttribute("aria-label", "pixels of the result: point at one, or move with the arrow keys");
  result.frame.title = "Point at a pixel, or move with the arrow keys (with Shift: ten pixels)";
  const legend = make(result.figure, "div", "lab-legend", { "aria-hidden": "true" });
  const bar = make(legend, "div", "lab-bar");
  const ends = make(legend, "div", "lab-ends");
  const sum = make(root, "div", "lab-sum");
  const showWindow = table(sum, "window");
  const showTaps = table(sum, "taps");
  const showProducts = table(sum, "products");
  const showTotal = table(sum, "total");
  const line = make(root, "div", "lab-line", { "aria-live": "polite" });
  const text = make(root, "div", "lab-text");
  const offline = make(root, "div", "convlab-offline");

  let now = {}; // what the model says, unpacked
  let colours = {}; // the ramps of the theme in use
  let row = 0;
  let column = 0;

  const read = () => {
    const [height, width] = model.get("shape");
    const taps = model.get("taps");
    const size = taps.length;
    now = { height, width, size, taps: taps.flat(), photo: floats(model.get("photo")), result: floats(model.get("result")) };
    now.rows = height - size + 1;
    now.columns = width - size + 1;
    now.divisor = model.get("divisor");
    now.limit = model.get("limit");
    [now.low, now.high] = model.get("brightness");
    [row, column] = model.get("pixel");
    row = between(row, 0, now.rows - 1);
    column = between(column, 0, now.columns - 1);
  };

  const grey = (value) => mixed(colours.grey, (value - now.low) / (now.high - now.low));
  const signed = (limit) => (value) => mixed(colours.signed, (value / limit + 1) / 2);
  const ofResult = (value) => (now.limit ? signed(now.limit)(value) : grey(value));

  // Numbers from `low` to `high` as a picture.
  const paint = ({ canvas, caption, frame }, values, height, width, name, ramp, low, high) => {
    canvas.width = width;
    canvas.height = height;
    canvas.setAttribute("aria-label", model.get(`${name}_alt`));
    caption.textContent = `${name}: H = ${height}, W = ${width}`;
    frame.style.aspectRatio = `${width} / ${height}`;
    const pixels = new Uint32Array(values.length);
    const scale = (SHADES - 1) / (high - low);
    for (let number = 0; number < values.length; number++) {
      pixels[number] = ramp[Math.round(between((values[number] - low) * scale, 0, SHADES - 1))];
    }
    canvas.getContext("2d").putImageData(new ImageData(new Uint8ClampedArray(pixels.buffer), width, height), 0, 0);
  };

  const place = (box, top, left, tall, wide, height, width) => {
    box.style.top = `${(100 * top) / height}%`;
    box.style.left = `${(100 * left) / width}%`;
    box.style.height = `${(100 * tall) / height}%`;
    box.style.width = `${(100 * wide) / width}%`;
  };

  // The pixel of the result at which the reader points, and what it comes from.
  const point = () => {
    const { size, taps } = now;
    const window = taps.map((_, n) => now.photo[(row + Math.floor(n / size)) * now.width + column + (n % size)]);
    const products = window.map((value, number) => value * taps[number]);
    const total = products.reduce((before, product) => before + product, 0);
    const value = now.result[row * now.columns + column];
    place(photo.box, row, column, size, size, now.height, now.width);
    place(result.box, row, column, 1, 1, now.rows, now.columns);
    const largest = Math.max(...taps.map(Math.abs)) || 1;
    showWindow(size, window, `photo[${row}:${row + size}, ${column}:${column + size}]`, grey);
    showTaps(size, taps, "taps", signed(largest), "*");
    showProducts(size, products, "products", signed(largest * Math.max(Math.abs(now.low), Math.abs(now.high))), "=");
    showTotal(1, [value], `result[${row}, ${column}]`, ofResult, now.divisor === 1 ? "sum" : `sum / ${word(now.divisor)}`);
    const divided = now.divisor === 1 ? "" : `, divided by ${word(now.divisor)}: ${word(value, 3)}`;
    line.textContent = `result[${row}, ${column}]: the ${size * size} products add to ${word(total, 3)}${divided}`;
    Object.assign(root.dataset, { row, column, sum: total / now.divisor, result: value });
  };

  const draw = () => {
    const theme = model.get("themes")[isDark(el) ? "dark" : "light"];
    colours = { signed: theme.ramps.signed.map(bytes), grey: theme.ramps.grey.map(bytes) };
    root.dataset.theme = theme.name;
    for (const role of ["read", "weight", "written"]) root.style.setProperty(`--convlab-${role}`, theme.roles[role].outline);
    for (const name of ["ink", "faint", "line", "frame", "page"]) root.style.setProperty(`--convlab-${name}`, theme[name]);
    const inGrey = [shadesOf(colours.grey), now.low, now.high];
    const inColour = [shadesOf(colours.signed), -now.limit, now.limit];
    paint(photo, now.photo, now.height, now.width, "photo", ...inGrey);
    paint(result, now.result, now.rows, now.columns, "result", ...(now.limit ? inColour : inGrey));
    bar.style.background = `linear-gradient(to right, ${theme.ramps[now.limit ? "signed" : "grey"].join(", ")})`;
    const limits = now.limit ? [-now.limit, 0, now.limit] : [now.low, now.high];
    ends.replaceChildren(...limits.map((limit) => Object.assign(document.createElement("span"), { textContent: word(limit) })));
    text.replaceChildren(...model.get("text").split("\n").map((words) => Object.assign(document.createElement("p"), { textContent: words })));
    point();
    root.dataset.drawn = Number(root.dataset.drawn || 0) + 1;
  };

  let later = 0; // the pixel is told to the model only when the pointer rests
  const moveTo = (newRow, newColumn) => {
    newRow = between(newRow, 0, now.rows - 1);
    newColumn = between(newColumn, 0, now.columns - 1);
    if (newRow === row && newColumn === column) return;
    [row, column] = [newRow, newColumn];
    point();
    clearTimeout(later);
    later = setTimeout(() => {
      model.set("pixel", [row, column]);
      if (layout?.comm_live !== false) model.save_changes();
    }, 300);
  };

  const follow = ({ canvas }, before) => (event) => {
    const place = canvas.getBoundingClientRect();
    moveTo(
      Math.floor(((event.clientY - place.top) / place.height) * canvas.height) - before(),
      Math.floor(((event.clientX - place.left) / place.width) * canvas.width) - before(),
    );
  };
  result.frame.addEventListener("pointermove", follow(result, () => 0));
  result.frame.addEventListener("pointerdown", follow(result, () => 0));
  photo.frame.addEventListener("pointermove", follow(photo, () => (now.size - 1) / 2)); // the window around the pointer

  const moves = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
  result.frame.addEventListener("keydown", (event) => {
    const move = moves[event.key];
    if (!move) return;
    event.preventDefault();
    event.stopPropagation(); // else JupyterLab moves to another cell
    const far = event.shiftKey ? 10 : 1;
    moveTo(row + far * move[0], column + far * move[1]);
  });

  // Without a kernel the settings do nothing. The model of the layout knows: its line to Python is dead.
  const layout = model.get("layout");
  const note = () => {
    offline.textContent = layout?.comm_live === false ? "No Python here: pointing works, the settings need it." : "";
  };
  layout?.on?.("comm_live_update", note);

  let planned = false; // several traits arrive together: one picture
  const changed = () => {
    if (planned) return;
    planned = true;
    queueMicrotask(() => {
      planned = false;
      read();
      draw();
    });
  };
  const told = ["photo", "result", "taps", "text", "themes"].map((name) => `change:${name}`).join(" ");
  model.on(told, changed);
  const watcher = new MutationObserver(() => isDark(el) === (root.dataset.theme === "dark") || draw());
  for (const watched of [document.documentElement, document.body]) {
    watcher.observe(watched, { attributes: true, attributeFilter: ["class", "style", "data-jp-theme-light", "data-theme"] });
  }
  const keep = (event) => event.stopPropagation(); // else JupyterLab takes the arrow keys of the controls above
  const attached = new ResizeObserver(() => root.closest(".widget-vbox")?.addEventListener("keydown", keep));
  attached.observe(root);
  note();
  read();
  draw();
  const late = requestAnimationFrame(draw); // once more when it stands on its page, with its background
  return () => {
    watcher.disconnect();
    attached.disconnect();
    clearTimeout(later);
    cancelAnimationFrame(late);
    model.off(told, changed);
    layout?.off?.("comm_live_update", note);
  };
}

export default { render };
