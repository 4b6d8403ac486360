import { createCipheriv } from "node:crypto";
import { describe, expect, it } from "vitest";
import { encodeHeader } from "../../../worker/join/client/frames/header.ts";
import { SUITE, SessionKey, nonceOf } from "../../../worker/join/client/frames/keys.ts";

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
const bytesOf = (text: string): Uint8Array<ArrayBuffer> => Uint8Array.from(Buffer.from(text, "hex"));

/** RFC 9605, appendix C.3, AES_128_GCM_SHA256_128. */
const vector = {
	kid: 0x123n,
	ctr: 0x4567n,
	baseKey: "000102030405060708090a0b0c0d0e0f",
	key: "d34f547f4ca4f9a7447006fe7fcbf768",
	salt: "75234edefe07819026751816",
	nonce: "75234edefe07819026755d71",
	metadata: "4945544620534672616d65205747",
	plain: "64726166742d696574662d736672616d652d656e63",
	sealed: "9901234567b7412c2513a1b66dbb48841bbaf17f598751176ad847681a69c6d0b091c07018ce4adb34eb",
};

async function seal(session: SessionKey): Promise<string> {
	const { kid, ctr, metadata, plain } = vector;
	const frame = await session.frameKey(kid);
	const header = encodeHeader({ kid, ctr });
	const additionalData = bytesOf(hex(header) + metadata);
	const algorithm = { name: "AES-GCM", iv: nonceOf(frame, ctr), additionalData, tagLength: 128 };
	return hex(header) + hex(new Uint8Array(await crypto.subtle.encrypt(algorithm, frame.key, bytesOf(plain))));
}

describe("the keys of a session", () => {
	it("are those of RFC 9605 for a base key", async () => {
		const session = await SessionKey.fromBaseKey(bytesOf(vector.baseKey));
		const frame = await session.frameKey(vector.kid);
		expect(SUITE).toBe(4);
		expect([hex(frame.salt), hex(nonceOf(frame, vector.ctr))]).toEqual([vector.salt, vector.nonce]);
		expect(await seal(session)).toBe(vector.sealed);
		// The key itself cannot be read; what it makes is what the vector's key makes.
		const cipher = createCipheriv("aes-128-gcm", bytesOf(vector.key), bytesOf(vector.nonce));
		cipher.setAAD(bytesOf(`9901234567${vector.metadata}`));
		const expected = Buffer.concat([cipher.update(bytesOf(vector.plain)), cipher.final(), cipher.getAuthTag()]);
		expect(vector.sealed).toBe(`9901234567${hex(expected)}`);
	});

	it("are others in another session, of another secret, under another key id", async () => {
		const salts = await Promise.all(
			(
				[
					["correct horse", "room-1", 1n],
					["correct horse", "room-1", 2n],
					["correct horse", "room-2", 1n],
					["correct house", "room-1", 1n],
				] as const
			).map(async ([secret, session, kid]) =>
				hex((await (await SessionKey.derive(secret, session)).frameKey(kid)).salt),
			),
		);
		expect(new Set(salts).size).toBe(4);
	});

	it("cannot be exported", async () => {
		const session = await SessionKey.derive("correct horse", "room-1");
		const { key } = await session.frameKey(7n);
		await expect(crypto.subtle.exportKey("raw", key)).rejects.toThrow(/extractable/);
		expect(JSON.stringify(session)).toBe("{}");
	});
});
