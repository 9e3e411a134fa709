"""What convlab does for a notebook as a whole: its errors explained."""

from convlab.notebook.explain import explain_errors, load_ipython_extension, unload_ipython_extension

__all__ = ["explain_errors", "load_ipython_extension", "unload_ipython_extension"]
