import { manifestUrl } from "../../kv-seed/local/urls.ts";
import type { RunningGate } from "../../kv-seed/local/gate.ts";
import type { SigningAlgorithm } from "../../kv-seed/tokens/key-pair.ts";
import type { RawClaims } from "../../kv-seed/tokens/sign.ts";
import { askOnce } from "./load.ts";
import { urisOf } from "./media.ts";
import { ACCOUNT } from "./publisher.ts";
import type { Publisher } from "./publisher.ts";

/** What is asked of the gate, case by case: paths with their queries. */
export interface GatePaths {
	readonly manifest: string;
	readonly newRs256: readonly string[];
	readonly newEs256: readonly string[];
	readonly limitsHot: string;
	readonly limitsSharded: string;
	readonly limitsSpread: readonly string[];
	readonly refused: string;
	readonly key: string;
	readonly segmentBucket: string;
	readonly segmentOrigin: string;
	readonly playlist: string;
}

/** More than an isolate remembers, so that asked in turn each of them is new to it. */
const NEW_TOKENS = 6000;
const VIEWERS = 1000;
const NEVER_REACHED = 1_000_000_000;

/** Signs the tokens, and opens videos as players do to learn what is under their grants. */
export async function gatePaths(gate: RunningGate, publisher: Publisher): Promise<GatePaths> {
	const pathOf = async (video: string, claims: RawClaims, algorithm: SigningAlgorithm = "RS256"): Promise<string> =>
		manifestUrl({ base: "", account: ACCOUNT, video }, await publisher.sign(claims, algorithm));
	const many = (count: number, make: (index: number) => Promise<string>): Promise<string[]> =>
		Promise.all(Array.from({ length: count }, (_, index) => make(index)));
	const fresh = (algorithm: SigningAlgorithm) =>
		many(NEW_TOKENS, (index) => pathOf("clear", { uid: `viewer-${index}`, conid: "clear" }, algorithm));
	const limited = { climit: 2, maxu: NEVER_REACHED };
	const watching = async (video: string) => openVideo(gate, await pathOf(video, { uid: `on-${video}`, climit: 1 }));
	const [clear, vault, remote] = [await watching("clear"), await watching("vault"), await watching("remote")];
	const refused = await pathOf("clear", { uid: "spent", maxu: 1 });
	await askOnce(gate, refused, 200);
	return {
		manifest: await pathOf("clear", { uid: "known", conid: "clear" }),
		newRs256: await fresh("RS256"),
		newEs256: await fresh("ES256"),
		limitsHot: await pathOf("clear", { uid: "hot", ...limited }),
		limitsSharded: await pathOf("clear", { maxu: NEVER_REACHED }),
		limitsSpread: await many(VIEWERS, (index) => pathOf("clear", { uid: `limited-${index}`, ...limited })),
		refused,
		key: vault.first,
		segmentBucket: clear.first,
		segmentOrigin: remote.first,
		playlist: clear.rendition,
	};
}

/** The first media playlist of a video, and the first URI in it: of its key when it has one, else of a segment. */
async function openVideo(gate: RunningGate, path: string): Promise<{ rendition: string; first: string }> {
	const firstOf = async (asked: string): Promise<string> => {
		const response = await askOnce(gate, asked, 200);
		const [uri = ""] = urisOf(await response.text(), gate.url + asked);
		return uri.slice(gate.url.length);
	};
	const rendition = await firstOf(path);
	return { rendition, first: await firstOf(rendition) };
}
