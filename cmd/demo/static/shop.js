// The shop works without this file. With it, the panel keeps itself up to date, and two buttons
// fetch their link as JSON.
"use strict";

const panel = document.querySelector(".news");

// Put a newer panel in place, and keep open, and in focus, what the reader had opened.
function show(html) {
	const open = new Set([...panel.querySelectorAll("details[open]")].map((d) => d.dataset.key));
	const active = document.activeElement;
	const focus = panel.contains(active) && active.closest("details")?.dataset.key;
	panel.innerHTML = html;
	for (const d of panel.querySelectorAll("details")) {
		d.open = open.has(d.dataset.key);
		if (d.dataset.key === focus) d.querySelector("summary").focus({ preventScroll: true });
	}
	panel.dataset.last = panel.querySelector(".panel-head").dataset.last;
}

// Ask for news as long as somebody can see them. Tabs in the background must not hold on to one of
// the few connections that a browser opens to one host.
let asking;
let following = false;
async function follow() {
	if (following) return;
	following = true;
	while (!document.hidden) {
		asking = new AbortController();
		try {
			const news = "/happened?after=" + panel.dataset.last;
			const answer = await fetch(news, { signal: asking.signal });
			if (!answer.ok) throw new Error(answer.status);
			show(await answer.text());
		} catch {
			// The demo was stopped.
			if (!document.hidden) await new Promise((wake) => setTimeout(wake, 2000));
		}
	}
	following = false;
}
document.addEventListener("visibilitychange", () => (document.hidden ? asking?.abort() : follow()));
follow();

// A page of one's own may ask for the link instead of being sent there: Accept decides. Without the
// session's cookie, anyone who asks is an anonymous visitor.
async function fetchLink(button) {
	const status = button.parentElement.querySelector("[role=status]");
	status.hidden = false;
	status.textContent = "Asking for your link …";
	button.disabled = true;
	try {
		const answer = await fetch(button.dataset.checkout, {
			headers: { Accept: "application/json" },
			credentials: button.dataset.credentials ?? "same-origin",
		});
		const body = await answer.json();
		if (answer.ok) {
			const campaign = body.campaign || "–";
			status.textContent = "Here it is: campaign " + campaign + ". Going there …";
			location.assign(body.url);
			return;
		}
		status.textContent = body.detail || body.title;
		if (body.login) status.append(" ", link(body.login, "Sign in"));
		if (body.fallback) status.append(" ", link(body.fallback, "What now?"));
	} catch {
		status.textContent = "That did not work. Please try again.";
	}
	button.disabled = false;
}

function link(href, text) {
	const a = document.createElement("a");
	a.href = href;
	a.textContent = text;
	return a;
}

for (const button of document.querySelectorAll("[data-checkout]")) {
	button.addEventListener("click", () => fetchLink(button));
}
// A page that comes back from the history has its button ready again.
addEventListener("pageshow", () => {
	for (const button of document.querySelectorAll("[data-checkout]")) button.disabled = false;
});
