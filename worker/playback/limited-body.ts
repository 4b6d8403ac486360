import { type Decision, allow, refuse } from "../decision/decision.ts";

/** `rest` is what was not read, or null when `bytes` is the whole body. */
export interface LimitedBody {
	readonly bytes: Uint8Array;
	readonly rest: ReadableStream<Uint8Array> | null;
}

/** A response, a request, or what an earlier reading left. */
interface Bodied {
	readonly body: ReadableStream<Uint8Array> | null;
}

/** Reads a source's body until it ends or more than `mostBytes` have come; what comes after can still be streamed. */
export async function readUpTo(source: Bodied, mostBytes: number): Promise<Decision<LimitedBody>> {
	try {
		return allow(await read(source, mostBytes));
	} catch {
		return refuse({ reason: "source-unavailable", detail: "it broke off in the middle of its answer" });
	}
}

async function read({ body }: Bodied, mostBytes: number): Promise<LimitedBody> {
	if (!body) return { bytes: new Uint8Array(), rest: null };
	const reader = body.getReader();
	const chunks: Uint8Array[] = [];
	let size = 0;
	for (;;) {
		const { done, value } = await reader.read();
		if (done) return { bytes: joined(chunks, size), rest: null };
		chunks.push(value);
		size += value.byteLength;
		if (size <= mostBytes) continue;
		reader.releaseLock();
		return { bytes: joined(chunks, size), rest: body };
	}
}

function joined(chunks: readonly Uint8Array[], size: number): Uint8Array {
	const [only] = chunks;
	if (chunks.length === 1 && only) return only;
	const bytes = new Uint8Array(size);
	let offset = 0;
	for (const chunk of chunks) {
		bytes.set(chunk, offset);
		offset += chunk.byteLength;
	}
	return bytes;
}
