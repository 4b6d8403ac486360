import * as fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { FrameDecryptor, FrameEncryptor } from "../../../worker/join/client/frames/cipher.ts";
import { type FrameKind, clearBytesOf } from "../../../worker/join/client/frames/clear-bytes.ts";
import { decodeHeader } from "../../../worker/join/client/frames/header.ts";
import { SessionKey } from "../../../worker/join/client/frames/keys.ts";

let session: SessionKey;
let other: SessionKey;
beforeAll(async () => {
	[session, other] = await Promise.all([
		SessionKey.fromBaseKey(new Uint8Array(32).fill(1)),
		SessionKey.fromBaseKey(new Uint8Array(32).fill(2)),
	]);
});

const kinds: readonly (readonly [string, FrameKind, number])[] = [
	["a key frame of VP8", { media: "video", keyFrame: true }, 10],
	["another frame of VP8", { media: "video", keyFrame: false }, 3],
	["a frame of Opus", { media: "audio", keyFrame: false }, 1],
];
const anyKind = fc.constantFrom(...kinds.map(([, kind]) => kind));
const frameOf = (kind: FrameKind) => fc.uint8Array({ minLength: clearBytesOf(kind), maxLength: 200 });
const anyFrame = anyKind.chain((kind) => frameOf(kind).map((frame) => ({ kind, frame })));
const delta: FrameKind = { media: "video", keyFrame: false };
const picture = Uint8Array.from({ length: 64 }, (_, at) => at);

describe("a frame", () => {
	it("opens as it was, whatever it was", async () => {
		const [encryptor, decryptor] = [await FrameEncryptor.start(session, "ann"), new FrameDecryptor(session, "ann")];
		await fc.assert(
			fc.asyncProperty(anyFrame, async ({ kind, frame }) => {
				const opened = await decryptor.decrypt(await encryptor.encrypt(frame, kind), kind);
				expect(opened).toEqual({ ok: true, frame });
			}),
		);
	});

	it("does not open when any bit of it was changed: readable bytes, header, ciphertext or tag", async () => {
		const encryptor = await FrameEncryptor.start(session, "ann");
		await fc.assert(
			fc.asyncProperty(anyFrame, fc.nat(), fc.integer({ min: 0, max: 7 }), async ({ kind, frame }, at, bit) => {
				const sealed = await encryptor.encrypt(frame, kind);
				const place = at % sealed.length;
				sealed[place] = (sealed[place] ?? 0) ^ (1 << bit);
				expect((await new FrameDecryptor(session, "ann").decrypt(sealed, kind)).ok).toBe(false);
			}),
			{ numRuns: 300 },
		);
	});

	it("does not open when it was cut off, and random bytes are no frame", async () => {
		const encryptor = await FrameEncryptor.start(session, "ann");
		const sealed = await encryptor.encrypt(picture, delta);
		const decryptor = new FrameDecryptor(session, "ann");
		for (let end = 0; end < sealed.length; end++) {
			expect((await decryptor.decrypt(sealed.slice(0, end), delta)).ok).toBe(false);
		}
		await fc.assert(
			fc.asyncProperty(fc.uint8Array({ maxLength: 100 }), anyKind, async (bytes, kind) => {
				expect((await decryptor.decrypt(bytes, kind)).ok).toBe(false);
			}),
		);
	});

	it.each(kinds)("%s keeps its readable bytes and no more", async (_what, kind, clear) => {
		const encryptor = await FrameEncryptor.start(session, "ann");
		const sealed = await encryptor.encrypt(picture, kind);
		expect([...sealed.subarray(0, clear)]).toEqual([...picture.subarray(0, clear)]);
		const header = decodeHeader(sealed.subarray(clear));
		expect(sealed.length).toBe(picture.length + (header?.length ?? 0) + 16);
		const hidden = Buffer.from(picture.subarray(clear, clear + 8));
		expect(Buffer.from(sealed).includes(hidden)).toBe(false);
		expect(await new FrameDecryptor(session, "ann").decrypt(sealed, kind)).toEqual({ ok: true, frame: picture });
	});

	it("that is shorter than its codec's header is not encrypted: it would go out readable", async () => {
		const encryptor = await FrameEncryptor.start(session, "ann");
		await expect(encryptor.encrypt(new Uint8Array(9), { media: "video", keyFrame: true })).rejects.toThrow(RangeError);
	});

	it.each([
		["of another secret", () => other, "ann", delta],
		["passed off as somebody else's", () => session, "ben", delta],
		["passed off as another kind of media", () => session, "ann", { media: "audio", keyFrame: false }],
	] as const)("%s does not open", async (_what, key, sender, kind) => {
		const sealed = await (await FrameEncryptor.start(session, "ann")).encrypt(picture, delta);
		expect((await new FrameDecryptor(key(), sender).decrypt(sealed, kind)).ok).toBe(false);
	});

	it("of another secret is told from a broken one", async () => {
		const sealed = await (await FrameEncryptor.start(session, "ann")).encrypt(picture, delta);
		expect(await new FrameDecryptor(other, "ann").decrypt(sealed, delta)).toEqual({ ok: false, why: "secret" });
		expect(await new FrameDecryptor(other, "ann").decrypt(sealed.slice(0, 8), delta)).toEqual({
			ok: false,
			why: "malformed",
		});
	});
});

