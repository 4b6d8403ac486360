import { sha256 } from "../hash.ts";

/** Every key of the CATALOG namespace (docs/storage.md). Ids are of `idSchema`, so "/" never occurs in one. */
export const kvKeys = {
	account: (account: string) => `account/${account}`,
	keysOf: (account: string) => `key/${account}/`,
	key: (account: string, id: string) => `key/${account}/${id}`,
	videosOf: (account: string) => `video/${account}/`,
	video: (account: string, id: string) => `video/${account}/${id}`,
	/** Hashed: reference ids are free text and KV keys end at 512 bytes. */
	reference: (account: string, referenceId: string) => `ref/${account}/${sha256(referenceId)}`,
	playlistsOf: (account: string) => `playlist/${account}/`,
	playlist: (account: string, id: string) => `playlist/${account}/${id}`,
	/** Apart from the reference ids of videos: a playlist and a video may have the same. */
	playlistReference: (account: string, referenceId: string) => `playlist-ref/${account}/${sha256(referenceId)}`,
	rightsOf: (account: string) => `right/${account}/`,
	right: (account: string, id: string) => `right/${account}/${id}`,
	defaultRight: (account: string) => `default-right/${account}`,
	conditions: (account: string) => `conditions/${account}`,
	actionsOf: (account: string) => `action/${account}/`,
	action: (account: string, id: string) => `action/${account}/${id}`,
	e2eeSessionsOf: (account: string) => `e2ee-session/${account}/`,
	e2eeSession: (account: string, id: string) => `e2ee-session/${account}/${id}`,
	/** Hashed, as reference ids are: a provider's own name of a session (channel, session id, meeting). */
	e2eeProviderId: (account: string, provider: string, id: string) =>
		`e2ee-provider/${account}/${provider}/${sha256(id)}`,
	provider: (account: string, provider: string) => `provider/${account}/${provider}`,
	joinWebhook: (account: string) => `join-webhook/${account}`,
};

/** Version of the shape of every record; a reader refuses what it does not know. */
export const SCHEMA_VERSION = 1;
