import { BinaryReader, BinaryWriter, WireType } from "@bufbuild/protobuf/wire";

// Frames of Chime's signalling, as amazon-chime-sdk-js 3.32.0 sends and reads them (reference: rtc 3.3): one byte, then a message of
// protocol buffers. The gate reads of a client's frames what it judges by, and writes those that refuse; all others pass as they are.

const FRAME_TYPE_RTC = 0x05;

/** Numbers of `SdkSignalFrame.Type`. */
export const SIGNAL = { join: 1, joinAck: 2, leave: 9, audioStatus: 20 } as const;

/** Numbers of the fields of the messages. */
const FRAME = { timestampMs: 1, type: 2, error: 3, join: 4, joinAck: 5, audioStatus: 21 } as const;
const ERROR = { status: 1, description: 2 } as const;
const JOIN = { clientDetails: 4 } as const;
const CLIENT_DETAILS = { clientSource: 7, chimeSdkVersion: 8 } as const;
/** amazon-chime-sdk-js 3.32.0 reads the first; the second is where the reference saw it. A reader skips the one it does not know. */
const AUDIO_STATUS = { audioStatus: 1, audioStatusElsewhere: 3 } as const;

/** What a frame of a client says. */
export interface ClientFrame {
	readonly type: number;
	/** Of a JOIN: the SDK that sent it, as it calls itself. */
	readonly sdk?: { readonly name: string; readonly version: string };
}

/** Null when the bytes are no frame. */
export function readClientFrame(bytes: Uint8Array): ClientFrame | null {
	if (bytes[0] !== FRAME_TYPE_RTC) return null;
	try {
		const fields = readFields(bytes.subarray(1));
		const type = fields.get(FRAME.type);
		if (typeof type !== "number") return null;
		return type === SIGNAL.join ? { type, ...sdkOf(fields.get(FRAME.join)) } : { type };
	} catch {
		return null; // the reader throws on what ends too early
	}
}

function sdkOf(join: FieldValue | undefined): Pick<ClientFrame, "sdk"> {
	const details = join instanceof Uint8Array ? readFields(join).get(JOIN.clientDetails) : undefined;
	if (!(details instanceof Uint8Array)) return {};
	const fields = readFields(details);
	const [name, version] = [fields.get(CLIENT_DETAILS.clientSource), fields.get(CLIENT_DETAILS.chimeSdkVersion)];
	if (!(name instanceof Uint8Array) || !(version instanceof Uint8Array)) return {};
	return { sdk: { name: utf8.decode(name), version: utf8.decode(version) } };
}

type FieldValue = number | Uint8Array;
const utf8 = new TextDecoder();

/** Small numbers and bytes by field; of a field that comes twice the last one counts, as the format says. */
function readFields(bytes: Uint8Array): ReadonlyMap<number, FieldValue> {
	const reader = new BinaryReader(bytes);
	const fields = new Map<number, FieldValue>();
	while (reader.pos < reader.len) {
		const [field, wireType] = reader.tag();
		if (wireType === WireType.LengthDelimited) fields.set(field, reader.bytes());
		else if (wireType === WireType.Varint) fields.set(field, Number(reader.uint64()));
		else reader.skip(wireType, field);
	}
	return fields;
}

/** `SdkMeetingStatus` of a JOIN_ACK that refuses: 403 is reported as authentication rejected, 409 as at capacity. */
export function joinRefusedFrame(status: number, description: string, nowMs: number): Uint8Array {
	const frame = beginFrame(SIGNAL.joinAck, nowMs);
	frame.tag(FRAME.error, WireType.LengthDelimited).fork();
	frame.tag(ERROR.status, WireType.Varint).uint32(status);
	frame.tag(ERROR.description, WireType.LengthDelimited).string(description).join();
	return finish(frame.tag(FRAME.joinAck, WireType.LengthDelimited).bytes(new Uint8Array()));
}

/** What became of the audio: 301 another device joined, 403 rejected, 409 at capacity, 410 meeting ended, 411 attendee removed. */
export function audioStatusFrame(status: number, nowMs: number): Uint8Array {
	const frame = beginFrame(SIGNAL.audioStatus, nowMs);
	frame.tag(FRAME.audioStatus, WireType.LengthDelimited).fork();
	frame.tag(AUDIO_STATUS.audioStatus, WireType.Varint).uint32(status);
	return finish(frame.tag(AUDIO_STATUS.audioStatusElsewhere, WireType.Varint).uint32(status).join());
}

function beginFrame(type: number, nowMs: number): BinaryWriter {
	const frame = new BinaryWriter();
	frame.tag(FRAME.timestampMs, WireType.Varint).uint64(nowMs);
	return frame.tag(FRAME.type, WireType.Varint).int32(type);
}

function finish(frame: BinaryWriter): Uint8Array {
	const message = frame.finish();
	const bytes = new Uint8Array(message.byteLength + 1);
	bytes[0] = FRAME_TYPE_RTC;
	bytes.set(message, 1);
	return bytes;
}
