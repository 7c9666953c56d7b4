// Rules of WCAG 2.2 that a script can check. The value of this expression is the list of what is
// broken.
(() => {
	const broken = [];
	const seen = (e) => {
		const r = e.getBoundingClientRect(), s = getComputedStyle(e);
		return r.width > 0 && r.height > 0 && s.visibility == "visible" && e.checkVisibility(); // closed details have a size, too
	};
	const say = (rule, e, why) => broken.push(`${rule}: ${why}${e ? " in " + e.outerHTML.replace(/\s+/g, " ").slice(0, 120) : ""}`);
	const all = (selector) => [...document.querySelectorAll(selector)];

	// 3.1.1 language, 2.4.2 title, 1.4.4 zoom
	if (!document.documentElement.lang) say("lang", null, "the page names no language");
	if (!document.title.trim()) say("title", null, "the page has no title");
	const viewport = document.querySelector("meta[name=viewport]");
	if (!viewport || /user-scalable=no|maximum-scale/.test(viewport.content)) say("viewport", null, "the page cannot be zoomed on a phone");

	// 1.3.1 landmarks and headings
	if (all("main").length != 1) say("main", null, "there must be one main");
	if (all("h1").filter(seen).length != 1) say("h1", null, "there must be one h1");
	let level = 0;
	for (const h of all("h1, h2, h3, h4, h5, h6").filter(seen)) {
		const now = Number(h.tagName[1]);
		if (now > level + 1) say("heading", h, `level ${now} follows level ${level}`);
		level = now;
	}

	// 1.1.1 alternatives, 4.1.2 names
	for (const e of all("img")) if (!e.hasAttribute("alt")) say("alt", e, "no alt");
	for (const e of all("iframe")) if (!e.title) say("frame", e, "no title");
	const name = (e) => (e.getAttribute("aria-label") || e.innerText || [...e.querySelectorAll("img")].map((i) => i.alt).join("")).trim();
	for (const e of all("a[href], button, summary").filter(seen)) if (!name(e)) say("name", e, "no name");
	for (const e of all("input:not([type=hidden]), select, textarea")) {
		if (!e.labels.length && !e.getAttribute("aria-label")) say("label", e, "no label");
	}
	for (const e of all("nav, aside")) if (!e.getAttribute("aria-label")) say("landmark", e, "no name");

	// 4.1.1 ids, and what refers to them
	const ids = new Set();
	for (const e of all("[id]")) {
		if (ids.has(e.id)) say("id", e, "not the only one");
		ids.add(e.id);
	}
	for (const a of ["aria-labelledby", "aria-describedby", "for"]) {
		for (const e of all(`[${a}]`)) if (!ids.has(e.getAttribute(a))) say("reference", e, `${a} leads nowhere`);
	}

	// 2.4.3 order of focus
	for (const e of all("[tabindex]")) if (e.tabIndex > 0) say("tabindex", e, "above zero");

	// 1.4.10 reflow
	if (document.documentElement.scrollWidth > innerWidth + 1) {
		const wide = all("body *").find((e) => e.getBoundingClientRect().right > innerWidth + 1);
		say("scrolls", wide, `the page is ${document.documentElement.scrollWidth} wide in a window of ${innerWidth}`);
	}

	// 2.5.8 size of targets, links inside a text apart
	for (const e of all("a[href], button, summary, input:not([type=hidden])").filter(seen)) {
		const r = (e.closest("label") || e).getBoundingClientRect();
		const inText = e.tagName == "A" && getComputedStyle(e).display == "inline";
		if (!inText && (r.height < 24 || r.width < 24)) say("target", e, `${r.width.toFixed()}×${r.height.toFixed()} pixels`);
	}

	// 1.4.3 contrast of every text with what lies behind it
	const rgb = (c) => {
		const n = c.match(/[\d.]+/g).map(Number);
		return { c: n.slice(0, 3), a: n.length > 3 ? n[3] : 1 };
	};
	const luminance = (c) => {
		const [r, g, b] = c.map((v) => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
		return 0.2126 * r + 0.7152 * g + 0.0722 * b;
	};
	const over = (top, bottom) => top.c.map((v, i) => v * top.a + bottom[i] * (1 - top.a));
	const behind = (e) => {
		const layers = [];
		for (; e; e = e.parentElement) {
			const layer = rgb(getComputedStyle(e).backgroundColor);
			if (layer.a > 0) layers.push(layer);
			if (layer.a == 1) break;
		}
		return layers.reverse().reduce((under, layer) => over(layer, under), [255, 255, 255]);
	};
	const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
	const told = new Set();
	while (texts.nextNode()) {
		const e = texts.currentNode.parentElement;
		if (!texts.currentNode.data.trim() || told.has(e) || !seen(e) || e.closest("script, style, [aria-hidden=true]")) continue;
		told.add(e);
		const style = getComputedStyle(e), back = behind(e), front = over(rgb(style.color), back);
		const [dark, light] = [luminance(front), luminance(back)].sort((a, b) => a - b);
		const contrast = (light + 0.05) / (dark + 0.05);
		const size = parseFloat(style.fontSize), large = size >= 24 || size >= 18.66 && style.fontWeight >= 700;
		if (contrast < (large ? 3 : 4.5)) say("contrast", e, `${contrast.toFixed(2)} to 1`);
	}
	return broken;
})()
