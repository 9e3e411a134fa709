"""Ways to break an explorer that is shown, each of which a check must find. They run in the page, on its output."""

NEVER_FOLLOWS = "area => { const e = area.querySelector('svg[role=img]'); e.replaceWith(e.cloneNode(true)); }"
"""Another picture stands in the place of the one that follows."""

CELLS_STAY = """area => { const first = [...area.querySelectorAll('[data-role]')].map(e => [e, e.dataset.role]);
    new MutationObserver(() => {
        area.querySelectorAll('[data-role]').forEach(e => e.removeAttribute('data-role'));
        first.forEach(([e, role]) => { e.dataset.role = role; });
    }).observe(area.querySelector('.convlab-view'), { attributes: true, attributeFilter: ['data-step'] }); }"""

WORDS_STAY = """area => ['.convlab-title', '.convlab-text'].forEach(
    s => { const e = area.querySelector(s); e.replaceWith(e.cloneNode(true)); })"""

WRONG_SUMS = """area => { const text = area.querySelector('.convlab-text');
    new MutationObserver(() => {
        if (!text.textContent.endsWith('= 999')) text.textContent = text.textContent.replace(/= .*/, '= 999');
    }).observe(text, { childList: true, characterData: true, subtree: true }); }"""

NO_SUMS = "area => area.querySelector('.convlab-text').remove()"

NO_KEYS = """area => window.addEventListener('keydown',
    e => { if (e.target.closest('.convlab-view') && !e.target.matches('input') && e.key !== 'Tab') {
        e.stopImmediatePropagation(); e.preventDefault(); } }, true)"""

NO_ARROWS = """area => window.addEventListener('keydown',
    e => { if (e.target.matches('svg') && e.key.startsWith('Arrow')) e.stopImmediatePropagation(); }, true)"""

NO_BUTTON = "area => { const e = area.querySelector('[data-go=next]'); e.replaceWith(e.cloneNode(true)); }"

SLIDER_STAYS = "area => { const e = area.querySelector('input.convlab-step'); e.replaceWith(e.cloneNode(true)); }"

NO_POINTER = """area => ['pointermove', 'pointerover', 'pointerenter', 'mousemove', 'mouseover'].forEach(
    kind => window.addEventListener(kind, e => e.stopImmediatePropagation(), true))"""

POINTER_STAYS = """area => ['pointerleave', 'pointerout', 'mouseleave', 'mouseout'].forEach(
    kind => window.addEventListener(kind, e => e.stopImmediatePropagation(), true))"""

NOTHING_LIT = """area => setInterval(
    () => area.querySelectorAll('[data-role]').forEach(e => e.removeAttribute('data-role')), 1)"""

NO_ALT_TEXT = "area => area.querySelector('svg[role=img]').removeAttribute('aria-label')"

NO_PICTURE = "area => area.querySelector('svg[role=img]').remove()"

NO_TITLE = "area => { area.querySelector('.convlab-title').textContent = ''; }"

NO_NAME = """area => { const e = area.querySelector('[data-go=next]'); e.removeAttribute('aria-label');
    e.removeAttribute('title'); }"""

NO_LABEL = "area => area.querySelectorAll('label').forEach(e => e.remove())"

NOT_REACHABLE = "area => { area.querySelector('svg[role=img]').tabIndex = -1; }"

FIELD_NOT_REACHABLE = "area => { area.querySelector('select, input[type=number]').tabIndex = -1; }"

TRAP = """area => area.querySelector('input[type=number]').addEventListener('keydown',
    e => { if (e.key === 'Tab') e.preventDefault(); })"""

NO_FOCUS_RING = """area => { const e = document.createElement('style');
    e.textContent = '* { outline: none !important; box-shadow: none !important; border: none !important }';
    document.head.append(e); }"""

CUT_OFF = "area => { area.querySelector('svg[role=img]').setAttribute('viewBox', '0.5 0.5 2 2'); }"

TOO_WIDE = "area => { area.querySelector('svg[role=img]').style.cssText += 'width: 1500px; max-width: none'; }"

ASKS_THE_NETWORK = "area => { new Image().src = 'http://192.0.2.1/a.png'; }"

ASKS_BY_NAME = "area => fetch('https://example.org/a.js').catch(() => 0)"

OPENS_A_SOCKET = "area => { new WebSocket('wss://example.org/'); }"

COMPLAINS = "area => console.error('a defect')"

RAISES = "area => { setTimeout(() => { throw new Error('a defect'); }); }"

CONTROLS_DEAD = """area => ['input', 'change', 'keydown', 'keyup'].forEach(kind => area.addEventListener(
    kind, e => { if (!e.target.closest('.convlab-view')) e.stopImmediatePropagation(); }, true))"""
