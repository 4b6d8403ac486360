import { DurableObject } from "cloudflare:workers";
import { Hono } from "hono";
import { importSPKI, jwtVerify } from "jose";
import fixtures from "./fixtures.bin";
import playlist from "./playlist.bin";

/**
 * What the gate is compared with: handlers that return the gate's bytes and do one thing each. Bundled and run by the
 * benchmark only, with the bindings of wrangler.toml, which is why the two objects have the names of the gate's.
 */
export interface Fixtures {
	/** Bodies as the gate returns them. */
	readonly manifest: string;
	readonly refusal: string;
	/** Base64 of 16 bytes. */
	readonly key: string;
	/** PEM by algorithm. */
	readonly publicKeys: Readonly<Record<"RS256" | "ES256", string>>;
	/** Base URL of the HTTP origin. */
	readonly origin: string;
}

interface Bindings {
	readonly MEDIA: R2Bucket;
	readonly VIEWER_LIMITS: DurableObjectNamespace<ViewerLimits>;
	readonly REVOCATION_LIST: DurableObjectNamespace<RevocationList>;
}

/** One plain SQL upsert a call, durable before the answer leaves: what a counter costs when nothing is done about it. */
export class ViewerLimits extends DurableObject {
	constructor(ctx: DurableObjectState, env: Env) {
		super(ctx, env);
		ctx.storage.sql.exec("CREATE TABLE IF NOT EXISTS uses (token TEXT PRIMARY KEY, used INTEGER NOT NULL)");
	}

	count(token: string): number {
		const upsert =
			"INSERT INTO uses VALUES (?, 1) ON CONFLICT (token) DO UPDATE SET used = used + 1 RETURNING used AS value";
		return this.ctx.storage.sql.exec<{ value: number }>(upsert, token).one().value;
	}
}

/** A call that does nothing. */
export class RevocationList extends DurableObject {
	nothing(): number {
		return 0;
	}
}

const { manifest, refusal, key, publicKeys, origin } = JSON.parse(new TextDecoder().decode(fixtures)) as Fixtures;
const keyBytes = Uint8Array.from(atob(key), (character) => character.charCodeAt(0));
const HLS = { "Content-Type": "application/vnd.apple.mpegurl" };
const algorithms = ["RS256", "ES256"] as const;

const app = new Hono<{ Bindings: Bindings }>();
app.get("/manifest", () => new Response(manifest, { headers: HLS }));
app.get("/refusal", () => new Response(refusal, { status: 403, headers: { "Content-Type": "application/json" } }));
app.get("/key", () => new Response(keyBytes, { headers: { "Content-Type": "application/octet-stream" } }));
app.get("/playlist", () => new Response(playlist, { headers: HLS }));
for (const algorithm of algorithms) {
	let imported: Promise<CryptoKey> | undefined;
	app.get(`/verify/${algorithm}`, async (c) => {
		imported ??= importSPKI(publicKeys[algorithm], algorithm);
		await jwtVerify(c.req.query("bcov_auth") ?? "", await imported, { algorithms: [algorithm] });
		return new Response(manifest, { headers: HLS });
	});
}
app.get("/bucket/*", async (c) => {
	const object = await c.env.MEDIA.get(c.req.path.slice("/bucket/".length));
	if (!object) return c.notFound();
	const headers = new Headers({ "Content-Length": String(object.size) });
	object.writeHttpMetadata(headers);
	return new Response(object.body, { headers });
});
app.get("/origin/*", (c) => fetch(origin + c.req.path.slice("/origin".length)));
app.get("/call/:object", async (c) => {
	await c.env.REVOCATION_LIST.getByName(c.req.param("object")).nothing();
	return new Response(manifest, { headers: HLS });
});
app.get("/count/:object", async (c) => {
	await c.env.VIEWER_LIMITS.getByName(c.req.param("object")).count("token");
	return new Response(manifest, { headers: HLS });
});

export default app;
