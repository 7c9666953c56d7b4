// A stand-in for Zotlo's Checkout SDK (npm: zotlo-checkout 1.24). It takes the same start values,
// refuses what that refuses, and sells in the sandbox that served it. No card is asked for.
(() => {
	"use strict";
	const base = new URL(".", document.currentScript.src);
	const storeKey = "zc_uuid"; // as the real one's: base64 of a JSON map, by the page's path
	const sessionLife = 30 * 60 * 1000;
	let mounted = null; // one form for each document

	const sessions = () => {
		try {
			return JSON.parse(atob(localStorage.getItem(storeKey) || "")) || {};
		} catch {
			return {};
		}
	};
	const session = () => {
		const own = sessions()[location.pathname];
		return own && own.until > Date.now() ? own.uuid : "";
	};
	const keep = (uuid) => {
		const all = sessions();
		if (uuid) all[location.pathname] = { uuid, until: Date.now() + sessionLife };
		else delete all[location.pathname];
		localStorage.setItem(storeKey, btoa(JSON.stringify(all)));
	};

	// Errors are told by meta.errorCode and meta.message, whatever the status is.
	async function call(path, body, headers) {
		const answer = await fetch(new URL(path, base), {
			method: body ? "POST" : "GET",
			body: body && JSON.stringify(body),
			headers: {
				"Content-Type": "application/json", "Client-Domain": location.hostname, ...headers,
			},
			signal: AbortSignal.timeout(30_000),
		});
		const { meta, result } = await answer.json();
		if (meta.errorCode) throw Object.assign(new Error(meta.message), { data: meta });
		return result;
	}

	const isObject = (v) => typeof v === "object" && v !== null && !Array.isArray(v);

	async function ZotloCheckout(params) {
		const events = params.events || {};
		const back = new URLSearchParams(location.search);
		const returned = session();
		const language = params.language || navigator.language.split("-")[0] || "en";
		const settings = await call("init", {
			applicationHash: params.token,
			packageId: params.packageId,
			...(params.subscriberId && { subscriberId: params.subscriberId }),
			// Anything but an object is dropped without a word, as the real one does.
			...(isObject(params.customParameters) &&
				{ customParameters: JSON.stringify(params.customParameters) }),
		}, { Language: language });
		const headers = { Uuid: settings.uuid };
		const { selectedPrice, package: sold } = await call("payment/init", null, headers);
		const fail = (error) => events.onFail?.({ message: error.message, data: error.data || {} });

		async function pay(form, providerKey) {
			events.onSubmit?.();
			try {
				const subscriberId = form.elements.subscriberId.value;
				if (subscriberId !== settings.subscriberId) {
					await call("payment/register", { subscriberId }, headers);
				}
				const { payment } = await call("payment/checkout", {
					providerKey, acceptPolicy: true, returnUrl: params.returnUrl,
				}, headers);
				// Parsed here and not before: a relative address fails after the payment.
				const to = new URL(params.returnUrl);
				if (to.origin !== location.origin || to.pathname !== location.pathname) keep("");
				location.assign(payment.returnUrl);
			} catch (error) {
				fail(error);
			}
		}

		function render() {
			const form = document.createElement("form");
			form.className = "zotlo-checkout";
			form.innerHTML = `
				<label>E-mail, phone or id <input name="subscriberId" required></label>
				<p>The sandbox asks for no card.</p>
				<button name="pay"></button> <button name="decline" type="button">Decline</button>`;
			form.elements.subscriberId.value = settings.subscriberId;
			form.elements.subscriberId.disabled = Boolean(settings.subscriberId) &&
				!settings.allowSubscriberIdEditingOnRegisterPayment;
			form.elements.pay.textContent =
				`Pay ${selectedPrice.price} ${selectedPrice.currency}`;
			form.elements.decline.addEventListener("click", () => pay(form, "declined"));
			form.addEventListener("submit", (event) => {
				event.preventDefault();
				pay(form, "creditCard");
			});
			mounted.replaceChildren(form);
			events.onLoad?.({
				sandbox: true, countryCode: settings.countryCode, integrations: {},
				backgroundColor: "", cookieText: "", packageId: sold.packageId,
			});
		}

		// What the page of returnUrl is told, as long as its session is there.
		async function report() {
			switch (back.get("zc_status")) {
				case "success":
					try {
						const detail = await call("payment/detail", null, { Uuid: returned });
						events.onSuccess?.({ ...detail, sessionId: returned, cardUpdate: false });
					} catch (error) {
						fail(error);
					}
					break;
				case "fail":
					events.onFail?.({ message: back.get("zc_error_message") || "", data: {} });
			}
		}

		return {
			mount(id) { // the id of an element: neither a selector nor a node
				const at = document.getElementById(id);
				if (mounted || !at) return;
				mounted = at;
				render();
				keep(settings.uuid);
				report();
			},
			refresh() {
				if (mounted) render();
			},
			unmount() {
				mounted?.replaceChildren();
				mounted = null;
			},
		};
	}
	window.ZotloCheckout = ZotloCheckout;
})();
