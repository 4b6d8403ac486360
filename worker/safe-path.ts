/** A JWT, wherever a mistaken client put it in a path. */
const TOKEN = /[\w-]{10,}\.[\w-]{10,}\.[\w-]*/g;

/** Path without what could be a grant, a ticket, a token or the link of a report: what is written of a path anywhere. */
export function safePath(path: string): string {
	return plain(path)
		.replace(/^\/g\/[^/]*/, "/g/*")
		.replace(/^(\/join\/v1\/(?!accounts\/)[^/]*\/)[^/]*/, "$1*")
		.replaceAll(/(\/join\/v1\/vonage\/)[^/]+/g, "$1*")
		.replace(/^(\/join\/v1\/accounts\/[^/]*\/sora\/[^/]*-webhook\/).*/, "$1*")
		.replace(/(\/blacklist\/tokens\/).*/, "$1*")
		.replace(/(\/audit\/reports\/).*/, "$1*")
		.replace(TOKEN, "*")
		.slice(0, 300);
}

/** Routes are found by the decoded path: a letter that needs no percent-encoding hides nothing in one (RFC 3986 section 6.2.2.2). */
const plain = (path: string): string =>
	path.replaceAll(/%[0-9a-f]{2}/gi, (encoded) => {
		const character = String.fromCharCode(Number.parseInt(encoded.slice(1), 16));
		return /[\w.~-]/.test(character) ? character : encoded;
	});
