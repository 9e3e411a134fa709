// What every front of an explorer needs of the page: elements of HTML, and whether the page is dark.

function html(name, className, parent, attributes = {}) {
  const node = document.createElement(name);
  node.className = className;
  for (const key in attributes) node.setAttribute(key, attributes[key]);
  if (parent) parent.append(node);
  return node;
}

/** "dark" or "light": by the nearest ancestor that has a background. */
function themeAt(node) {
  for (let at = node; at; at = at.parentElement) {
    const [r, g, b, alpha = 1] = (getComputedStyle(at).backgroundColor.match(/[\d.]+/g) || [0, 0, 0, 0]).map(Number);
    if (alpha > 0.5) return luminance([r, g, b]) < 0.2 ? "dark" : "light";
  }
  return "light";
}

/** Call this when the page may have another background: style sheets come late, readers change the theme. */
function watchTheme(themed) {
  const soon = () => requestAnimationFrame(themed);
  const late = () => { soon(); setTimeout(soon, 400); }; // style sheets may still be on their way
  const watch = new MutationObserver(late);
  [document.documentElement, document.body].forEach((node) => watch.observe(node, { attributes: true }));
  const preference = matchMedia("(prefers-color-scheme: dark)");
  preference.addEventListener("change", late);
  return () => {
    watch.disconnect();
    preference.removeEventListener("change", late);
  };
}
