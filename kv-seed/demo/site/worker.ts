interface SiteFile {
	readonly type: string;
	readonly body: string;
}

interface SiteEnv {
	readonly GATE: { fetch(request: Request): Promise<Response> };
	/** By path. */
	readonly FILES: Readonly<Record<string, SiteFile>>;
}

/** Scripts and styles of this site only; `blob:` is how Media Source Extensions reach the video element. */
const policy = [
	"default-src 'none'",
	"script-src 'self'",
	"worker-src 'self'",
	"style-src 'self'",
	"img-src 'self' data:",
	"connect-src 'self'",
	"media-src 'self' blob:",
	"base-uri 'none'",
	"form-action 'none'",
	"frame-ancestors 'none'",
].join("; ");

/** The demo pages, local only. Whatever is not one of them goes to the gate as it came. */
export default {
	async fetch(request: Request, env: SiteEnv): Promise<Response> {
		const { pathname } = new URL(request.url);
		if (pathname === "/demo" || pathname === "/") return Response.redirect(new URL("/demo/", request.url).href, 302);
		const file = env.FILES[pathname];
		return file === undefined ? env.GATE.fetch(withAddress(request)) : fileResponse(request, file);
	},
};

function fileResponse(request: Request, { type, body }: SiteFile): Response {
	const headers = {
		"Content-Type": type,
		"Content-Security-Policy": policy,
		"Cache-Control": "no-cache",
		"Referrer-Policy": "no-referrer",
		"X-Content-Type-Options": "nosniff",
	};
	if (request.method === "GET") return new Response(body, { headers });
	if (request.method === "HEAD") return new Response(null, { headers });
	return new Response("The demo pages are read with GET.", { status: 405, headers: { Allow: "GET, HEAD" } });
}

/** Cloudflare gives every request the viewer's address; here the only viewers are on this machine. */
function withAddress(request: Request): Request {
	const header = "CF-Connecting-IP";
	if (request.headers.has(header)) return request;
	const addressed = new Request(request);
	addressed.headers.set(header, "127.0.0.1");
	return addressed;
}
