/** A JWT, wherever a mistaken client put it in a path. */
const TOKEN = /[\w-]{10,}\.[\w-]{10,}\.[\w-]*/g;

/** Path without what could be a grant, a ticket, a token or the link of a report: what is written of a path anywhere. */
export function safePath(path: string): string {
	return path
		.replace(/^\/g\/[^/]*/, "/g/*")
		.replace(/^(\/join\/v1\/(?!accounts\/)[^/]*\/)[^/]*/, "$1*")
		.replaceAll(/(\/join\/v1\/vonage\/)[^/]+/g, "$1*")
		.replace(/^(\/join\/v1\/accounts\/[^/]*\/sora\/[^/]*-webhook\/).*/, "$1*")
		.replace(/(\/blacklist\/tokens\/).*/, "$1*")
		.replace(/(\/audit\/reports\/).*/, "$1*")
		.replace(TOKEN, "*")
		.slice(0, 300);
}
