import type { Hono } from "hono";
import { createApp } from "./app.ts";
import { createGate } from "./gate.ts";
import { realPorts } from "./ports.ts";
import { parseSettings } from "./settings.ts";

export { AuditLog } from "./audit/audit-log.ts";
export { DeviceIndex } from "./limits/device-index.ts";
export { ViewerLimits } from "./limits/viewer-limits.ts";
export { RevocationList } from "./revocation/revocation-list.ts";
export { ManagementTokens } from "./credentials/tokens/management-tokens.ts";
export { SessionRoom } from "./join/room/session-room.ts";
export { CredentialGuard } from "./credentials/guard/credential-guard.ts";

// Once per isolate: the catalog, verified tokens, compiled manifests and admissions that it holds are what makes requests cheap.
let app: Hono | undefined;

export default {
	fetch(request, env, ctx) {
		try {
			app ??= createApp(createGate(env, parseSettings({ ...env }), realPorts));
		} catch (fault) {
			realPorts.log({ event: "fault", where: "settings", message: String(fault) });
			return new Response("The gate is not configured; its log says what is missing.\n", { status: 500 });
		}
		return app.fetch(request, env, ctx);
	},
} satisfies ExportedHandler<Env>;
