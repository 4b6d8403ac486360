import { Catalog } from "./catalog/catalog.ts";
import { Admissions } from "./limits/admissions.ts";
import type { ViewerLimits } from "./limits/viewer-limits.ts";
import { ManifestStore } from "./playback/manifests.ts";
import { GrantBox } from "./playback/grant.ts";
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
	readonly revocationLists: DurableObjectNamespace<RevocationList>;
	readonly revocations: RevocationWatch;
	readonly grants: GrantBox;
	readonly sources: SourceReader;
	readonly manifests: ManifestStore;
}

export function createGate(env: Env, settings: Settings, ports: Ports): Gate {
	// wrangler cannot name the classes of the bindings in the types that it generates from wrangler.toml.
	const limits = env.VIEWER_LIMITS as unknown as DurableObjectNamespace<ViewerLimits>;
	const revocationLists = env.REVOCATION_LIST as unknown as DurableObjectNamespace<RevocationList>;
	const sources = new SourceReader(env as unknown as Readonly<Record<string, unknown>>, settings, ports);
	return {
		settings,
		ports,
		kv: env.CATALOG,
		catalog: new Catalog(env.CATALOG, settings, ports),
		limits,
		admissions: new Admissions(),
		revocationLists,
		revocations: new RevocationWatch(revocationLists, ports),
		grants: new GrantBox(settings.grantSecrets),
		sources,
		manifests: new ManifestStore(sources, settings, ports),
	};
}
