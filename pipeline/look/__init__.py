"""The one look: templates, styles, number formats and pictures of every page that the program writes.

Belongs here: how a page looks (``base.html.j2``, ``parts.html.j2``, ``style.css``), how numbers are written in
Indonesian and English, and pictures from frames. Not here: which figures a page shows (the stage's own ``page.py``).

``numbers.py`` number formats · ``words.py`` texts in two languages · ``drawing.py`` shapes, as SVG ·
``charts.py`` bars, columns, dots, curves, timelines · ``limits.py`` funnel plots · ``waterfall.py`` weights of a pair ·
``page.py`` templates and figures. Pages need no script and nothing from outside.
"""
