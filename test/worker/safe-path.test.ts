import { expect, it } from "vitest";
import { safePath } from "../../worker/safe-path.ts";

it.each([
	["/g/grant.of-a-viewer/a/b.ts", "/g/*/a/b.ts"],
	["/join/v1/participants/TICKET", "/join/v1/participants/*"],
	["/join/v1/chime/TICKET", "/join/v1/chime/*"],
	["/join/v1/vonage/TICKET/anvil.opentok.com/session/1_MX", "/join/v1/vonage/*/anvil.opentok.com/session/1_MX"],
	[
		"/join/v1/vonage/TICKET/gate.example/join/v1/vonage/TICKET/m.example/r",
		"/join/v1/vonage/*/gate.example/join/v1/vonage/*/m.example/r",
	],
	["/join/v1/accounts/acme/sora/auth-webhook/SECRET", "/join/v1/accounts/acme/sora/auth-webhook/*"],
	["/join/v1/accounts/acme/sora/event-webhook/SECRET/more", "/join/v1/accounts/acme/sora/event-webhook/*"],
	["/join/v1/accounts/acme/sora/auth%2Dwebhook/SECRET", "/join/v1/accounts/acme/sora/auth-webhook/*"],
	["/%6Aoin/v1/%76onage/TICKET/a", "/join/v1/vonage/*/a"],
	["/v1/accounts/acme/blacklist/tokens/eyJh.eyJq.c2ln", "/v1/accounts/acme/blacklist/tokens/*"],
	["/videos/eyJhbGciOiJS.eyJhY2NpZCI6.c2lnbmF0dXJl", "/videos/*"],
	["/a%2Fb%20c%zz%", "/a%2Fb%20c%zz%"],
])("of %s the log has %s", (path, written) => {
	expect(safePath(path)).toBe(written);
});
