/** Certificates that a description names, as the room writes them: `sha-256 AB:CD:...`; sorted, each once. */
export function fingerprintsOf(sdp: string): readonly string[] {
	const found = sdp.matchAll(/^a=fingerprint:(\S+)[ \t]+(\S+)[ \t]*\r?$/gim);
	const named = [...found].map(([, hash = "", value = ""]) => `${hash.toLowerCase()} ${value.toUpperCase()}`);
	return [...new Set(named)].toSorted();
}

/**
 * Whether a description is of the certificate that the room has pinned for its sender: what the browser will hold the DTLS handshake to
 * (RFC 8827, section 6.5) is what the room has seen. Nothing pinned is no match.
 */
export function matchesPinned(sdp: string, pinned: readonly string[]): boolean {
	const named = fingerprintsOf(sdp);
	const seen = new Set(pinned.map(normal));
	return named.length > 0 && named.every((each) => seen.has(normal(each)));
}

function normal(fingerprint: string): string {
	const [hash = "", value = ""] = fingerprint.trim().split(/\s+/);
	return `${hash.toLowerCase()} ${value.toUpperCase()}`;
}

/** Statistics lag behind the connection that they are of. */
const POLL_MS = 100;

/**
 * Whether the connection that stands was made with the pinned certificate: its fingerprint from `getStats`, as soon as it is there. Null
 * where it does not come: Firefox does not tell it. Then there is what the browser itself has held the handshake to (`matchesPinned`).
 *
 * @param waitMs how long to wait for it
 */
export async function connectedToPinned(
	connection: RTCPeerConnection,
	pinned: readonly string[],
	waitMs = 5000,
): Promise<boolean | null> {
	const shown = await shownBy(connection);
	if (shown.length === 0 && waitMs > 0 && connection.connectionState !== "closed") {
		await new Promise((resolve) => setTimeout(resolve, POLL_MS));
		return connectedToPinned(connection, pinned, waitMs - POLL_MS);
	}
	const seen = new Set(pinned.map(normal));
	return shown.length === 0 ? null : shown.every((each) => seen.has(normal(each)));
}

/** Fingerprints of the certificates that the other side has shown. */
async function shownBy(connection: RTCPeerConnection): Promise<readonly string[]> {
	const report = await connection.getStats();
	const stats = [...report.values()] as (RTCStats & Record<string, unknown>)[];
	const remotes = new Set(stats.filter(({ type }) => type === "transport").map((each) => each["remoteCertificateId"]));
	const certificates = stats.filter(({ id, type }) => type === "certificate" && remotes.has(id));
	return certificates.map((each) => `${String(each["fingerprintAlgorithm"])} ${String(each["fingerprint"])}`);
}
