// The maps of a page, written in the language of mermaid: drawn in the colours of the page, and again when those change.
addEventListener("DOMContentLoaded", () => {
  const maps = [...document.querySelectorAll("pre.mermaid")].map((node) => [node, node.textContent]);
  const draw = () => {
    const theme = document.documentElement.dataset.theme === "dark" ? "dark" : "neutral";
    window.mermaid.initialize({ startOnLoad: false, theme });
    for (const [node, source] of maps) {
      node.textContent = source;
      node.removeAttribute("data-processed");
    }
    window.mermaid.run({ nodes: maps.map(([node]) => node) });
  };
  draw();
  new MutationObserver(draw).observe(document.documentElement, { attributeFilter: ["data-theme"] });
});
