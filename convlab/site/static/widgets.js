// Where the page finds the module of the explorers: beside this file, and not on another machine.
require.config({ paths: { anywidget: new URL("anywidget", document.currentScript.src).href } });

// Widgets ask for formulas in their labels as an older MathJax wants it; no label of the course has one.
addEventListener("load", () => {
  if (window.MathJax) window.MathJax.Hub = { Queue() {} };
});
