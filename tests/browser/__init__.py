"""The explorers in a real browser: in JupyterLab with a kernel, and in an exported page without one.

`chromium` starts the browser and notes what a page must not do, `jupyter` opens notebooks in JupyterLab, `pages`
exports them, `checks` and `controls` look for faults in an explorer that is shown, `latency` measures, `damage` breaks
an explorer in ways that the checks must find. A check returns its findings as sentences; none means that all is well.
"""
