// Starts the payment form of /form: see docs/embedded.md.
const says = document.getElementById("says");
let form; // what the SDK has answered

function open() {
	start().catch(() => onFail({ message: "The payment form cannot be shown." }));
}

async function start() {
	const answer = await fetch("/form/start");
	const { url, expires_at, ...params } = await answer.json();
	if (url) {
		location.replace(url);
	} else if (!answer.ok) {
		says.textContent = params.detail;
	} else {
		form?.unmount();
		form = await ZotloCheckout({ ...params, events: { onSuccess, onFail } });
		form.mount("form");
		setTimeout(open, Date.parse(expires_at) - Date.now());
	}
}

function onSuccess() { // comes on the page of return_url
	says.textContent = "Thank you! Your payment has arrived.";
	history.replaceState(null, "", location.pathname); // or a reload says it again
}

function onFail({ message }) {
	says.textContent = message || "The payment did not succeed.";
}

if (document.prerendering) { // nobody is here yet
	document.addEventListener("prerenderingchange", open, { once: true });
} else {
	open();
}