describe("counters and keys", () => {
	it("no counter comes twice under one key, and no two encryptors share a key id", async () => {
		const seen = new Set<string>();
		for (let each = 0; each < 20; each++) {
			const encryptor = await FrameEncryptor.start(session, "ann");
			for (let frame = 0; frame < 20; frame++) {
				const sealed = await encryptor.encrypt(picture, delta);
				const { kid, ctr } = decodeHeader(sealed.subarray(3))?.header ?? { kid: 0n, ctr: 0n };
				seen.add(`${kid} ${ctr}`);
			}
		}
		expect(seen.size).toBe(400);
	});

	it("frames that are encrypted at once have counters of their own", async () => {
		const encryptor = await FrameEncryptor.start(session, "ann");
		const sealed = await Promise.all(Array.from({ length: 50 }, () => encryptor.encrypt(picture, delta)));
		expect(new Set(sealed.map((each) => decodeHeader(each.subarray(3))?.header.ctr)).size).toBe(50);
	});

	it("a frame opens once: a copy is replayed, in whatever order the others come", async () => {
		const encryptor = await FrameEncryptor.start(session, "ann");
		const decryptor = new FrameDecryptor(session, "ann");
		const sealed = [];
		for (let each = 0; each < 30; each++) sealed.push(await encryptor.encrypt(picture, delta));
		for (const frame of sealed.toReversed()) expect((await decryptor.decrypt(frame, delta)).ok).toBe(true);
		for (const frame of sealed) expect(await decryptor.decrypt(frame, delta)).toEqual({ ok: false, why: "replayed" });
	});

	it("a sender that comes back is heard under its new key, and its old frames are not taken for new", async () => {
		const decryptor = new FrameDecryptor(session, "ann");
		const [first, second] = [await FrameEncryptor.start(session, "ann"), await FrameEncryptor.start(session, "ann")];
		const old = await first.encrypt(picture, delta);
		expect((await decryptor.decrypt(old, delta)).ok).toBe(true);
		expect((await decryptor.decrypt(await second.encrypt(picture, delta), delta)).ok).toBe(true);
		expect((await decryptor.decrypt(old, delta)).ok).toBe(false);
	});

	it("forged key ids do not push out the keys that are in use", async () => {
		const [encryptor, decryptor] = [await FrameEncryptor.start(session, "ann"), new FrameDecryptor(session, "ann")];
		const genuine = await encryptor.encrypt(picture, delta);
		expect((await decryptor.decrypt(genuine, delta)).ok).toBe(true);
		for (let each = 0; each < 40; each++) {
			const forged = await (await FrameEncryptor.start(other, "ann")).encrypt(picture, delta);
			expect((await decryptor.decrypt(forged, delta)).ok).toBe(false);
		}
		expect(await decryptor.decrypt(genuine, delta)).toEqual({ ok: false, why: "replayed" });
	});
});
