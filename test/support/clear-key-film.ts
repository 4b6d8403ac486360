import { KEY, KID } from "./clear-key.ts";
import { runFfmpeg } from "./ffmpeg.ts";
import { fragmentTrack } from "./fragment-mp4.ts";
import type { TestAccount, TestGate } from "./running-gate.ts";

/** Six seconds of ffmpeg's test pattern in Common Encryption, with a key frame each second. */
async function encryptedFilm(): Promise<Buffer> {
	const picture =
		"-f lavfi -i testsrc=size=128x72:rate=10:duration=6 -c:v libx264 -profile:v baseline -pix_fmt yuv420p";
	const encryption = `-encryption_scheme cenc-aes-ctr -encryption_key ${KEY} -encryption_kid ${KID}`;
	const files = await runFfmpeg(`${picture} -g 10 -sc_threshold 0 ${encryption} film.mp4`.split(" "));
	return files.get("film.mp4") ?? Buffer.alloc(0);
}

const uuid = KID.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");

/** As packagers write it: without a licence server, which the gate adds. */
const MPD = `<?xml version="1.0"?>
<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" xmlns:cenc="urn:mpeg:cenc:2013" type="static" mediaPresentationDuration="PT6S" minBufferTime="PT1S" profiles="urn:mpeg:dash:profile:isoff-live:2011">
	<Period>
		<AdaptationSet mimeType="video/mp4" segmentAlignment="true">
			<ContentProtection schemeIdUri="urn:mpeg:dash:mp4protection:2011" value="cenc" cenc:default_KID="${uuid}"/>
			<ContentProtection schemeIdUri="urn:uuid:e2719d58-a985-b3c9-781a-b030af78d30e" value="ClearKey1.0"/>
			<SegmentTemplate timescale="1" duration="1" startNumber="1" initialization="init.mp4" media="$Number$.m4s"/>
			<Representation id="video" bandwidth="20000" codecs="avc1.42c00b" width="128" height="72"/>
		</AdaptationSet>
	</Period>
</MPD>
`;

/** Publishes a video `film` in encrypted DASH, with its key in the record. */
export async function publishFilm(gate: TestGate, account: TestAccount): Promise<void> {
	const { init, segments } = fragmentTrack(await encryptedFilm(), KID);
	const folder = `/${account.id}/film`;
	gate.origin.put(`${folder}/manifest.mpd`, MPD, { "Content-Type": "application/dash+xml" });
	gate.origin.put(`${folder}/init.mp4`, init);
	for (const [index, segment] of segments.entries()) gate.origin.put(`${folder}/${index + 1}.m4s`, segment);
	const src = `${gate.origin.url}${folder}/manifest.mpd`;
	const source = { type: "application/dash+xml", protection: "clearkey", src, keys: { [KID]: KEY } };
	await account.putVideo("film", { sources: [source] });
}
