import type { AuditLog } from "./audit/audit-log.ts";
import { ReportLinks } from "./audit/report-link.ts";
import { AuditTrail } from "./audit/trail.ts";
import { Catalog } from "./catalog/catalog.ts";
import { Credentials } from "./credentials/credentials.ts";
import type { ManagementTokens } from "./credentials/tokens/management-tokens.ts";
import type { SessionRoom } from "./join/room/session-room.ts";
import { TicketBox } from "./join/ticket.ts";
import { Admissions } from "./limits/admissions.ts";
import type { DeviceIndex } from "./limits/device-index.ts";
import type { ViewerLimits } from "./limits/viewer-limits.ts";
import { ManifestStore } from "./playback/manifests.ts";
import { GrantBox } from "./playback/grant.ts";
import { LicenseServers } from "./playback/license-server.ts";
import { SourceReader } from "./playback/source-reader.ts";
import type { Ports } from "./ports.ts";
import type { RevocationList } from "./revocation/revocation-list.ts";
import { RevocationWatch } from "./revocation/watch.ts";
import type { Settings } from "./settings.ts";

/** All that a request may use, wired once per isolate. */
export interface Gate {
	readonly settings: Settings;
	readonly ports: Ports;
	readonly kv: KVNamespace;
	readonly catalog: Catalog;
	readonly limits: DurableObjectNamespace<ViewerLimits>;
	readonly admissions: Admissions;
	readonly deviceIndexes: DurableObjectNamespace<DeviceIndex>;
	readonly revocationLists: DurableObjectNamespace<RevocationList>;
	readonly revocations: RevocationWatch;
	readonly credentials: Credentials;
	readonly managementTokens: DurableObjectNamespace<ManagementTokens>;
	readonly grants: GrantBox;
	readonly sources: SourceReader;
	readonly manifests: ManifestStore;
	readonly licenseServers: LicenseServers;
	readonly auditLogs: DurableObjectNamespace<AuditLog>;
	readonly audit: AuditTrail;
	readonly reportLinks: ReportLinks;
	readonly sessionRooms: DurableObjectNamespace<SessionRoom>;
	readonly tickets: TicketBox;
}

export function createGate(env: Env, settings: Settings, ports: Ports): Gate {
	const sources = new SourceReader({ ...env }, settings, ports);
	return {
		settings,
		ports,
		kv: env.CATALOG,
		catalog: new Catalog(env.CATALOG, settings, ports),
		limits: env.VIEWER_LIMITS,
		admissions: new Admissions(),
		deviceIndexes: env.DEVICE_INDEX,
		revocationLists: env.REVOCATION_LIST,
		revocations: new RevocationWatch(env.REVOCATION_LIST, ports),
		credentials: new Credentials({ tokens: env.MANAGEMENT_TOKENS, guards: env.CREDENTIAL_GUARD }, settings, ports),
		managementTokens: env.MANAGEMENT_TOKENS,
		grants: new GrantBox(settings.grantSecrets),
		sources,
		manifests: new ManifestStore(sources, settings, ports),
		licenseServers: new LicenseServers(sources, ports),
		auditLogs: env.AUDIT_LOG,
		audit: new AuditTrail(env.AUDIT_LOG, ports),
		reportLinks: new ReportLinks(settings.grantSecrets),
		sessionRooms: env.SESSION_ROOM,
		tickets: new TicketBox(settings.grantSecrets),
	};
}
