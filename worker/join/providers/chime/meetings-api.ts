import { AwsClient } from "aws4fetch";
import type { Decision } from "../../../decision/decision.ts";
import type { Gate } from "../../../gate.ts";
import { type ProviderAnswer, askProvider } from "../../provider-call.ts";
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

const MOST_BYTES = 1_048_576;

/** The meetings API of an account's region (reference: rtc 3.2). */
export class MeetingsApi {
	readonly #endpoint: string;
	readonly #client: AwsClient;
	readonly #gate: Pick<Gate, "sources" | "ports">;

	/** @param endpoint another one than the region's, without a slash at the end; null for the region's */
	constructor(credentials: AwsCredentials, endpoint: string | null, gate: Pick<Gate, "sources" | "ports">) {
		const { accessKeyId, secretAccessKey, sessionToken, region } = credentials;
		const token = sessionToken === null ? {} : { sessionToken };
		this.#client = new AwsClient({ accessKeyId, secretAccessKey, region, service: SERVICE, ...token });
		this.#endpoint = endpoint ?? endpointOf(region);
		this.#gate = gate;
	}

	/** Signs the call and makes it. Any status is an answer; refused is what gave none. */
	async call({ method, path, search = "", body }: ApiCall): Promise<Decision<ProviderAnswer>> {
		const datetime = new Date(this.#gate.ports.now()).toISOString().replaceAll(/[:-]|\.\d{3}/g, "");
		const content = body === undefined ? {} : { body, headers: { "Content-Type": "application/json" } };
		const signed = await this.#client.sign(this.#endpoint + path + search, { method, ...content, aws: { datetime } });
		const { url, headers } = signed;
		const carried = body === undefined ? {} : { body };
		return askProvider(this.#gate, { provider: "chime", method, url, headers, ...carried, mostBytes: MOST_BYTES });
	}
}

const CHINA = "cn-";

const endpointOf = (region: string): string =>
	`https://meetings-chime.${region}.amazonaws.com${region.startsWith(CHINA) ? ".cn" : ""}`;
