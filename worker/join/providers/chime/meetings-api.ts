import { AwsClient } from "aws4fetch";
import { type Decision, allow, refuse } from "../../../decision/decision.ts";
import { readUpTo } from "../../../playback/limited-body.ts";
import type { Ports } from "../../../ports.ts";
import { type AwsCredentials, SERVICE } from "./sigv4.ts";

/** One call of the meetings API. `path` and `search` as they stand in a URL. */
export interface ApiCall {
	readonly method: string;
	/** Below the endpoint, with a slash at the front. */
	readonly path: string;
	/** `?...` or nothing. */
	readonly search?: string;
	/** JSON text. */
	readonly body?: string;
}

/** What the service answered, good or bad. */
export interface ApiAnswer {
	readonly status: number;
	readonly headers: Headers;
	readonly text: string;
}

const TIME_LIMIT_MS = 10_000;
const MOST_BYTES = 1_048_576;

/** The meetings API of an account's region (reference: rtc 3.2). */
export class MeetingsApi {
	readonly #endpoint: string;
	readonly #client: AwsClient;
	readonly #ports: Ports;

	/** @param endpoint another one than the region's, without a slash at the end; null for the region's */
	constructor(credentials: AwsCredentials, endpoint: string | null, ports: Ports) {
		const { accessKeyId, secretAccessKey, sessionToken, region } = credentials;
		const token = sessionToken === null ? {} : { sessionToken };
		this.#client = new AwsClient({ accessKeyId, secretAccessKey, region, service: SERVICE, ...token });
		this.#endpoint = endpoint ?? endpointOf(region);
		this.#ports = ports;
	}

	/** Signs the call and makes it. Any status is an answer; refused is what gave none. */
	async call({ method, path, search = "", body }: ApiCall): Promise<Decision<ApiAnswer>> {
		const limit = new AbortController();
		const timer = setTimeout(() => limit.abort(), TIME_LIMIT_MS);
		try {
			const datetime = new Date(this.#ports.now()).toISOString().replaceAll(/[:-]|\.\d{3}/g, "");
			const content = body === undefined ? {} : { body, headers: { "Content-Type": "application/json" } };
			const signed = await this.#client.sign(this.#endpoint + path + search, { method, ...content, aws: { datetime } });
			const request = new Request(signed, { redirect: "manual", signal: limit.signal });
			return await answerOf(await this.#ports.fetch(request));
		} catch {
			return limit.signal.aborted ? refuse({ reason: "provider-timeout", provider: "chime" }) : failed(NO_CONNECTION);
		} finally {
			clearTimeout(timer);
		}
	}
}

const NO_CONNECTION = "its meetings API could not be reached";
const CHINA = "cn-";

const endpointOf = (region: string): string =>
	`https://meetings-chime.${region}.amazonaws.com${region.startsWith(CHINA) ? ".cn" : ""}`;

async function answerOf(response: Response): Promise<Decision<ApiAnswer>> {
	const read = await readUpTo(response, MOST_BYTES);
	if (!read.allowed) return failed("its meetings API broke off in the middle of its answer");
	if (read.value.rest !== null) {
		await read.value.rest.cancel();
		return failed("its meetings API answered more than 1 MiB");
	}
	return allow({ status: response.status, headers: response.headers, text: utf8.decode(read.value.bytes) });
}

const utf8 = new TextDecoder();
const failed = (detail: string) => refuse({ reason: "provider-unavailable", provider: "chime", detail });
