/** The part of autocannon 8 that the benchmark uses; the package brings no types. */
declare module "autocannon" {
	interface Request {
		path?: string;
		headers?: Record<string, string>;
	}
	interface Options {
		readonly url: string;
		readonly connections: number;
		/** Seconds; `amount` goes before it. */
		readonly duration?: number;
		/** Requests in all. */
		readonly amount?: number;
		readonly headers?: Readonly<Record<string, string>>;
		readonly requests?: readonly { setupRequest(request: Request): Request }[];
	}
	interface Result {
		readonly errors: number;
		readonly timeouts: number;
		readonly start: Date;
		readonly finish: Date;
		readonly statusCodeStats: Readonly<Record<string, { readonly count: number }>>;
	}
	export default function autocannon(options: Options): Promise<Result>;
}
