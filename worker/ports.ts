/** What the gate reads from outside and a test may hold still. */
export interface Ports {
	/** Milliseconds since the epoch; read once a request. */
	readonly now: () => number;
	/** Unique id of a decision. */
	readonly newId: () => string;
	readonly fetch: (request: Request, init?: RequestInit<RequestInitCfProperties>) => Promise<Response>;
	/** Writes one structured line. Never given a token, a secret or a full address. */
	readonly log: (entry: Readonly<Record<string, unknown>>) => void;
}

// Closures, not the functions themselves: fake timers and spies replace the globals after this module is loaded.
export const realPorts: Ports = {
	now: () => Date.now(),
	newId: () => crypto.randomUUID(),
	fetch: (request, init) => fetch(request, init),
	log: (entry) => console.log(JSON.stringify(entry)),
};
